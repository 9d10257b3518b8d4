"""The rules of lineage, each written once: as data from which both the SQL and the Python that apply it are made.

- which birth of a sample is believed: `ORDER_OF_BIRTHS`
- what was made by a model: `MADE_BY_MODEL`; what nobody explained: `UNEXPLAINED`; what is lineage at all: `STATED_SQL`
- which license a record has: `effective_license`
- what a birth without parents says of depth and real-rootedness: `ROOTS`; what follows from parents: `FROM_PARENTS`
  and `RESOLVED`

SQL speaks of the columns of a sidecar (see `lineage.schema`), Python of attributes of the same names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from provenance.lineage.words import DOUBTS, Evidence, Origin

# What a model had a part in.
MADE_BY_MODEL = (Origin.SYNTHETIC, Origin.MIXED)

# A guessed parent is a candidate, never lineage.
STATED_SQL = f"evidence IS DISTINCT FROM '{Evidence.INFERRED}'"
# A record without evidence tells of no birth: nobody explained the sample, or it is the tombstone of one.
TELLS_OF_A_BIRTH_SQL = "evidence IS NOT NULL"


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


def _by_origin(origin: str, values: Mapping[str, int | bool | None], otherwise: str = "NULL") -> str:
    cases = " ".join(f"WHEN '{name}' THEN {_literal(value)}" for name, value in values.items())
    return f"CASE {origin} {cases} ELSE {otherwise} END"


def _literal(value: int | bool | None) -> str:
    return "NULL" if value is None else str(value).lower()


def _where_all_agree(column: str, origin_that_has_it: str) -> str:
    """What all those parents agree in that can have it; NULL where one of these has none."""
    in_doubt = f"bit_or(coalesce(p.doubts, 0)) & {1 << DOUBTS.index(column)} > 0"
    return (
        f"CASE WHEN NOT ({in_doubt}) AND min(p.{column}) = max(p.{column}) AND count(p.{column}) = count(*) "
        f"FILTER ({origin_that_has_it}) THEN min(p.{column}) END"
    )


def strength_sql(evidence: str) -> str:
    """SQL: the place of the evidence that ``evidence`` states, the strongest 1; NULL where none is stated."""
    return f"list_position([{_listed(Evidence)}], {evidence})"


def weakest_sql(evidence: str) -> str:
    """An SQL aggregate: the weakest of the evidence that ``evidence`` states; NULL where none is stated."""
    return f"arg_max({evidence}, {strength_sql(evidence)})"


def weaker_sql(one: str, other: str) -> str:
    """The weaker of two pieces of evidence; NULL where one of them is not stated."""
    return (
        f"CASE WHEN {one} IS NULL OR {other} IS NULL THEN NULL WHEN {strength_sql(one)} < {strength_sql(other)} "
        f"THEN {other} ELSE {one} END"
    )


_BRACKETED = "CASE WHEN contains(p.license, ' ') THEN '(' || p.license || ')' ELSE p.license END"


def _all_agree(value: str) -> str:
    return f"count({value}) = count(*) AND min({value}) = max({value})"


def agreed_sql(value: str) -> str:
    """An SQL aggregate: what all rows of a group agree in; NULL where they do not, or one has nothing."""
    return f"CASE WHEN {_all_agree(value)} THEN min({value}) END"


def weakest_of_all_sql(evidence: str) -> str:
    """An SQL aggregate: the weakest of a group's evidence; NULL where a row has none."""
    return f"CASE WHEN count({evidence}) = count(*) THEN {weakest_sql(evidence)} END"


# What a sample takes from its parents, each of which is a row of ``p``: aggregates over the parents. A license is null
# where one parent's is; kind, agent and source are taken where those parents agree that can have one.
FROM_PARENTS: Mapping[str, str] = {
    "origin": (
        f"CASE WHEN bool_or(coalesce(p.origin, '{Origin.UNKNOWN}') = '{Origin.UNKNOWN}') THEN '{Origin.UNKNOWN}' "
        f"WHEN min(p.origin) = max(p.origin) THEN min(p.origin) ELSE '{Origin.MIXED}' END"
    ),
    "depth": "CASE WHEN bool_or(p.depth IS NULL) THEN NULL ELSE max(p.depth) END",
    "real_rooted": (
        "CASE WHEN bool_or(coalesce(p.real_rooted, false)) THEN true WHEN bool_or(p.real_rooted IS NULL) THEN NULL "
        "ELSE false END"
    ),
    "license": (
        "CASE WHEN bool_or(p.license IS NULL) THEN NULL WHEN count(DISTINCT p.license) = 1 THEN min(p.license) "
        f"ELSE string_agg(DISTINCT {_BRACKETED}, ' AND ' ORDER BY {_BRACKETED}) END"
    ),
    "chain_evidence": weakest_of_all_sql("p.chain_evidence"),
    "kind": _where_all_agree("kind", f"p.origin <> '{Origin.REAL}'"),
    "agent": _where_all_agree("agent", f"p.origin <> '{Origin.REAL}'"),
    "source": _where_all_agree("source", f"p.origin = '{Origin.REAL}'"),
    "doubts": "bit_or(coalesce(p.doubts, 0))",
}
_DOUBT_BITS: Mapping[str, int] = {name: 1 << place for place, name in enumerate(DOUBTS)}
# What is known of a parent, each row of ``p`` being a birth that it may have had: what all of these agree in, and in
# what they do not.
FROM_BIRTHS: Mapping[str, str] = {
    **{name: agreed_sql(f"p.{name}") for name in DOUBTS},
    "chain_evidence": FROM_PARENTS["chain_evidence"],
    "doubts": "bit_or(coalesce(p.doubts, 0)) | "
    + " | ".join(
        f"(CASE WHEN count(p.{name}) > 0 AND NOT ({_all_agree(f'p.{name}')}) THEN {bit} ELSE 0 END)::UTINYINT"
        for name, bit in _DOUBT_BITS.items()
    ),
}
# What only a derivation without a model takes over; of a model's output these are its own.
TAKEN_OVER = ("license", "kind", "agent", "source")


def resolved(born: str, parents: str, generation: str) -> dict[str, str]:
    """SQL for the columns that follow from parents, of the record ``born`` (a table's name).

    A model's output is synthetic whatever its parents, and one step deeper; a derivation without a model takes all of
    it from its parents. An origin that is already stated stands.

    Args:
        parents: the table that has `FROM_PARENTS` of the record.
        generation: an SQL expression: a model made the record.
    """
    origin = f"coalesce({born}.origin, {parents}.origin)"
    taken = {
        name: f"CASE WHEN {generation} THEN {born}.{name} ELSE coalesce({born}.{name}, {parents}.{name}) END"
        for name in TAKEN_OVER
    }
    worked_out = {
        "origin": origin,
        "depth": _by_origin(origin, FIXED_DEPTHS, f"{parents}.depth + ({generation})::USMALLINT"),
        "real_rooted": _by_origin(origin, FIXED_ROOTS, f"{parents}.real_rooted"),
        "chain_evidence": weaker_sql(f"{born}.evidence", f"{parents}.chain_evidence"),
        **taken,
    }
    null = {**worked_out, "origin": f"nullif({origin}, '{Origin.UNKNOWN}')"}
    bits = [f"CASE WHEN ({null[name]}) IS NULL THEN {bit} ELSE 0 END" for name, bit in _DOUBT_BITS.items()]
    own = f"CASE WHEN {generation} THEN {sum(_DOUBT_BITS[name] for name in TAKEN_OVER)} ELSE 0 END"
    stated = f"CASE WHEN {born}.origin IS NOT NULL THEN {_DOUBT_BITS['origin']} ELSE 0 END"
    # An origin in doubt leaves the depth open.
    doubts = f"({parents}.doubts | ({parents}.doubts & {_DOUBT_BITS['origin']}) * {_DOUBT_BITS['depth']})"
    in_doubt = f"{doubts} & ({' | '.join(bits)}) & (255 - ({own})) & (255 - ({stated}))"
    return {**worked_out, "doubts": f"nullif({in_doubt}, 0)::UTINYINT"}
