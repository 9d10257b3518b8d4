"""Impact: everything that came from a selection, counted in every dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.ledger.graph.graph import SampleSet
from provenance.ledger.models.passages import Passage, reached
from provenance.ledger.selectors import select
from provenance.ledger.sidecars import Sidecars

if TYPE_CHECKING:
    from provenance.ledger.graph.store import Array


@dataclass(frozen=True)
class AffectedDataset:
    """A dataset's rows, and those of them that are a selected sample or a descendant of one.

    ``affected_rows`` are those by derivation, ``affected_through_models`` the others.
    """

    path: str
    rows: int
    affected_rows: int
    affected_through_models: int


@dataclass(frozen=True)
class Impact:
    """``selected`` and ``descendants`` (without the selected) count samples; ``affected`` is both together.

    Besides, ``through_models`` are the samples that came of these only in that registered models, those of
    ``passages``, were trained on some of them.
    """

    selected: int
    descendants: int
    datasets: tuple[AffectedDataset, ...]
    affected: SampleSet
    through_models: SampleSet
    passages: tuple[Passage, ...]


def impact(ledger: Sidecars, selectors: Sequence[str]) -> Impact:
    """What came from the samples that fit any of ``selectors``.

    Raises:
        UnknownReferenceError: a selector fits nothing that this revision knows.
    """
    return impact_of(ledger, select(ledger, selectors))


def impact_of(ledger: Sidecars, selected: Array) -> Impact:
    """What came from the samples ``selected``, numbers in the ledger's graph, in order."""
    graph = ledger.graph
    reach = reached(ledger.models, selected)
    direct, through = SampleSet(graph, reach.direct), SampleSet(graph, reach.through_models)
    # Behind the datasets of this revision are those that models were trained on.
    counted = zip(ledger.recorded, graph.rows_in(direct.numbers), graph.rows_in(through.numbers), strict=False)
    datasets = tuple(AffectedDataset(dataset.path, dataset.rows, *rows) for dataset, *rows in counted)
    return Impact(len(selected), len(direct) - len(selected), datasets, direct, through, reach.passages)
