"""The breakdowns of a dataset, each once: what is looked at, of which rows it is asked, and the word for nothing.

Composition, history, mixtures, policies' paths, examples and reports read this table. A breakdown is a sum over birth
classes: whatever has the attributes of a `Born` falls into one group of it, or into none where it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from provenance.engines.interface import Among, Column
from provenance.ledger.composition.families import model_family
from provenance.lineage.records import Evidence, Kind, Origin
from provenance.lineage.rules import MADE_BY_MODEL
from provenance.lineage.words import AMBIGUOUS

# What nobody knows of rows that a breakdown is of; and what nobody stated where the question applies.
UNKNOWN = "unknown"
UNSTATED = "unstated"
UNSURE = (UNKNOWN, UNSTATED)
# What else a doubt about a column is called.
_DOUBTS = {"model": "agent"}

_ALL = frozenset(Origin)
_MADE = frozenset(MADE_BY_MODEL)
_REAL = frozenset({Origin.REAL})


def doubt_about(column: str) -> str:
    """What a doubt about ``column`` is called."""
    return _DOUBTS.get(column, column)


class Born(Protocol):
    """What breakdowns look at in any case; each looks at the attribute of its column besides."""

    @property
    def origin(self) -> str: ...

    @property
    def doubts(self) -> tuple[str, ...]: ...


_Born = TypeVar("_Born", bound=Born)


@dataclass(frozen=True)
class Breakdown:
    """Rows by a ``column``.

    ``applies_to``: of rows of which origins the question is asked; where they say nothing, they are of the group
    ``nothing``. Rows of other origins are in a group only where they do say something. ``known``: the values that there
    can be, where these are known beforehand. ``group_of``: the group that a value stands for, if not the value itself.
    ``in_mixtures``, ``in_history``: whether a mixture, and the log and differences, are broken down by it.
    """

    name: str
    column: Column
    applies_to: frozenset[Origin] = _ALL
    nothing: str = UNKNOWN
    known: type[StrEnum] | None = None
    group_of: Callable[[str], str] | None = None
    value_of: Callable[[str], str | int] = str
    in_mixtures: bool = True
    in_history: bool = False

    @property
    def words(self) -> str:
        """What it is called in a sentence: "model family"."""
        return self.name.removeprefix("by_").replace("_", " ")

    @property
    def is_of_some(self) -> bool:
        """Whether it is asked of rows of some origins only."""
        return self.applies_to != _ALL

    @property
    def groups(self) -> frozenset[str] | None:
        """All groups that there can be; None where these are not known beforehand."""
        return None if self.known is None else frozenset((*self.known, self.nothing, AMBIGUOUS))

    def has(self, group: str) -> bool:
        """Whether there can be such a group; the kinds ``other:NAME`` are listed nowhere."""
        if self.groups is None or self.known is None or group in self.groups:
            return True
        try:
            return bool(self.known(group))
        except ValueError:
            return False

    def group(self, born: Born) -> str | None:
        """The group that ``born`` is of, `AMBIGUOUS` if that may be any; None where the breakdown does not apply to it.

        A record is in doubt about what it would have inherited, had the births that its parents may have had agreed.
        """
        if doubt_about(self.column) in born.doubts:
            return AMBIGUOUS
        value = getattr(born, self.column)
        if value is None or value == "":
            if "origin" in born.doubts and self.is_of_some:
                return AMBIGUOUS
            return self.nothing if born.origin in self.applies_to else None
        return str(value) if self.group_of is None else self.group_of(value)

    def value(self, born: Born) -> Any:
        """The value of ``born`` itself, `AMBIGUOUS` where it is in no group for certain."""
        return AMBIGUOUS if self.group(born) == AMBIGUOUS else getattr(born, self.column)

    def where(self, group: str) -> tuple[Among, ...] | None:
        """What records of ``group`` have in common; None where that cannot be said by their columns."""
        if group == AMBIGUOUS:
            return None
        if group == UNSTATED == self.nothing:
            return (Among(self.column, (None,)), Among("origin", sorted(self.applies_to)))
        if self.group_of is not None:
            return None
        if group == self.nothing:
            return (Among(self.column, (None,) if self.value_of is int else (group, None)),)
        try:
            return (Among(self.column, (self.value_of(group),)),)
        except ValueError:
            return None


def _named(*breakdowns: Breakdown) -> Mapping[str, Breakdown]:
    return {breakdown.name: breakdown for breakdown in breakdowns}


# In the order in which they are shown.
BREAKDOWNS: Mapping[str, Breakdown] = _named(
    Breakdown("by_origin", "origin", known=Origin, in_history=True),
    Breakdown("by_kind", "kind", _MADE, UNSTATED, known=Kind, in_history=True),
    Breakdown("by_model", "model", _MADE, UNSTATED, in_history=True),
    Breakdown("by_model_family", "model", _MADE, UNSTATED, group_of=model_family),
    Breakdown("by_source", "source", _REAL, UNSTATED, in_history=True),
    Breakdown("by_license", "license", in_history=True),
    Breakdown("by_depth", "depth", value_of=int),
    Breakdown("by_evidence", "evidence", known=Evidence),
    Breakdown("by_chain_evidence", "chain_evidence", known=Evidence, in_mixtures=False),
    Breakdown("by_verdict", "verdict", _MADE, UNSTATED, in_mixtures=False),
)
OF_MIXTURES = {name: breakdown for name, breakdown in BREAKDOWNS.items() if breakdown.in_mixtures}
OF_HISTORY = {name: breakdown for name, breakdown in BREAKDOWNS.items() if breakdown.in_history}


def grouped(several: Iterable[_Born], group: Callable[[_Born], str | None]) -> dict[str, list[_Born]]:
    """What is of each group, where the breakdown applies to it."""
    members: dict[str, list[_Born]] = {}
    for born in several:
        name = group(born)
        if name is not None:
            members.setdefault(name, []).append(born)
    return members


def most_first(rows: Mapping[str, Any]) -> dict[str, Any]:
    """Groups in the order of their rows (or other amounts), the most first, then by name."""
    return dict(sorted(rows.items(), key=lambda item: (-item[1], item[0])))
