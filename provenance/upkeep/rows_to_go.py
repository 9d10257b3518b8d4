"""Which rows of a dataset a purge takes out, and for which cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from provenance.ledger.graph.reaching import ReachedBirths
from provenance.ledger.sidecars import Sidecars

if TYPE_CHECKING:
    from provenance.ledger.graph.graph import Graph
    from provenance.ledger.graph.store import Array


@dataclass(frozen=True)
class RowsToGo:
    """What goes of a dataset. By its members, in order: ``rows``, all there are, ``drops``, how many go, and ``cause``,
    the place of the first cause that takes one plus 1, or 0. ``born``: for each disputed record, the place of the
    first cause that reaches it plus 1, or 0.

    ``by_cause``: how many rows each cause takes that those before it do not; ``certain``: how many rows are
    certainly reached.
    """

    graph: Graph
    place: int
    rows: Array
    drops: Array
    cause: Array
    born: Array
    by_cause: tuple[int, ...]
    certain: int

    @classmethod
    def of(cls, ledger: Sidecars, place: int, found: Sequence[ReachedBirths]) -> RowsToGo:
        """What ``found`` reaches of dataset number ``place``."""
        graph = ledger.graph
        members, rows = graph.members(place)
        rows = rows.astype(np.int64)
        disputed = graph.disputed(place)
        several = np.searchsorted(members, disputed.samples)
        may, certain, cause = (
            np.zeros(len(members), bool),
            np.zeros(len(members), bool),
            np.zeros(len(members), np.int64),
        )
        born, certainly_born = np.zeros(len(disputed.numbers), np.int64), np.zeros(len(disputed.numbers), bool)
        drops, by_cause = np.zeros(len(members), np.int64), []
        for number, reached in enumerate(found, start=1):
            may |= reached.may[members]
            certain |= reached.certain[members]
            born[(born == 0) & reached.possible_births(disputed)] = number
            certainly_born |= reached.certain_births(disputed)
            before, drops = drops, np.where(may, rows, 0)
            drops[several] = disputed.rows.bounds(born > 0)[1]
            cause[(cause == 0) & (drops > 0)] = number
            by_cause.append(int((drops - before).sum()))
        least = np.where(certain, rows, 0)
        least[several] = disputed.rows.bounds(certainly_born)[0]
        return cls(graph, place, rows, drops, cause, born, tuple(by_cause), int(least.sum()))

    def with_equal_rows(self) -> RowsToGo:
        """The same and, of each sample of which rows go, all others, for the same cause."""
        also = np.where(self.drops > 0, self.rows - self.drops, 0)
        by_cause = np.bincount(self.cause, weights=also, minlength=len(self.by_cause) + 1)[1:].astype(int)
        of_sample = self._of_members(self.graph.disputed(self.place).numbers, self.cause)
        return replace(
            self,
            drops=self.drops + also,
            born=np.where(self.born == 0, of_sample, self.born),
            by_cause=tuple(before + more for before, more in zip(self.by_cause, by_cause.tolist(), strict=True)),
        )

    @property
    def equal_rows(self) -> int:
        """How many rows stay of samples of which others go."""
        return int((self.rows - self.drops)[self.drops > 0].sum())

    def causes(self, ids: Array) -> Array:
        """The cause of each record, of those of some samples in the order of the sidecar; 0: its birth stays.

        ``ids`` are theirs, as rows of bytes.
        """
        numbers = self.graph.numbers_of_bytes(ids)
        places = self.graph.disputed(self.place).places(numbers)
        found = self._of_members(numbers, self.cause)
        is_disputed = places >= 0
        found[is_disputed] = self.born[places[is_disputed]]
        return found.astype(np.uint32)

    def kept(self, batches: Iterable[Array]) -> Iterator[Array]:
        """For each row of the data, by its id, whether it stays; of rows of equal content, the first ones go."""
        left = self.drops.copy()
        for ids in batches:
            numbers = self.graph.numbers_of_bytes(ids)
            places = self._places(numbers)
            asked = np.flatnonzero((places >= 0) & (left[np.maximum(places, 0)] > 0))
            order = asked[np.argsort(places[asked], kind="stable")]
            of_sample = places[order]
            # Which of the equal rows of these each is, from 0.
            rank = np.arange(len(order)) - np.searchsorted(of_sample, of_sample)
            goes = order[rank < left[of_sample]]
            np.subtract.at(left, places[goes], 1)
            stays = np.ones(len(ids), bool)
            stays[goes] = False
            yield stays

    def _of_members(self, numbers: Array, values: Array) -> Array:
        """The ``values``, which are by member, of some samples; 0 for those that are not members."""
        places = self._places(numbers)
        return (
            np.where(places < 0, 0, values[np.maximum(places, 0)]) if len(values) else np.zeros(len(numbers), np.int64)
        )

    def _places(self, numbers: Array) -> Array:
        members = self.graph.members(self.place)[0]
        if not len(members):
            return np.full(len(numbers), -1, np.int64)
        places = np.minimum(np.searchsorted(members, numbers), len(members) - 1)
        return np.where(members[places] == numbers, places, -1)
