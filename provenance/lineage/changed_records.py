"""Which samples differ between two files of records that are sorted by sample id: read side by side, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from provenance.identity.id_arrays import bytes_of_ids

_Ids: TypeAlias = "npt.NDArray[np.bytes_]"
_SEVERAL = object()
_BOUNDED_TYPES = frozenset({"BOOLEAN", "INT32", "INT64", "BYTE_ARRAY"})


class Changed(NamedTuple):
    """``records``: all those of samples that are new or have changed; ``gone``: ids of those that are not there."""

    records: pa.Table
    gone: pa.Array


def changed_records(new: Path, old: Path, schema: pa.Schema) -> Iterator[Changed]:
    """What ``new`` has that ``old`` has not, and what it lacks, in the order of the ids."""
    shared = _same_throughout([new, old], schema)
    # Most columns are: what is not read needs no comparison.
    read = pa.schema([field for field in schema if field.name not in shared])
    after, before = _Records(new, read), _Records(old, read)
    while after.fill() | before.fill():
        end = min((each.complete_until() for each in (after, before) if not each.is_last), default=None)
        if end is not None and not after.has_before(end) and not before.has_before(end):
            # One sample has more records than were read.
            after.read()
            before.read()
            continue
        found = _compare(after.take(end), before.take(end))
        yield found._replace(records=_with_shared(found.records, shared, schema))


def _same_throughout(paths: Sequence[Path], schema: pa.Schema) -> dict[str, Any]:
    """The columns that have one value, or none, in all records of all files, as the statistics say; with the value."""
    found: dict[str, set[Any]] = {}
    for path in paths:
        metadata = pq.read_metadata(path)
        for group in map(metadata.row_group, range(metadata.num_row_groups)):
            for chunk in map(group.column, range(group.num_columns)):
                found.setdefault(chunk.path_in_schema, set()).add(_only_value(chunk))
    # Nested columns go by longer names here.
    wanted = {name: values for name, values in found.items() if name in schema.names and len(values) == 1}
    return {name: value for name, (value,) in wanted.items() if value is not _SEVERAL}


def _only_value(chunk: pq.ColumnChunkMetaData) -> Any:
    stated = chunk.statistics
    if stated is None or not stated.has_null_count:
        return _SEVERAL
    if stated.null_count == chunk.num_values:
        return None
    # Whatever bounds say of texts that were cut, all are between them; of floats, NaN need not be.
    is_whole = chunk.physical_type in _BOUNDED_TYPES and stated.has_min_max and not stated.null_count
    return stated.min if is_whole and stated.min == stated.max else _SEVERAL


def _with_shared(records: pa.Table, shared: Mapping[str, Any], schema: pa.Schema) -> pa.Table:
    columns = {
        field.name: pa.repeat(pa.scalar(shared[field.name], field.type), len(records))
        if field.name in shared
        else records[field.name]
        for field in schema
    }
    return pa.table(columns, schema=schema)


class _Records:
    """The records of a file that were read and not taken yet."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._groups = _groups(path, schema)
        self._waiting = schema.empty_table()
        self.is_last = False

    def fill(self) -> bool:
        """Read on where nothing is waiting; whether there is anything left."""
        while not len(self._waiting) and not self.is_last:
            self.read()
        return len(self._waiting) > 0

    def read(self) -> None:
        following = next(self._groups, None)
        self.is_last = following is None
        if following is not None:
            self._waiting = pa.concat_tables([self._waiting, following]).combine_chunks()

    def complete_until(self) -> bytes:
        """The id of the last record, before which all records have been read."""
        last: bytes = self._waiting["sample_id"][-1].as_py()
        return last

    def has_before(self, end: bytes) -> bool:
        return bool(self._count_before(end))

    def take(self, end: bytes | None) -> pa.Table:
        """The records whose ids are less than ``end``; None: all."""
        count = len(self._waiting) if end is None else self._count_before(end)
        taken, self._waiting = self._waiting.slice(0, count), self._waiting.slice(count)
        return taken

    def _count_before(self, end: bytes) -> int:
        return int(np.searchsorted(_ids(self._waiting), np.array([end], f"S{len(end)}"))[0])


def _groups(path: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, schema.names).cast(schema)


def _ids(table: pa.Table) -> _Ids:
    # All ids are of this length, so it does not matter that numpy takes no notice of zeros at the end of one.
    ids = table["sample_id"].combine_chunks()
    ids = ids.chunk(0) if isinstance(ids, pa.ChunkedArray) else ids
    rows = np.ascontiguousarray(bytes_of_ids(ids))
    return rows.view(f"S{ids.type.byte_width}").ravel()


def _compare(new: pa.Table, old: pa.Table) -> Changed:
    samples, starts, counts = np.unique(_ids(new), return_index=True, return_counts=True)
    old_samples, old_starts, old_counts = np.unique(_ids(old), return_index=True, return_counts=True)
    place = np.searchsorted(old_samples, samples)
    is_there = np.zeros(len(samples), bool)
    inside = np.flatnonzero(place < len(old_samples))
    is_there[inside] = old_samples[place[inside]] == samples[inside]
    alike = np.flatnonzero(is_there)
    alike = alike[counts[alike] == old_counts[place[alike]]]
    changed = np.ones(len(samples), bool)
    if len(alike):
        each = counts[alike]
        pair = new.take(_ranges(starts[alike], each)), old.take(_ranges(old_starts[place[alike]], each))
        changed[alike] = np.logical_or.reduceat(_differ(*pair), np.cumsum(each) - each)
    lost = np.ones(len(old_samples), bool)
    lost[place[is_there]] = False
    return Changed(new.filter(pa.array(np.repeat(changed, counts))), old["sample_id"].take(old_starts[lost]))


def _ranges(starts: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The numbers from each start on, so many."""
    ends = np.cumsum(counts)
    numbers: npt.NDArray[np.int64] = np.arange(ends[-1]) + np.repeat(starts - (ends - counts), counts)
    return numbers


def _differ(one: pa.Table, other: pa.Table) -> npt.NDArray[np.bool_]:
    """Whether the rows of two tables of equal length differ in any column."""
    found = np.zeros(len(one), bool)
    for name in one.schema.names:
        columns: list[Any] = [table[name].combine_chunks() for table in (one, other)]
        if columns[0].equals(columns[1]):
            continue
        try:
            unequal = pc.fill_null(pc.not_equal(*columns), False).to_numpy(zero_copy_only=False)
            nulls = [column.is_null().to_numpy(zero_copy_only=False) for column in columns]
            found |= unequal | (nulls[0] != nulls[1])
        except pa.ArrowNotImplementedError:
            found |= np.array([a != b for a, b in zip(*(column.to_pylist() for column in columns), strict=True)], bool)
    return found
