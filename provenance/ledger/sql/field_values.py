"""What rows have in columns of their data that no sidecar keeps, for SQL: the view ``field_values``.

The data of all datasets is read once, for the columns that were named, into a Parquet file: memory does not grow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.errors import UnknownReferenceError
from provenance.ledger.rows_by_field import no_such_column, read_with
from provenance.lineage.database import parquet_rows

if TYPE_CHECKING:
    from provenance.identity import SampleBatch
    from provenance.ledger.sidecars import Sidecars

FIELD_VALUES = "field_values"
_SCHEMA = pa.schema(
    [
        ("dataset", pa.string()),
        ("row", pa.int64()),
        ("id", pa.binary()),
        ("field", pa.string()),
        ("value", pa.large_string()),
    ]
)


def create_field_values(
    connection: duckdb.DuckDBPyConnection, ledger: Sidecars, fields: Sequence[str], folder: Path
) -> Path:
    """Create the view over what rows have in the columns ``fields``; the file in ``folder`` that it reads.

    Raises:
        UnknownReferenceError: no dataset of the revision has one of the columns.
        RepositoryError: the data of a dataset is not on this machine and cannot be fetched.
        DataError: data cannot be read.
    """
    fields = list(dict.fromkeys(fields))
    file = folder / f"{FIELD_VALUES}.parquet"
    columns: set[str] = set()
    with pq.ParquetWriter(file, _SCHEMA) as writer:
        for dataset in ledger.recorded:
            scanned, batches = read_with(ledger, dataset, fields)
            for batch in batches:
                for values in _values(dataset.path, batch, fields):
                    writer.write_batch(values)
            columns |= {*scanned.fields, *scanned.beside}
    for field in fields:
        if field not in columns:
            raise UnknownReferenceError(f"--field {field}: {no_such_column(field, columns)}{ledger.not_asked}")
    connection.execute(
        f"CREATE VIEW {FIELD_VALUES} AS SELECT dataset, row, lower(hex(id)) AS sample_id, id, field, value "
        f"FROM {parquet_rows(file)}"
    )
    return file


def _values(dataset: str, batch: SampleBatch, fields: Sequence[str]) -> Iterator[pa.RecordBatch]:
    assert batch.texts is not None
    rows = pa.array(range(batch.first_row, batch.first_row + len(batch.sample_ids)), pa.int64())
    ids = batch.sample_ids.cast(pa.binary())
    for field in fields:
        values = batch.texts.values[field].cast(pa.large_string())
        names = [pa.repeat(pa.scalar(each), len(rows)) for each in (dataset, field)]
        batched = pa.record_batch([names[0], rows, ids, names[1], values], schema=_SCHEMA)
        yield batched.filter(values.is_valid())
