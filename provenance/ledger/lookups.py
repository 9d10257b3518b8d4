"""Single samples, looked up in the sidecars themselves: these are sorted by id, so it takes no index to be built first.

A look-up reads the ids of one row group or two of each sidecar. Whoever asks of many samples asks the index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from provenance.lineage.id_ranges import range_around

if TYPE_CHECKING:
    from provenance.ledger.datasets import RecordedDataset
    from provenance.lineage.sorted_records import SortedRecords

_ROWS = ("rows", "ambiguous_rows")


class Lookups(Protocol):
    """What is known of single samples; ids are lower-case hex digits."""

    def beginning_with(self, prefix: str, most: int) -> list[str]:
        """At most ``most`` of the ids that begin with ``prefix``, in order."""
        ...

    def rows_of(self, sample_id: str) -> Mapping[int, int]:
        """How many rows of each dataset the sample has, by the dataset's place; none is left out."""
        ...


class SidecarLookups:
    """`Lookups` of the sidecars of ``recorded``.

    Raises:
        SidecarError: a sidecar cannot be read, or is not in the order of its ids; this holds of every method.
    """

    def __init__(self, recorded: Sequence[RecordedDataset]) -> None:
        self._recorded = recorded
        self._opened: dict[int, SortedRecords] = {}

    def beginning_with(self, prefix: str, most: int) -> list[str]:
        found: set[str] = set()
        for dataset in self._recorded:
            ids = self._records(dataset).read(range_around(prefix)).ids
            found.update(_some_beginning_with(prefix, (line.tobytes().hex() for line in ids), most))
        return sorted(found)[:most]

    def rows_of(self, sample_id: str) -> Mapping[int, int]:
        import numpy as np

        wanted = np.frombuffer(bytes.fromhex(sample_id), np.uint8)
        found = {}
        for dataset in self._recorded:
            if dataset.sidecar.digest_size != len(wanted):
                continue
            records = self._records(dataset).read(range_around(sample_id), _ROWS)
            own = np.flatnonzero((records.ids == wanted).all(axis=1))
            columns = [records.columns[name] for name in _ROWS]
            rows = sum(value.as_py() or 0 for column in columns if column is not None for value in column.take(own))
            if rows:
                found[dataset.place] = rows
        return found

    def _records(self, dataset: RecordedDataset) -> SortedRecords:
        from provenance.lineage.sorted_records import SortedRecords

        if dataset.place not in self._opened:
            self._opened[dataset.place] = SortedRecords(dataset.sidecar)
        return self._opened[dataset.place]


def _some_beginning_with(prefix: str, ids: Iterator[str], most: int) -> Iterator[str]:
    """The first ``most`` distinct ones of ``ids``, in order, that begin with ``prefix``."""
    last, given = "", 0
    for sample_id in ids:
        if sample_id.startswith(prefix) and sample_id != last:
            last, given = sample_id, given + 1
            yield sample_id
        if given == most:
            return
