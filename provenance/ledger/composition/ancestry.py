"""What rows go back to: shares through ancestry, counted once a row whatever the number of ways that lead there.

Each name to look for (a source, a model, a licence, …) is a mark of the birth classes that bear it, and is carried
through the graph of the ledger. The number of names is bounded; what is left out is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from provenance.ledger.graph.births import BirthClass
from provenance.ledger.graph.carrying import MARKS_AT_ONCE, carried, inherited
from provenance.ledger.graph.graph import Direction, Graph
from provenance.ledger.graph.store import Array
from provenance.ledger.part import Part
from provenance.lineage.records import Evidence, Kind, Origin

MOST_NAMES = 16 * MARKS_AT_ONCE

# Samples of these kinds were made from others, whether or not these are recorded.
_MADE_FROM_OTHERS = (Kind.REWRITE, Kind.SELF_REVISION, Kind.BACK_TRANSLATION, Kind.AUGMENTATION)

# A group of names, and one of them: ("source", "library").
Name = tuple[str, str]


@dataclass(frozen=True)
class Reached:
    """The rows that go back to something, and their part of all rows."""

    rows: int
    fraction: float


@dataclass(frozen=True)
class Members:
    """The samples of one dataset in a graph: their numbers, and how many rows bear each."""

    graph: Graph
    numbers: Array
    rows: Array

    @classmethod
    def of(cls, part: Part) -> Members:
        """Those of ``part`` in the graph of its own sidecar."""
        graph = part.ledger.graph_of(part.dataset)
        numbers, rows = graph.members(0)
        return cls(graph, numbers, rows.astype(np.int64))

    @classmethod
    def among_all(cls, part: Part) -> Members:
        """Those of ``part`` in the graph of all sidecars, as questions about registered models need."""
        graph = part.ledger.graph
        numbers, rows = graph.members(part.dataset.place)
        return cls(graph, numbers, rows.astype(np.int64))

    @property
    def total(self) -> int:
        """The number of rows."""
        return int(self.rows.sum())

    def reached(self, chosen: Array) -> Reached:
        """The rows of the members that are ``chosen`` (bool)."""
        rows = int(self.rows[chosen].sum())
        return Reached(rows, rows / self.total if self.total else 0.0)


@dataclass(frozen=True)
class GoingBack:
    """The rows that go back to each name, by group, the most first.

    ``left_out``: how many names were not looked for.
    """

    groups: Mapping[str, Mapping[str, Reached]]
    left_out: int

    def values(self, group: str) -> Mapping[str, Mapping[str, int | float]]:
        """The names of ``group``, each as ``{rows, fraction}``."""
        return {name: asdict(reached) for name, reached in self.groups.get(group, {}).items()}

    def of(self, group: str, name: str) -> Reached:
        """The rows that go back to ``name``; none where no birth bears it."""
        return self.groups.get(group, {}).get(name, Reached(0, 0.0))


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
        if reached.rows:
            found.setdefault(group, {})[name] = reached
    ordered = {
        group: dict(sorted(names.items(), key=lambda item: (-item[1].rows, item[0]))) for group, names in found.items()
    }
    return GoingBack(ordered, max(0, len(chosen) - MOST_NAMES))


def partly_unknown(members: Members) -> Array:
    """The members (bool) that may go back to more than lineage says.

    It ends in a sample of unknown origin, in one whose parents were only inferred, or in one that must have been made
    from another and has no parent.
    """
    graph = members.graph
    unsure = [born.origin == Origin.UNKNOWN or born.evidence == Evidence.INFERRED for born in graph.classes]
    made_from_others = [born.kind in _MADE_FROM_OTHERS for born in graph.classes]
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
    for first in range(0, len(names), MARKS_AT_ONCE):
        places = {name: place for place, name in enumerate(names[first : first + MARKS_AT_ONCE])}
        of_class = np.array([sum(1 << places[name] for name in each if name in places) for each in borne], np.uint64)
        marks = carried(members.graph, of_class)
        own = marks[members.numbers]
        of_ancestors = inherited(members.graph, marks, members.numbers) if strict else own
        for name, place in places.items():
            looked_at = of_ancestors if name[0] in strict else own
            yield name, members.reached((looked_at & np.uint64(1 << place)) != 0)
