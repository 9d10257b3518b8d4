"""A dataset in a ledger: what is audited, and what it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.sidecars import Sidecars

if TYPE_CHECKING:
    from provenance.engines.interface import Questions
    from provenance.ledger.rows import DatasetRows


@dataclass(frozen=True)
class Part:
    """A dataset in a ledger, of this or another revision, that an audited one is compared with.

    ``questions`` is where measures ask about its records, see `engines.interface.Questions`.
    """

    ledger: Sidecars
    dataset: RecordedDataset

    @property
    def questions(self) -> Questions:
        """What can be asked about the dataset's records."""
        return self.ledger.engine.of(self.dataset.place)

    @property
    def rows(self) -> DatasetRows:
        """The dataset's rows, grouped by all that breakdowns look at; counted once for all who ask.

        Raises:
            SidecarError: the sidecar is of other data than DVC has, or its records do not add up to its rows.
        """
        return self.ledger.rows(self.dataset)
