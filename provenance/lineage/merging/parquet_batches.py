"""Reading a Parquet file a few row groups at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.lineage.runs import in_runs

# Of each column, so many bytes of a file are read at a time, however many rows its row groups have.
BUFFER = 1 << 16
# So many rows are mostly worked on at a time.
ROWS_AT_ONCE = 1 << 16


def batches(file: pq.ParquetFile, rows: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """All rows of ``file``, at most so many ``rows`` at a time.

    What Arrow needs to read a row group it keeps as long as it iterates: with all of them, memory would grow.
    """
    for groups in in_runs(range(file.num_row_groups), lambda group: int(file.metadata.row_group(group).num_rows), rows):
        yield from file.iter_batches(rows, row_groups=groups, columns=[*columns], use_threads=False)
