"""Impact: everything that came from a selection, counted in every dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provenance.ledger.ledger import Ledger, SampleSet
from provenance.ledger.selectors import select
from provenance.ledger.walks import Direction, reach


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
    selected = select(ledger, selectors)
    affected = reach(ledger, selected, Direction.DESCENDANTS)
    found = ledger.connection.execute(
        "SELECT sidecar, sum(rows)::BIGINT FROM samples WHERE rows > 0 AND sample_id IN "
        f"(SELECT sample_id FROM {affected.table}) GROUP BY sidecar"
    ).fetchall()
    affected_rows: dict[int, int] = dict(found)
    datasets = tuple(
        AffectedDataset(dataset.path, dataset.sidecar.header.dataset.rows, affected_rows.get(dataset.place, 0))
        for dataset in ledger.recorded
    )
    return Impact(len(selected), len(affected) - len(selected), datasets, affected)
