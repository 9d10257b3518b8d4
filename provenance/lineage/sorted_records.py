"""The records of one sidecar by ranges of their ids: in a file sorted by id, row groups and where they begin and end.

Several threads may read at once, each its own ranges. What is read is checked: row groups are in the order of their
ids, records are within a row group, and statistics say what it holds. So no record is missed or read twice, whatever
the file is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.errors import SidecarError
from provenance.identity.id_arrays import bytes_of_ids
from provenance.lineage.coded_columns import CodedColumn
from provenance.lineage.id_ranges import IdRange
from provenance.lineage.sidecar import Sidecar

_KEY_BYTES = 8


@dataclass(frozen=True)
class RecordsInRange:
    """Records of a range, in the order of their ids. ``ids``: a line of bytes for each; ``keys``: their first bytes as
    numbers; ``is_first``: whether the sample is another than the one before, None where all are.

    ``columns``: those that were asked for; None where each value is null. ``groups`` are the row groups, and ``first``
    is the place of the first record among all that these have.
    """

    ids: npt.NDArray[np.uint8]
    keys: npt.NDArray[np.uint64]
    is_first: npt.NDArray[np.bool_] | None
    columns: dict[str, pa.ChunkedArray | None]
    groups: range
    first: int


class SortedRecords:
    """The records of ``sidecar``; ``names``: columns whose texts are read as dictionaries.

    Raises:
        SidecarError: the sidecar cannot be read, or its records are not in the order of their ids; this holds of every
            method.
    """

    def __init__(self, sidecar: Sidecar, texts: Sequence[str] = ()) -> None:
        self._sidecar = sidecar
        self._texts = list(texts)
        self._metadata: pq.FileMetaData | None = None
        with self._file() as file:
            self._metadata = file.metadata
            self._columns = {file.metadata.schema.column(n).path: n for n in range(file.metadata.num_columns)}
            # Those of row groups that have records.
            self._groups, self._least, self._greatest = self._bounds(file)
        ends = [bound for each in zip(self._least, self._greatest, strict=True) for bound in each]
        if ends != sorted(ends):
            raise self._disorder()
        self._starts = np.cumsum([0, *(self._metadata.row_group(group).num_rows for group in self._groups)])

    def records(self, each: IdRange) -> int:
        """How many records must be read for the range: those of all row groups that may have some of it."""
        found = self._meeting(each)
        return int(self._starts[found.stop] - self._starts[found.start])

    def read(self, each: IdRange, columns: Sequence[str] = ()) -> RecordsInRange:
        """The records of the range, with the values of ``columns``."""
        groups = self._meeting(each)
        there = [name for name in columns if not self._all_null(name, groups)]
        with self._file() as file:
            table = self._table(file, groups, ["sample_id", *there])
        ids, keys, is_first = self._ordered(table["sample_id"], groups)
        raw = ids.view(f"S{ids.shape[1]}").ravel()
        start = int(np.searchsorted(raw, np.array(each.lower, raw.dtype)))
        end = len(raw) if each.upper is None else int(np.searchsorted(raw, np.array(each.upper, raw.dtype)))
        part = slice(start, end)
        if is_first is not None:
            is_first = is_first[part]
            # A range has all records of a sample, or none.
            is_first[:1] = True
        read = {name: table[name].slice(start, end - start) if name in there else None for name in columns}
        return RecordsInRange(ids[part], keys[part], is_first, read, groups, start)

    def values(self, groups: range, places: npt.NDArray[np.int64], columns: Sequence[str]) -> dict[str, CodedColumn]:
        """``columns`` of the records at ``places``, in order, among all that ``groups`` have."""
        starts = self._starts[groups.start : groups.stop + 1] - self._starts[groups.start]
        ends = np.searchsorted(places, starts)
        found = {name: CodedColumn() for name in columns}
        with self._file() as file:
            for number, group in enumerate(groups):
                here = places[ends[number] : ends[number + 1]] - starts[number]
                if len(here):
                    self._take(file, range(group, group + 1), here, found)
        return found

    def _take(self, file: pq.ParquetFile, group: range, places: Any, columns: dict[str, CodedColumn]) -> None:
        there = [name for name in columns if not self._all_null(name, group)]
        table = self._table(file, group, there)
        for name, column in columns.items():
            if name in there:
                column.add(table[name], places)
            else:
                column.add_nulls(len(places))

    def _meeting(self, each: IdRange) -> range:
        """The row groups that may have records of the range, by their places in ``_groups``."""
        first = bisect_left(self._greatest, each.lower)
        last = len(self._least) if each.upper is None else bisect_left(self._least, each.upper)
        return range(first, max(first, last))

    def _ordered(self, column: pa.ChunkedArray, groups: range) -> tuple[Any, Any, Any]:
        """Ids as bytes, as keys, and whether each is another than the one before (None: all are)."""
        ids = bytes_of_ids(column.combine_chunks())
        keys = _keys(ids)
        raw = ids.view(f"S{ids.shape[1]}").ravel()
        close = np.flatnonzero(keys[1:] <= keys[:-1])
        here, before = raw[close + 1], raw[close]
        # Bytes at the end that are zero do not count for numpy; as all ids are of one length, that makes no difference.
        if bool(np.any(here < before)):
            raise self._disorder()
        starts = self._starts[groups.start : groups.stop + 1] - self._starts[groups.start]
        for number, group in enumerate(groups):
            least, greatest = ids[starts[number]], ids[starts[number + 1] - 1]
            if (least.tobytes(), greatest.tobytes()) != (self._least[group], self._greatest[group]):
                raise self._disorder()
        if not len(close):
            return ids, keys, None
        is_first = np.ones(len(ids), bool)
        is_first[close[here == before] + 1] = False
        return ids, keys, is_first

    def _bounds(self, file: pq.ParquetFile) -> tuple[list[int], list[bytes], list[bytes]]:
        groups, least, greatest = [], [], []
        place = self._columns["sample_id"]
        for group in range(file.num_row_groups):
            if not file.metadata.row_group(group).num_rows:
                continue
            groups.append(group)
            stated = file.metadata.row_group(group).column(place).statistics
            if stated is not None and stated.has_min_max:
                ends = stated.min, stated.max
            else:
                ids = file.read_row_group(group, ["sample_id"])["sample_id"]
                ends = ids[0].as_py(), ids[-1].as_py()
            least.append(ends[0])
            greatest.append(ends[1])
        return groups, least, greatest

    def _all_null(self, name: str, groups: range) -> bool:
        """Whether statistics say that the column has no value in these row groups."""
        assert self._metadata is not None
        chunks = (self._metadata.row_group(self._groups[group]).column(self._columns[name]) for group in groups)
        return all(
            chunk.statistics is not None
            and chunk.statistics.has_null_count
            and chunk.statistics.null_count == chunk.num_values
            for chunk in chunks
        )

    def _table(self, file: pq.ParquetFile, groups: range, columns: list[str]) -> pa.Table:
        return file.read_row_groups([self._groups[group] for group in groups], columns, use_threads=False)

    @contextmanager
    def _file(self) -> Iterator[pq.ParquetFile]:
        path = self._sidecar.path
        try:
            with pq.ParquetFile(path, metadata=self._metadata, read_dictionary=self._texts) as file:
                yield file
        except (pa.ArrowException, OSError) as error:
            first_line = str(error).strip().split("\n")[0]
            raise SidecarError(f"{path}: cannot be read ({first_line}); restore it with `dvc checkout`") from error

    def _disorder(self) -> SidecarError:
        return SidecarError(
            f"{self._sidecar.path}: its records are not in the order of their ids; it is damaged, restore it with "
            "`dvc checkout`"
        )


def _keys(ids: Any) -> Any:
    """The first bytes of each id as a number, so that numbers are in the order of the ids."""
    size = ids.shape[1]
    if size % _KEY_BYTES == 0:
        return ids.view(">u8")[:, 0].astype(np.uint64)
    padded = np.zeros((len(ids), _KEY_BYTES), np.uint8)
    padded[:, : min(size, _KEY_BYTES)] = ids[:, :_KEY_BYTES]
    return padded.view(">u8").ravel().astype(np.uint64)
