"""Which samples of a dataset came and went between two revisions, and which of them are the same thing made anew."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from provenance.ledger.walks import Node, describe

if TYPE_CHECKING:
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.graph.graph import Graph
    from provenance.ledger.graph.store import Array
    from provenance.ledger.sidecars import Sidecars

# More than so many are not gone through one by one.
_MOST_PAIRED = 2_000
_Key = tuple[tuple[str, ...], str | None, str | None]


@dataclass(frozen=True)
class Changed:
    """Samples. ``anew``: what went, and what came in its place: made from the same roots, in the same step, as the
    only one of its kind on either side. ``came`` and ``went`` are the others, some of them; their numbers are whole.
    ``is_paired``: whether it was looked for what was made anew.
    """

    anew: list[tuple[Node, Node]]
    came: list[Node]
    went: list[Node]
    came_in_all: int
    went_in_all: int
    is_paired: bool


def changed_samples(
    before: tuple[Sidecars, RecordedDataset], after: tuple[Sidecars, RecordedDataset], most: int
) -> Changed:
    """How the samples of a dataset differ, of which ``most`` of each sort are described."""
    old, new = (_Side(*side) for side in (before, after))
    gone, come = old.without(new), new.without(old)
    is_paired = max(len(gone), len(come)) <= _MOST_PAIRED
    pairs: list[tuple[int, int]] = []
    if is_paired:
        made_before, made_after = old.by_making(gone), new.by_making(come)
        pairs = [
            (made_before[key][0], made_after[key][0])
            for key in made_before
            if len(made_before[key]) == 1 and len(made_after.get(key, ())) == 1
        ]
    went = gone[~np.isin(gone, [one for one, _ in pairs])]
    came = come[~np.isin(come, [other for _, other in pairs])]
    shown = sorted(pairs)[:most]
    return Changed(
        anew=list(zip(old.nodes([one for one, _ in shown]), new.nodes([other for _, other in shown]), strict=True)),
        came=new.nodes(came[:most].tolist()),
        went=old.nodes(went[:most].tolist()),
        came_in_all=len(came),
        went_in_all=len(went),
        is_paired=is_paired,
    )


class _Side:
    def __init__(self, ledger: Sidecars, dataset: RecordedDataset) -> None:
        self._graph: Graph = ledger.graph_of(dataset)
        place = dataset.place if self._graph is ledger.graph else 0
        self._members: Array = self._graph.members(place)[0].astype(np.int64)

    def without(self, other: _Side) -> Array:
        """The members that the other side does not have."""
        is_there = np.zeros(other._graph.size + 1, bool)
        is_there[other._members] = True
        # What the other graph does not know is its last number, -1.
        numbers = other._graph.numbers_of_bytes(self._graph.ids_as_bytes(self._members))
        return self._members[~is_there[numbers]]

    def by_making(self, numbers: Array) -> dict[_Key, list[int]]:
        """Those of ``numbers`` that were made from others, by what they were made from and how."""
        found: dict[_Key, list[int]] = defaultdict(list)
        made = numbers[self._graph.parents.counts_of(numbers) > 0] if len(numbers) else numbers
        for number, node in zip(made.tolist(), describe(self._graph, made), strict=True):
            roots = self._graph.ids(self._graph.roots(np.array([number], np.int64)))
            found[tuple(sorted(roots)), node.stage, node.kind].append(number)
        return found

    def nodes(self, numbers: list[int]) -> list[Node]:
        return list(describe(self._graph, np.array(numbers, np.int64))) if numbers else []
