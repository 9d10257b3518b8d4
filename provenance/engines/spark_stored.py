"""Records of sidecars on object storage as a Spark relation: each task reads some row groups where they are.

Spark's own readers of such storage are not part of PySpark. What is configured of the storage goes to the tasks with
the files, by Spark's own channels.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.lineage.schema import sidecar_schema
from provenance.stored import StoredFile, readable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from provenance.lineage.sidecar import Sidecar

_GROUPS_A_TASK = 32


class _Groups(NamedTuple):
    """Row groups ``first`` to ``end`` of a file of the sidecar of this number; ``before``: records ahead of them."""

    file: StoredFile
    sidecar: int
    first: int
    end: int
    before: int


def stored_records(session: SparkSession, sidecars: Sequence[tuple[int, Sidecar]], columns: Sequence[str]) -> DataFrame:
    """``columns`` of the records of numbered sidecars, which are on storage, with ``sidecar`` and ``place``."""
    from pyspark.sql.pandas.types import from_arrow_schema

    given = [pickle.dumps(each) for number, sidecar in sidecars for each in _divided(number, sidecar)]
    schema = _schema(max(sidecar.digest_size for _, sidecar in sidecars), columns)
    frame = session.createDataFrame(pa.table({"given": pa.array(given, pa.binary())})).repartition(max(1, len(given)))
    return frame.mapInArrow(partial(_read, schema), from_arrow_schema(schema))


def _divided(number: int, sidecar: Sidecar) -> Iterator[_Groups]:
    for file, before in zip(sidecar.files, accumulate(sidecar.counts, initial=0), strict=False):
        assert isinstance(file, StoredFile)
        metadata = pq.read_metadata(readable(file))
        counts = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        starts = list(accumulate(counts, initial=before))
        for first in range(0, len(counts), _GROUPS_A_TASK):
            yield _Groups(file, number, first, min(first + _GROUPS_A_TASK, len(counts)), starts[first])


def _read(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """In a task: the records of the row groups that come in."""
    for batch in batches:
        for given in batch["given"].to_pylist():
            # It is what `stored_records` sent: who may send tasks may run what they like there anyway.
            groups: _Groups = pickle.loads(given)  # noqa: S301
            yield from _records(groups, schema)


def _records(groups: _Groups, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    columns = [name for name in schema.names if name not in ("sidecar", "place")]
    place = groups.before
    with pq.ParquetFile(readable(groups.file), pre_buffer=True) as file:
        for group in range(groups.first, groups.end):
            table = file.read_row_group(group, columns)
            places = pa.array(range(place, place + len(table)), pa.int64())
            numbers = pa.repeat(pa.scalar(groups.sidecar, pa.int64()), len(table))
            place += len(table)
            table = table.append_column("sidecar", numbers).append_column("place", places)
            yield from table.select(schema.names).cast(schema).to_batches()


def _schema(digest_size: int, columns: Sequence[str]) -> pa.Schema:
    """The columns in types that all engines read alike."""
    stated = sidecar_schema(digest_size)
    fields = [(name, _plain(stated.field(name).type)) for name in columns]
    return pa.schema([*fields, ("sidecar", pa.int64()), ("place", pa.int64())])


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_fixed_size_binary(kind):
        return pa.binary()
    return pa.int64() if pa.types.is_integer(kind) else kind
