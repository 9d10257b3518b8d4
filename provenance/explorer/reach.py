"""What goes back to a selection, dataset by dataset: for the pages of what can be selected, and for impact."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from provenance.explorer.revision import Revision, as_origins

if TYPE_CHECKING:
    from provenance.ledger.datasets import RecordedDataset


@dataclass(frozen=True)
class ReachedDataset:
    """Rows of a dataset that are of the selection, or came of it: certainly ``certain``, and at most ``at_most``.

    ``through_models`` of these came of it only in that a model was trained on some. ``by_origin`` draws ``at_most``,
    and ``left`` the rest, by the most credible births.
    """

    path: str
    rows: int
    certain: int
    at_most: int
    through_models: int
    by_origin: dict[str, int]
    left: dict[str, int]


@dataclass(frozen=True)
class Selected:
    """What a selector selects, in samples, what came of these besides, and the datasets in which that is."""

    selector: str
    samples: int
    came_of_it: int
    datasets: list[ReachedDataset]

    @property
    def is_a_range(self) -> bool:
        """Whether of some rows it is not known."""
        return any(each.at_most > each.certain for each in self.datasets)


def selected(revision: Revision, selector: str) -> Selected:
    """What ``selector`` reaches.

    Raises:
        UnknownReferenceError: it selects nothing that this revision knows.
    """
    found = revision.reached(selector)
    own = len(found.selection.samples)
    datasets = [_dataset(revision, selector, each) for each in revision.ledger.recorded]
    return Selected(selector, own, len(found.samples) - own, datasets)


def _dataset(revision: Revision, selector: str, dataset: RecordedDataset) -> ReachedDataset:
    graph, found = revision.ledger.graph, revision.reached(selector)
    counted = found.rows(dataset.place)
    members, rows = graph.members(dataset.place)
    most = found.in_all.rows_of_members(dataset.place)[1]
    by_origin, every = (_by_origin(revision, members, weights) for weights in (most, rows))
    left = {name: number - by_origin.get(name, 0) for name, number in every.items()}
    return ReachedDataset(
        dataset.path,
        dataset.rows,
        counted.certain_direct + counted.certain_through_models,
        counted.direct + counted.through_models,
        counted.through_models,
        by_origin,
        {name: number for name, number in left.items() if number},
    )


def _by_origin(revision: Revision, members: np.ndarray, weights: np.ndarray) -> dict[str, int]:
    graph = revision.ledger.graph
    counted = np.bincount(graph.class_of[members], weights=weights, minlength=len(graph.classes)).astype(np.int64)
    found: Counter[str] = Counter()
    for born, number in zip(graph.classes, counted.tolist(), strict=True):
        found[born.origin] += number
    return as_origins(found)
