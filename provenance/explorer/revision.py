"""The ledger of one revision, with the answers about it that several pages need, each worked out once."""

from __future__ import annotations

from collections import Counter, OrderedDict
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from provenance.errors import UnknownReferenceError
from provenance.faces.palette import NAMES
from provenance.ledger.composition.breakdowns import BREAKDOWNS, UNSURE
from provenance.ledger.references import is_prefix

if TYPE_CHECKING:
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.reached import Reached
    from provenance.ledger.row_births import Fitting, SampleRows
    from provenance.ledger.rows import Between
    from provenance.ledger.sidecars import Sidecars

# Of what there may be very many, the overview lists those of most rows.
_MOST_LISTED = 12
# Selections whose reach is kept.
_MOST_KEPT = 8


class Revision:
    """What is asked about ``ledger``."""

    def __init__(self, ledger: Sidecars) -> None:
        self.ledger = ledger
        self._sample_rows: dict[int, SampleRows] = {}
        self._reached: OrderedDict[str, Reached] = OrderedDict()

    def dataset(self, path: str) -> RecordedDataset:
        """The dataset at ``path``, from the DVC root.

        Raises:
            UnknownReferenceError: DVC tracks no dataset there.
            SidecarError: it has no sidecar that can be read.
        """
        return self.ledger.dataset(self.ledger.repository.root / path)

    @cached_property
    def by_origin(self) -> dict[str, dict[str, int]]:
        """Of each dataset, its rows by origin; those whose origin is not certain are of unknown origin here."""
        return {path: as_origins(found) for path, found in self.ledger.rows_by_origin().items()}

    @cached_property
    def most_frequent(self) -> dict[str, list[tuple[str, int]]]:
        """Models, sources, and so on, each with the rows of all datasets that are certainly theirs."""
        found: dict[str, Counter[str]] = {"model": Counter(), "source": Counter(), "license": Counter()}
        for dataset in self.ledger.recorded:
            if dataset.md5 and dataset.described_md5 not in (None, dataset.md5):
                continue  # of other data: its rows cannot be counted
            rows = self.ledger.rows(dataset)
            for name, counted in found.items():
                groups: dict[str, Between] = dict(rows.by(BREAKDOWNS[f"by_{name}"].group).groups)
                counted.update({group: each.certain.rows for group, each in groups.items() if group not in UNSURE})
        return {name: counted.most_common(_MOST_LISTED) for name, counted in found.items()}

    @cached_property
    def prompts(self) -> list[str]:
        """The names of prompts that activities used."""
        names = {activity["plan"] for activity in self.ledger.graph.descriptions.activities}
        return sorted(name for name in names if name)[:_MOST_LISTED]

    def sample_rows(self, dataset: RecordedDataset) -> SampleRows:
        """How the rows of each sample of ``dataset`` were born.

        Raises:
            SidecarError: the sidecar is of other data than DVC has.
        """
        from provenance.ledger.row_births import SampleRows

        if dataset.place not in self._sample_rows:
            self._sample_rows[dataset.place] = SampleRows(self.ledger, dataset)
        return self._sample_rows[dataset.place]

    def reached(self, selector: str) -> Reached:
        """What ``selector`` selects, and all that came of it.

        Raises:
            UnknownReferenceError: it selects nothing that this revision knows.
        """
        from provenance.ledger.reached import Reached
        from provenance.ledger.selectors import select

        if selector not in self._reached:
            found = Reached.by(self.ledger.models, select(self.ledger, [self._rooted(selector)]))
            self._reached[selector] = found
            while len(self._reached) > _MOST_KEPT:
                self._reached.popitem(last=False)
        return self._reached[selector]

    def came_from(self, dataset: RecordedDataset, selector: str) -> Fitting:
        """The samples of ``dataset`` that are, or came of, what ``selector`` selects."""
        from provenance.ledger.row_births import Fitting

        graph = self.ledger.graph
        members, rows = graph.members(dataset.place)
        least, most = self.reached(selector).in_all.rows_of_members(dataset.place)
        certainly, may = np.zeros(graph.size, bool), np.zeros(graph.size, bool)
        certainly[members[(least >= rows) & (rows > 0)]] = True
        may[members[most > 0]] = True
        return Fitting(certainly, may)

    def _rooted(self, selector: str) -> str:
        """``selector`` with paths that count from the DVC root, wherever the server was started."""
        kind, _, value = selector.partition(":")
        is_path = kind == "dataset" or (kind == "sample" and not is_prefix(value))
        return f"{kind}:{self.ledger.repository.root / value}" if is_path and value else selector

    def number(self, sample_id: str) -> int:
        """The sample's number in the graph.

        Raises:
            UnknownReferenceError: no sidecar knows it.
        """
        number = int(self.ledger.graph.numbers([sample_id])[0])
        if number < 0:
            raise UnknownReferenceError(f"{sample_id}: no sidecar of this revision knows this sample")
        return number


def as_origins(rows: dict[str, int]) -> dict[str, int]:
    """``rows`` by what the origins are that charts know; what is ambiguous is drawn as unknown."""
    found: Counter[str] = Counter()
    for name, number in rows.items():
        found[name if name in NAMES else "unknown"] += number
    return {name: number for name, number in found.items() if number}
