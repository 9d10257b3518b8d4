"""What rows go back to: shares through ancestry, counted once a row whatever the number of ways that lead there.

Each name to look for (a source, a model, a licence, …) is a mark of the birth classes that bear it, and is carried
through the graph of the ledger. The number of names is bounded; what is left out is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from provenance.ledger.graph.births import BirthClass
from provenance.ledger.graph.carrying import MARKS_AT_ONCE, carried, certainly_carried, inherited
from provenance.ledger.graph.graph import Direction, Graph
from provenance.ledger.graph.reaching import ReachedBirths, Selection, certainly_reached
from provenance.ledger.graph.store import Array
from provenance.ledger.part import Part
from provenance.lineage.records import Evidence, Kind, Origin
from provenance.lineage.rules import MADE_BY_MODEL

MOST_NAMES = 16 * MARKS_AT_ONCE

# A group of names, and one of them: ("source", "library").
Name = tuple[str, str]


@dataclass(frozen=True)
class Reached:
    """The rows that certainly go back to something, and their part of all rows; and at most those that may."""

    rows: int
    fraction: float
    at_most_rows: int
    at_most_fraction: float

    @classmethod
    def of(cls, least: int, most: int, total: int) -> Reached:
        """``least`` to ``most`` of ``total`` rows."""
        return cls(least, least / total if total else 0.0, most, most / total if total else 0.0)

    @property
    def values(self) -> dict[str, int | float]:
        """``{rows, fraction}``, and what these are at most where that is more."""
        certain: dict[str, int | float] = {"rows": self.rows, "fraction": self.fraction}
        if self.rows == self.at_most_rows:
            return certain
        return certain | {"at_most_rows": self.at_most_rows, "at_most_fraction": self.at_most_fraction}

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """Both ends of ``rows`` and ``fraction``."""
        return {"rows": (self.rows, self.at_most_rows), "fraction": (self.fraction, self.at_most_fraction)}


NONE_REACHED = Reached(0, 0.0, 0, 0.0)


@dataclass(frozen=True)
class Members:
    """The samples of one dataset in a graph: their numbers, and how many rows each has; ``place``: its number there."""

    graph: Graph
    numbers: Array
    rows: Array
    place: int

    @classmethod
    def of(cls, part: Part) -> Members:
        """Those of ``part`` in the graph of its own sidecar."""
        return cls._in(part.ledger.graph_of(part.dataset), 0)

    @classmethod
    def among_all(cls, part: Part) -> Members:
        """Those of ``part`` in the graph of all sidecars, as questions about registered models need."""
        return cls._in(part.ledger.graph, part.dataset.place)

    @classmethod
    def _in(cls, graph: Graph, place: int) -> Members:
        numbers, rows = graph.members(place)
        return cls(graph, numbers, rows.astype(np.int64), place)

    @property
    def total(self) -> int:
        """The number of rows."""
        return int(self.rows.sum())

    def reached(self, selection: Selection) -> Reached:
        """The rows that are of what ``selection`` names, or come of it."""
        least, most = self.rows_reached(selection)
        return Reached.of(int(least.sum()), int(most.sum()), self.total)

    def rows_reached(self, selection: Selection) -> tuple[Array, Array]:
        """The same by member: how many of its rows at least, and at most."""
        graph = self.graph
        may = np.zeros(graph.size, bool)
        may[graph.reached(selection.samples, Direction.DESCENDANTS)] = True
        found = ReachedBirths(graph, selection, selection, may, certainly_reached(graph, selection))
        return found.rows_of_members(self.place)


@dataclass(frozen=True)
class GoingBack:
    """The rows that go back to each name, by group, the most first.

    ``left_out``: how many names were not looked for.
    """

    groups: Mapping[str, Mapping[str, Reached]]
    left_out: int

    def values(self, group: str) -> Mapping[str, Mapping[str, int | float]]:
        """The names of ``group``, each as ``{rows, fraction}``."""
        return {name: reached.values for name, reached in self.groups.get(group, {}).items()}

    def of(self, group: str, name: str) -> Reached:
        """The rows that go back to ``name``; none where no birth bears it."""
        return self.groups.get(group, {}).get(name, NONE_REACHED)


def going_back(
    members: Members, names_of: Callable[[BirthClass], Iterable[Name]], strict: frozenset[str] = frozenset()
) -> GoingBack:
    """The rows that bear a name themselves or have an ancestor that does.

    ``names_of``: the names that a birth bears, each in a group. In groups that are ``strict`` only ancestors count, not
    the row's own birth. Of more names than `MOST_NAMES`, those that most samples of the ledger bear are looked for.
    """
    graph = members.graph
    borne = [frozenset(names_of(born)) for born in graph.classes]
    samples: Counter[Name] = Counter()
    for names, count in zip(borne, np.bincount(graph.class_of, minlength=len(borne)).tolist(), strict=True):
        samples.update(dict.fromkeys(names, count))
    chosen = sorted(samples, key=lambda name: (-samples[name], name))
    found: dict[str, dict[str, Reached]] = {}
    for (group, name), reached in _in_rounds(members, borne, chosen[:MOST_NAMES], strict):
        if reached.at_most_rows:
            found.setdefault(group, {})[name] = reached
    ordered = {group: dict(sorted(names.items(), key=_most_first)) for group, names in found.items()}
    return GoingBack(ordered, max(0, len(chosen) - MOST_NAMES))


def _most_first(named: tuple[str, Reached]) -> tuple[int, int, str]:
    name, reached = named
    return -reached.rows, -reached.at_most_rows, name


def partly_unknown(members: Members) -> Array:
    """The members (bool) that may go back to more than lineage says.

    It ends in a sample of unknown origin, in one whose parents were only inferred, or in one without a parent that must
    have been made from another, or may have been, since a model made it and its kind is not stated.
    """
    graph = members.graph
    unsure = [born.origin == Origin.UNKNOWN or born.evidence == Evidence.INFERRED for born in graph.classes]
    # An answer was made from its question, whether or not that is recorded.
    made_from_others = [
        born.origin in MADE_BY_MODEL if born.kind is None else Kind(born.kind).from_others for born in graph.classes
    ]
    without_parents = graph.parents.counts == 0
    ends = _of_classes(graph, unsure) | (_of_classes(graph, made_from_others) & without_parents)
    reached = graph.reached(np.flatnonzero(ends), Direction.DESCENDANTS)
    found: Array = np.isin(members.numbers, reached, assume_unique=True)
    return found


def _of_classes(graph: Graph, chosen: list[bool]) -> Array:
    found: Array = np.array(chosen, bool)[graph.class_of]
    return found


def _in_rounds(
    members: Members, borne: list[frozenset[Name]], names: list[Name], strict: frozenset[str]
) -> Iterator[tuple[Name, Reached]]:
    total = members.total
    for first in range(0, len(names), MARKS_AT_ONCE):
        places = {name: place for place, name in enumerate(names[first : first + MARKS_AT_ONCE])}
        of_class = np.array([sum(1 << places[name] for name in each if name in places) for each in borne], np.uint64)
        least = _Marked.of(members, of_class, certainly_carried(members.graph, of_class))
        most = _Marked.of(members, of_class, carried(members.graph, of_class))
        for name, place in places.items():
            mark, of_ancestors = np.uint64(1 << place), name[0] in strict
            yield name, Reached.of(least.rows(mark, of_ancestors)[0], most.rows(mark, of_ancestors)[1], total)


@dataclass(frozen=True)
class _Marked:
    """The marks of members, and apart from their own those of their ancestors; of members with several births, those
    of each record."""

    members: Members
    own: Array
    of_ancestors: Array
    records: Array
    of_ancestors_of_records: Array

    @classmethod
    def of(cls, members: Members, of_class: Array, marks: Array) -> _Marked:
        """``marks``: of every sample, as `carried` gives them."""
        disputed = members.graph.disputed(members.place)
        of_parents = np.zeros(len(disputed.numbers), np.uint64)
        has_parents = np.flatnonzero(disputed.parents.counts)
        if len(has_parents):
            starts = disputed.parents.offsets[:-1].astype(np.int64)[has_parents]
            of_parents[has_parents] = np.bitwise_or.reduceat(marks[disputed.parents.targets], starts)
        return cls(
            members,
            marks[members.numbers],
            inherited(members.graph, marks, members.numbers),
            of_class[disputed.classes] | of_parents,
            of_parents,
        )

    def rows(self, mark: np.uint64, of_ancestors: bool) -> tuple[int, int]:
        """The rows that have ``mark``, or whose ancestors do, at least and at most."""
        disputed = self.members.graph.disputed(self.members.place)
        has_it = ((self.of_ancestors if of_ancestors else self.own) & mark) != 0
        has_it[np.searchsorted(self.members.numbers, disputed.samples)] = False
        rows = int(self.members.rows[has_it].sum())
        records = self.of_ancestors_of_records if of_ancestors else self.records
        least, most = disputed.rows.bounds((records & mark) != 0)
        return rows + int(least.sum()), rows + int(most.sum())
