"""Which births something reaches, and how many rows of a dataset these are: at least, and at most.

What is reached is a set of samples; but a sample may have been born in several ways, not all of which are reached, and
a sidecar says how many rows were born in which. A birth is reached where it fits itself, where its sample was named as
such, or where one of its parents is reached. A parent *may be* reached where one of its births is, in whatever dataset;
it *certainly* is where all of them are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from provenance.ledger.graph.adjacency import pieces, united
from provenance.ledger.graph.disputed import DisputedBirths
from provenance.ledger.graph.graph import Graph
from provenance.ledger.graph.store import Array
from provenance.lineage.words import Origin


@dataclass(frozen=True)
class Selection:
    """What is to be followed: samples as such, ``whole``, by their numbers in order; and, by birth class (bool), all
    births that fit. ``samples``: all those, in order, of which one birth is among these.
    """

    samples: Array
    whole: Array
    fits: Array

    @classmethod
    def of_samples(cls, graph: Graph, samples: Array) -> Selection:
        """Samples as such."""
        return cls(samples, samples, np.zeros(len(graph.classes), bool))

    @classmethod
    def all_of(cls, graph: Graph, several: Sequence[Selection]) -> Selection:
        """Whatever is in one of ``several``."""
        samples, whole = (
            united([getattr(each, name) for each in several], graph.size) for name in ("samples", "whole")
        )
        return cls(samples, whole, reduce(np.logical_or, (each.fits for each in several), _none(graph)))

    def with_births(self, graph: Graph, fits: Array) -> Selection:
        """The same and, by birth class (bool), those that ``fits`` names."""
        samples = united([self.samples, graph.with_birth_of(fits)], graph.size)
        return Selection(samples, self.whole, self.fits | fits)


def _none(graph: Graph) -> Array:
    return np.zeros(len(graph.classes), bool)


@dataclass(frozen=True)
class ReachedBirths:
    """The births that a selection reaches: ``may`` and ``certain`` say so of samples (bool), by their numbers.

    ``selection`` has what births fit by themselves where they may be reached, ``certainly`` where they certainly are.
    """

    graph: Graph
    selection: Selection
    certainly: Selection
    may: Array
    certain: Array

    def rows(self, dataset: int) -> tuple[int, int]:
        """How many rows of dataset number ``dataset`` are of a reached birth: at least, and at most."""
        members, rows = self.graph.members(dataset)
        samples = self.graph.disputed(dataset).samples
        places = np.searchsorted(members, samples.astype(members.dtype))
        least, most = (
            _sum_of(reached, members, rows) - _sum_of(reached, samples, rows[places]) + int(bounds.sum())
            for reached, bounds in zip((self.certain, self.may), self._disputed_rows(dataset), strict=True)
        )
        return least, most

    def rows_of_members(self, dataset: int) -> tuple[Array, Array]:
        """The same for each of the dataset's members, in their order."""
        members, rows = self.graph.members(dataset)
        least, most = (np.where(reached[members], rows, 0).astype(np.int64) for reached in (self.certain, self.may))
        places = np.searchsorted(members, self.graph.disputed(dataset).samples.astype(members.dtype))
        least[places], most[places] = self._disputed_rows(dataset)
        return least, most

    def _disputed_rows(self, dataset: int) -> tuple[Array, Array]:
        """The same for each of its members whose births are disputed."""
        disputed = self.graph.disputed(dataset)
        least, _ = disputed.rows.bounds(self.certain_births(disputed))
        _, most = disputed.rows.bounds(self.possible_births(disputed))
        return least, most

    def possible_births(self, disputed: DisputedBirths) -> Array:
        """Which of the records (bool) may be reached.

        Where an ancestor of equal content is reached, a model may have repeated it word for word: such a birth no
        longer names the sample as its own parent.
        """
        chosen = self._births(disputed, self.selection, self.may)
        return chosen | (self._has_reached_ancestor(disputed, chosen) & ~self._is_real(disputed))

    def _is_real(self, disputed: DisputedBirths) -> Array:
        real: Array = np.array([each.origin == Origin.REAL for each in self.graph.classes], bool)[disputed.classes]
        return real

    def _has_reached_ancestor(self, disputed: DisputedBirths, chosen: Array) -> Array:
        """Whether the record (bool) is of a sample of which a birth is ``chosen`` that no row of the dataset had."""
        rows, starts = disputed.rows, disputed.rows.starts
        if not len(chosen):
            return chosen
        stones = np.array([self.graph.is_tombstone(each) for each in self.graph.classes], bool)[disputed.classes]
        of_no_row = chosen & (rows.rows + rows.possible == 0)
        of_ancestor, purged = (np.add.reduceat(some, starts[:-1]) > 0 for some in (of_no_row, stones))
        # Rows that were purged took their births with them: no row of these is left.
        found: Array = np.repeat(of_ancestor & ~purged, np.diff(starts))
        return found

    def certain_births(self, disputed: DisputedBirths) -> Array:
        """Which of the records (bool) certainly are."""
        return self._births(disputed, self.certainly, self.certain)

    def _births(self, disputed: DisputedBirths, selection: Selection, reached: Array) -> Array:
        """A dataset that knows no birth of a sample takes those that others know."""
        is_whole = np.zeros(self.graph.size, bool)
        is_whole[selection.whole] = True
        chosen: Array = selection.fits[disputed.classes] | is_whole[disputed.numbers]
        of_reached = np.repeat(np.arange(len(chosen)), disputed.parents.counts)[reached[disputed.parents.targets]]
        chosen[of_reached] = True
        known = np.array([each.origin != Origin.UNKNOWN for each in self.graph.classes], bool)[disputed.classes]
        starts = disputed.rows.starts
        knows_none = np.repeat(np.add.reduceat(known, starts[:-1]) == 0, np.diff(starts)) if len(known) else known
        return np.where(knows_none, reached[disputed.numbers], chosen)


def _sum_of(reached: Array, samples: Array, rows: Array) -> int:
    """How many of the ``rows`` of ``samples`` are of those that are ``reached`` (bool, by number)."""
    return sum(int(rows[a:b][reached[samples[a:b]]].sum(dtype=np.int64)) for a, b in pieces(len(samples)))


def certainly_reached(graph: Graph, selection: Selection) -> Array:
    """The samples (bool) of which every known birth is reached, each by what is certainly reached.

    Where births have different parents, these are taken for not reached, so that some may be left out.
    """
    chosen = np.zeros(graph.size, bool)
    chosen[selection.samples] = selection.fits[graph.class_of[selection.samples]]
    samples, classes = graph.other_births
    is_birth = ~np.array([graph.is_tombstone(each) for each in graph.classes], bool)[classes]
    chosen[samples[is_birth & ~selection.fits[classes]]] = False
    chosen[selection.whole] = True
    waiting, closed = np.flatnonzero(chosen), chosen.copy()
    closed[graph.mixed] = True
    while len(waiting):
        waiting = graph.children.unseen_next_to(waiting, closed)
        chosen[waiting] = closed[waiting] = True
    return chosen
