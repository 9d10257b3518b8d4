"""The rows of a dataset as they are read: kept in memory if they are few, else sorted by runs, on disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow.parquet as pq

from provenance.identity import SampleBatch
from provenance.lineage.allocating import give_back
from provenance.lineage.births import RecordedBirths
from provenance.lineage.id_ranges import bits_for
from provenance.lineage.merging.inputs import ByRanges, InMemory, Inputs, divide_births
from provenance.lineage.merging.known import Knowing
from provenance.lineage.merging.shelf import Shelf
from provenance.lineage.sidecar import decoded_bytes
from provenance.lineage.sorting import SortedSamples
from provenance.lineage.tables import ROWS_FILE, Tables, rows_batch, rows_writer, write_rows

# Rows, and records that are known, which are merged in memory; and how many bytes of records.
MOST_ROWS = 1_000_000
MOST_BYTES = 256 << 20
# Beyond that, about so many are merged at a time.
AT_ONCE = 1 << 18
_BYTES_AT_ONCE = 64 << 20


class RowsRead:
    """All rows of a dataset; temporary files are in ``folder``."""

    def __init__(self, folder: Path, digest_size: int) -> None:
        self._folder, self._size = folder, digest_size
        self._batches: list[SampleBatch] | None = []
        self._samples: SortedSamples | None = None
        self._rows = 0
        self._shelves = 0
        self._bits = 0

    def take(self, batches: Iterable[SampleBatch]) -> None:
        """Read all ``batches``."""
        waiting = iter(batches)
        kept = deque[SampleBatch]()
        for batch in waiting:
            kept.append(batch)
            self._rows += len(batch.sample_ids)
            if self._rows > MOST_ROWS:
                self._batches = None
                give_back()
                self._sort(self._counted(kept, waiting))
                return
        self._batches = [*kept]

    def write(self) -> None:
        """Write the file of rows, unless it is there."""
        if self._batches is not None and not self._file.exists():
            write_rows(self._batches, self._file)

    def shelf(self) -> Shelf:
        """A new shelf for what has been read."""
        if not self._bits:
            return Shelf(None)
        self._shelves += 1
        folder = self._folder / f"ranges-{self._shelves}"
        folder.mkdir()
        return Shelf(folder)

    def inputs(self, knowing: Knowing, tables: Tables, births: RecordedBirths | None) -> Inputs:
        """What is merged: in memory where it is little, else by ranges."""
        sidecars = [known.sidecar for known in tables.known if known.sidecar is not None]
        files = [file for sidecar in sidecars for file in sidecar.files]
        read = sum(map(decoded_bytes, files))
        if births is not None:
            read += decoded_bytes(births.file) if births.held is None else births.held.nbytes
        records = self._rows + sum(sidecar.records for sidecar in sidecars)
        if self._batches is not None and records <= MOST_ROWS and read <= MOST_BYTES:
            return InMemory(knowing, tables, self._batches, births)
        self._bits = max(1, bits_for(records, AT_ONCE), bits_for(read, _BYTES_AT_ONCE))
        if self._batches is not None:
            self._sort(iter(self._batches))
            self._batches = None
        assert self._samples is not None
        shelf, bits = self.shelf(), self._bits
        schema = (
            None if births is None else divide_births(self._file, births, tables.vocabulary, shelf, bits, self._size)
        )
        return ByRanges(knowing, self._samples, schema, shelf, self._size, bits)

    @property
    def _file(self) -> Path:
        return self._folder / ROWS_FILE

    def _counted(self, first: deque[SampleBatch], others: Iterable[SampleBatch]) -> Iterator[SampleBatch]:
        while first:
            yield first.popleft()
        for batch in others:
            self._rows += len(batch.sample_ids)
            yield batch

    def _sort(self, batches: Iterator[SampleBatch]) -> None:
        """Sort all rows by runs, and write them to the file of rows on the way, unless it is there."""
        self._samples = SortedSamples(self._folder / "samples", self._size, with_rows=True)
        if self._file.exists():
            self._samples.take(batches)
            return
        with rows_writer(self._file) as writer:
            self._samples.take(_written(batches, writer))


def _written(batches: Iterator[SampleBatch], writer: pq.ParquetWriter) -> Iterator[SampleBatch]:
    for batch in batches:
        writer.write_batch(rows_batch(batch))
        yield batch
