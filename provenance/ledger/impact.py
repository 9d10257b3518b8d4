"""Impact: everything that came from a selection, counted in every dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provenance.ledger.graph.graph import Direction, SampleSet
from provenance.ledger.ledger import Ledger
from provenance.ledger.selectors import select


@dataclass(frozen=True)
class AffectedDataset:
    """A dataset's rows, and those of them that bear a selected sample or a descendant of one."""

    path: str
    rows: int
    affected_rows: int


@dataclass(frozen=True)
class Impact:
    """``selected`` and ``descendants`` (without the selected) count samples; ``affected`` is both together."""

    selected: int
    descendants: int
    datasets: tuple[AffectedDataset, ...]
    affected: SampleSet


def impact(ledger: Ledger, selectors: Sequence[str]) -> Impact:
    """What came from the samples that fit any of ``selectors``.

    Raises:
        UnknownReferenceError: a selector fits nothing that this revision knows.
    """
    graph = ledger.graph
    selected = select(ledger, selectors)
    affected = graph.reached(selected, Direction.DESCENDANTS)
    datasets = tuple(
        AffectedDataset(dataset.path, dataset.rows, rows)
        for dataset, rows in zip(ledger.recorded, graph.rows_in(affected), strict=True)
    )
    return Impact(len(selected), len(affected) - len(selected), datasets, SampleSet(graph, affected))
