"""The records of samples as a dataset's sidecar has them, sample by sample, read in batches, as often as asked for.

A document in which each kind of statement stands by itself asks for the same samples several times, each time for other
columns. Of few samples the records are kept; of many they are read again, so that memory does not grow with them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from provenance.lineage.schema import sidecar_schema
from provenance.lineage.sidecar import Sidecar
from provenance.stored import readable

_AT_ONCE = 10_000
# Samples whose records are kept.
_FEW = 10_000

Record = dict[str, Any]


@dataclass(frozen=True)
class SampleRecords:
    """The records in ``sidecar`` of the samples with ``ids`` (sorted; None: of all samples that it knows)."""

    sidecar: Sidecar
    ids: Sequence[bytes] | None = None

    def each(self, *columns: str) -> Iterator[tuple[bytes, list[Record]]]:
        """Every sample in the order of ids, with its births, of which at least ``columns`` are read."""
        records = self._few if self._is_few else self._read(columns)
        for sample, births in groupby(records, key=itemgetter("sample_id")):
            yield sample, list(births)

    def used(self, column: str) -> set[int]:
        """The distinct numbers in a column of numbers."""
        if self._is_few:
            return {record[column] for record in self._few} - {None}
        found: set[int] = set()
        for batch in self._batches([column]):
            found.update(pc.unique(batch[column]).drop_null().to_pylist())
        return found

    @property
    def _is_few(self) -> bool:
        return self.ids is not None and len(self.ids) <= _FEW

    @cached_property
    def _few(self) -> list[Record]:
        return list(self._read(sidecar_schema(self.sidecar.digest_size).names))

    def _read(self, columns: Sequence[str]) -> Iterator[Record]:
        for batch in self._batches(columns):
            yield from batch.to_pylist()

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        chosen = list(dict.fromkeys(("sample_id", *columns)))
        for path in self.sidecar.files:
            yield from self._batches_of(path, chosen)

    def _batches_of(self, path: Path, chosen: list[str]) -> Iterator[pa.RecordBatch]:
        with pq.ParquetFile(readable(path)) as file:
            for group in range(file.num_row_groups):
                wanted = self._wanted_in(file.metadata.row_group(group))
                if wanted is not None and not len(wanted):
                    continue
                for batch in file.iter_batches(_AT_ONCE, row_groups=[group], columns=chosen, use_threads=False):
                    kept = batch if wanted is None else batch.filter(pc.is_in(batch["sample_id"], wanted))
                    if kept.num_rows:
                        yield kept

    def _wanted_in(self, group: Any) -> pa.Array | None:
        """Those of ``ids`` that may be in a row group; None: whatever is there."""
        if self.ids is None:
            return None
        place = next(n for n in range(group.num_columns) if group.column(n).path_in_schema == "sample_id")
        bounds = group.column(place).statistics
        found = self.ids
        if bounds is not None and bounds.has_min_max:
            found = found[bisect_left(found, bounds.min) : bisect_right(found, bounds.max)]
        width = len(self.ids[0]) if len(self.ids) else 1
        # From a buffer: `pa.array` imports pandas, where it is installed.
        return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(found), [None, pa.py_buffer(b"".join(found))])
