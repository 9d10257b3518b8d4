"""The records of members of a dataset whose births are disputed: several here, or not all that is known elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from provenance.ledger.graph.adjacency import Adjacency
from provenance.ledger.graph.store import Array, Folder
from provenance.lineage.row_bounds import BirthRows, starts_of


@dataclass(frozen=True)
class DisputedBirths:
    """The records of those members of a dataset that were born in several ways, here or by what other datasets say.

    By record: the sample's number, in order, the class of the birth, and the parents; ``rows`` has samples in the order
    of ``samples``, their numbers.
    """

    numbers: Array
    classes: Array
    parents: Adjacency
    rows: BirthRows

    @classmethod
    def of(cls, graph: Folder, dataset: int) -> DisputedBirths:
        """Those of dataset number ``dataset`` in a graph's folder."""
        numbers, classes, rows, possible, offsets, parents = (
            graph.array(f"born_{name}_{dataset}")
            for name in ("number", "class", "rows", "possible", "offsets", "parents")
        )
        is_first = _is_first(numbers)
        places = np.searchsorted(graph.array(f"members_{dataset}"), numbers[is_first])
        total = graph.array(f"rows_{dataset}")[places].astype(np.int64)
        known = BirthRows(starts_of(is_first), rows.astype(np.int64), possible.astype(np.int64), np.zeros_like(total))
        shared = total - known.total
        return cls(numbers.astype(np.int64), classes, Adjacency(offsets, parents), replace(known, shared=shared))

    @cached_property
    def samples(self) -> Array:
        """The samples that these are the records of, in order."""
        found: Array = self.numbers[self.rows.starts[:-1]]
        return found

    def places(self, numbers: Array) -> Array:
        """For each record of ``numbers``, which has a sample's records together and as its sidecar has them, its place
        among these; -1 for samples that are not disputed."""
        if not len(self.numbers) or not len(numbers):
            return np.full(len(numbers), -1, np.int64)
        starts = np.flatnonzero(_is_first(numbers))
        rank = np.arange(len(numbers)) - np.repeat(starts, np.diff(np.append(starts, len(numbers))))
        places = np.searchsorted(self.numbers, numbers) + rank
        inside = np.minimum(places, len(self.numbers) - 1)
        return np.where(self.numbers[inside] == numbers, places, -1)


def _is_first(numbers: Array) -> Array:
    """Whether each is another one than the one before it."""
    is_first = np.ones(len(numbers), bool)
    is_first[1:] = numbers[1:] != numbers[:-1]
    return is_first
