"""Impact: everything that came from a selection, counted in every dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from provenance.faces.tabular import Tabular
from provenance.ledger.descent.interface import CameOf, Named, Samples
from provenance.ledger.models.passages import Passage
from provenance.ledger.reached import ReachedRows
from provenance.ledger.selectors import named
from provenance.ledger.sidecars import Sidecars
from provenance.plurals import counted

if TYPE_CHECKING:
    from provenance.ledger.datasets import RecordedDataset


@dataclass(frozen=True)
class AffectedDataset:
    """A dataset's rows, and those of them that may be of a selected birth or come from one.

    ``affected_rows`` are those by derivation, ``affected_through_models`` the others. Of both, the two ``certainly_…``
    are so for certain: rows of equal text may have been born in several ways, of which only some are affected.
    """

    path: str
    rows: int
    affected_rows: int
    affected_through_models: int
    certainly_affected_rows: int
    certainly_affected_through_models: int


@dataclass(frozen=True, repr=False)
class Impact(Tabular):
    """What came from a selection; its table has a row for each dataset.

    ``selected`` and ``descendants`` (without the selected) count samples; ``affected`` is both together.

    Besides, ``through_models`` are the samples that came of these only in that registered models, those of
    ``passages``, were trained on some of them.
    """

    selected: int
    descendants: int
    datasets: tuple[AffectedDataset, ...]
    affected: Samples
    through_models: Samples
    passages: tuple[Passage, ...]
    came: CameOf

    def _table_rows(self) -> Iterator[dict[str, Any]]:
        return (asdict(dataset) for dataset in self.datasets)

    def __repr__(self) -> str:
        return f"<Impact of {counted(self.selected, 'sample')}: {counted(self.descendants, 'descendant')}>"

    def _repr_html_(self) -> str:
        from provenance.faces.notebook import Table, block

        title = f"impact of {counted(self.selected, 'sample')}: {counted(self.descendants, 'descendant')}"
        return block(title, tables=[Table.of("datasets", self._table_rows(), len(self.datasets))])


def impact(ledger: Sidecars, selectors: Sequence[str]) -> Impact:
    """What came from the samples that fit any of ``selectors``.

    Raises:
        UnknownReferenceError: a selector fits nothing that this revision knows.
    """
    return impact_of(ledger, named(ledger, selectors))


def impact_of(ledger: Sidecars, selected: Sequence[Named]) -> Impact:
    """What came from what is ``selected`` in the ledger."""
    came = ledger.descent.came_of(selected)
    datasets = tuple(_affected(dataset, came.rows[dataset.place]) for dataset in ledger.recorded)
    descendants = len(came.direct) - came.selected
    return Impact(came.selected, descendants, datasets, came.direct, came.through_models, came.passages, came)


def _affected(dataset: RecordedDataset, rows: ReachedRows) -> AffectedDataset:
    return AffectedDataset(
        dataset.path,
        dataset.rows,
        rows.direct,
        rows.through_models,
        rows.certain_direct,
        rows.certain_through_models,
    )
