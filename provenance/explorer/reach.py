"""What goes back to a selection, dataset by dataset: for the pages of what can be selected, and for impact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from provenance.faces.palette import NAMES

if TYPE_CHECKING:
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.graph.graph import Graph
    from provenance.ledger.graph.store import Array
    from provenance.ledger.reached import Reached
    from provenance.ledger.sidecars import Sidecars


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


def selected(ledger: Sidecars, found: Reached, selector: str) -> Selected:
    """What ``selector``, of which ``found`` came, reaches."""
    own = len(found.selection.samples)
    datasets = [_dataset(ledger.graph, found, each) for each in ledger.recorded]
    return Selected(selector, own, len(found.samples) - own, datasets)


def _dataset(graph: Graph, found: Reached, dataset: RecordedDataset) -> ReachedDataset:
    members, rows = graph.members(dataset.place)
    least, most = found.in_all.rows_of_members(dataset.place)
    certain, at_most = int(least.sum()), int(most.sum())
    direct = found.by_derivation.rows(dataset.place)[1] if found.reach.passages else at_most
    classes = graph.class_of[members]
    by_origin, every = (_by_origin(graph, classes, weights) for weights in (most, rows))
    left = {name: number - by_origin.get(name, 0) for name, number in every.items()}
    return ReachedDataset(
        dataset.path,
        dataset.rows,
        certain,
        at_most,
        at_most - direct,
        by_origin,
        {name: number for name, number in left.items() if number},
    )


def _by_origin(graph: Graph, classes: Array, weights: Array) -> dict[str, int]:
    counted = np.bincount(classes, weights=weights, minlength=len(graph.classes)).astype(np.int64)
    found: Counter[str] = Counter()
    for born, number in zip(graph.classes, counted.tolist(), strict=True):
        found[born.origin] += number
    return as_origins(found)


def as_origins(rows: Mapping[str, int]) -> dict[str, int]:
    """``rows`` by what the origins are that charts know; what is ambiguous is drawn as unknown."""
    found: Counter[str] = Counter()
    for name, number in rows.items():
        found[name if name in NAMES else "unknown"] += number
    return {name: number for name, number in found.items() if number}
