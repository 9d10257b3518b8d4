"""The rules of lineage, each written once: as data from which both the SQL and the Python that apply it are made.

- which birth of a sample is believed: `ORDER_OF_BIRTHS`
- what was made by a model: `MADE_BY_MODEL`; what nobody explained: `UNEXPLAINED`; what is lineage at all: `STATED_SQL`
- which license a record has: `effective_license`
- what a birth without parents says of depth and real-rootedness: `ROOTS`; what follows from parents: `inherited`

SQL speaks of the columns of a sidecar (see `lineage.schema`), Python of attributes of the same names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from provenance.lineage.words import Evidence, Origin

# What a model had a part in.
MADE_BY_MODEL = (Origin.SYNTHETIC, Origin.MIXED)

# A guessed parent is a candidate, never lineage.
STATED_SQL = f"evidence IS DISTINCT FROM '{Evidence.INFERRED}'"


def made_by_model(origin: str | None) -> bool:
    """Whether a model had a part in what is of this origin."""
    return origin in MADE_BY_MODEL


def made_by_model_sql(origin: str = "origin") -> str:
    """The same of an SQL expression."""
    return f"{origin} IN ({_listed(MADE_BY_MODEL)})"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


# --- Which birth is believed -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Last:
    """Births whose columns have just these values (None: nothing) come after all others."""

    columns: Mapping[str, str | None]

    def sql(self) -> str:
        return " AND ".join(
            f"{name} IS NULL" if value is None else f"{name} IS NOT DISTINCT FROM '{value}'"
            for name, value in self.columns.items()
        )

    def key(self, birth: Any) -> bool:
        return all(getattr(birth, name) == value for name, value in self.columns.items())


@dataclass(frozen=True)
class Ranked:
    """Births come in the order of ``values``, those with another value or none at the end."""

    column: str
    values: Sequence[str]

    def sql(self) -> str:
        # What is not in a list is at no place of it, or at place 0.
        place = f"list_position([{_listed(self.values)}], {self.column})"
        return f"coalesce(nullif({place}, 0), {len(self.values) + 1})"

    def key(self, birth: Any) -> int:
        value = getattr(birth, self.column)
        return self.values.index(value) + 1 if value in self.values else len(self.values) + 1


@dataclass(frozen=True)
class Ascending:
    """Births come in the order of a number, those without it at the end."""

    column: str

    def sql(self) -> str:
        return f"{self.column} NULLS LAST"

    def key(self, birth: Any) -> tuple[bool, int]:
        value = getattr(birth, self.column)
        return (value is None, value or 0)


UNKNOWN_ORIGIN = Last({"origin": Origin.UNKNOWN})
# Nobody said where the sample came from: not even that it is not known.
UNEXPLAINED = Last({"origin": Origin.UNKNOWN, "activity": None})

# The first of a sample's births is the one to believe. Activities are to be numbered by their start, then by id. Births
# that are equal by this keep the order of their sidecar, which is the same each time, and that of the sidecars.
ORDER_OF_BIRTHS: tuple[Last | Ranked | Ascending, ...] = (
    UNKNOWN_ORIGIN,
    UNEXPLAINED,
    Ranked("evidence", tuple(Evidence)),
    Ascending("activity"),
)


def order_sql(criteria: Iterable[Last | Ranked | Ascending] = ORDER_OF_BIRTHS) -> str:
    """What follows ORDER BY, for births of one sample, the one to believe first."""
    return ", ".join(criterion.sql() for criterion in criteria)


def order_key(birth: Any) -> tuple[Any, ...]:
    """Sorts births of one sample, the one to believe first."""
    return tuple(criterion.key(birth) for criterion in ORDER_OF_BIRTHS)


# --- Licenses --------------------------------------------------------------------------------------------------------


def effective_license(own: str | None, of_source: str | None) -> str | None:
    """A record's own license, else its source's."""
    return of_source if own is None else own


def effective_license_sql(own: str, of_source: str) -> str:
    """The same of SQL expressions."""
    return f"coalesce({own}, {of_source})"


# --- What follows from parents ---------------------------------------------------------------------------------------


class Root(NamedTuple):
    """What an origin says of a sample without parents; None: nothing."""

    depth: int | None
    real_rooted: bool | None


ROOTS: Mapping[str, Root] = {Origin.REAL: Root(0, True), Origin.SYNTHETIC: Root(1, False)}
NO_ROOT = Root(None, None)
# Origins that say it whatever the parents are.
FIXED_DEPTHS: Mapping[str, int | None] = {Origin.REAL: 0, Origin.UNKNOWN: None}
FIXED_ROOTS: Mapping[str, bool | None] = {Origin.REAL: True}


def root_sql(column: str) -> str:
    """SQL for ``column``, one of `Root`'s, of a sample without parents."""
    return _by_origin("origin", {origin: getattr(root, column) for origin, root in ROOTS.items()})


def _by_origin(origin: str, values: Mapping[str, int | bool | None]) -> str:
    cases = " ".join(f"WHEN '{name}' THEN {_literal(value)}" for name, value in values.items())
    return f"CASE {origin} {cases} END"


def _literal(value: int | bool | None) -> str:
    return "NULL" if value is None else str(value).lower()


def strength_sql(evidence: str) -> str:
    """SQL: the place of the evidence that ``evidence`` states, the strongest 1; NULL where none is stated."""
    return f"list_position([{_listed(Evidence)}], {evidence})"


def weakest_sql(evidence: str) -> str:
    """An SQL aggregate: the weakest of the evidence that ``evidence`` states; NULL where none is stated."""
    return f"arg_max({evidence}, {strength_sql(evidence)})"


def _all_agree(value: str) -> str:
    return f"count({value}) = count(*) AND min({value}) = max({value})"


def agreed_sql(value: str) -> str:
    """An SQL aggregate: what all rows of a group agree in; NULL where they do not, or one has nothing."""
    return f"CASE WHEN {_all_agree(value)} THEN min({value}) END"


def weakest_of_all_sql(evidence: str) -> str:
    """An SQL aggregate: the weakest of a group's evidence; NULL where a row has none."""
    return f"CASE WHEN count({evidence}) = count(*) THEN {weakest_sql(evidence)} END"


# What only a derivation without a model takes over; of a model's output these are its own.
TAKEN_OVER = ("license", "kind", "agent", "source")
