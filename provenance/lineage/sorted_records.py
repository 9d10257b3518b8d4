"""The records of one sidecar by ranges of their ids: in a file sorted by id, row groups and where they begin and end.

Several threads may read at once, each its own ranges. What is read is checked: row groups are in the order of their
ids, records are within a row group, and statistics say what it holds. So no record is missed or read twice, whatever
the file is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.errors import SidecarError
from provenance.identity.id_arrays import bytes_of_ids
from provenance.identity.id_order import heads_of
from provenance.lineage.coded_columns import CodedColumn
from provenance.lineage.id_ranges import IdRange
from provenance.lineage.sidecar import Sidecar
from provenance.lineage.sidecar_form import named_if_unreadable
from provenance.stored import readable


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


class _Group(NamedTuple):
    """The row group at ``place`` of the file of number ``file``."""

    file: int
    place: int
    records: int
    least: bytes
    greatest: bytes


class SortedRecords:
    """The records of ``sidecar``; ``texts``: columns whose texts are read as dictionaries.

    Raises:
        SidecarError: the sidecar cannot be read, or its records are not in the order of their ids; this holds of every
            method.
    """

    def __init__(self, sidecar: Sidecar, texts: Sequence[str] = ()) -> None:
        self._sidecar = sidecar
        # In the order of their ids.
        self._files = sidecar.files
        self._texts = list(texts)
        self._metadata: dict[int, pq.FileMetaData] = {}
        # Of each file, the numbers of its columns.
        self._columns: dict[int, dict[str, int]] = {}
        self._groups = [group for file in range(len(self._files)) for group in self._groups_of(file)]
        self._least = [group.least for group in self._groups]
        self._greatest = [group.greatest for group in self._groups]
        ends = [bound for group in self._groups for bound in (group.least, group.greatest)]
        if ends != sorted(ends):
            raise self._disorder()
        self._starts = np.cumsum([0, *(group.records for group in self._groups)])

    def records(self, each: IdRange) -> int:
        """How many records must be read for the range: those of all row groups that may have some of it."""
        found = self._meeting(each)
        return int(self._starts[found.stop] - self._starts[found.start])

    def read(self, each: IdRange, columns: Sequence[str] = ()) -> RecordsInRange:
        """The records of the range, with the values of ``columns``."""
        groups = self._meeting(each)
        if not groups:
            return self._nothing(columns)
        there = [name for name in columns if not all(self._is_null(name, group) for group in groups)]
        table = self._table(groups, ["sample_id", *there])
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

    def _nothing(self, columns: Sequence[str]) -> RecordsInRange:
        ids = np.empty((0, self._sidecar.digest_size), np.uint8)
        return RecordsInRange(ids, np.empty(0, np.uint64), None, dict.fromkeys(columns), range(0), 0)

    def values(self, groups: range, places: npt.NDArray[np.int64], columns: Sequence[str]) -> dict[str, CodedColumn]:
        """``columns`` of the records at ``places``, in order, among all that ``groups`` have."""
        starts = self._starts[groups.start : groups.stop + 1] - self._starts[groups.start]
        numbers = np.diff(np.searchsorted(places, starts))
        wanted = np.flatnonzero(numbers)
        some = [groups[number] for number in wanted]
        there = [name for name in columns if not all(self._is_null(name, group) for group in some)]
        if not there:
            return {name: CodedColumn(None, places) for name in columns}
        # Places among what the groups have that are read, and not all.
        sizes = np.diff(starts)[wanted]
        before = starts[wanted] - (np.cumsum(sizes) - sizes)
        places = places - np.repeat(before, numbers[wanted])
        table = self._table(some, there)
        return {name: CodedColumn(table[name] if name in there else None, places) for name in columns}

    def _meeting(self, each: IdRange) -> range:
        """The row groups that may have records of the range, by their places in ``_groups``."""
        first = bisect_left(self._greatest, each.lower)
        last = len(self._least) if each.upper is None else bisect_left(self._least, each.upper)
        return range(first, max(first, last))

    def _ordered(self, column: pa.ChunkedArray, groups: range) -> tuple[Any, Any, Any]:
        """Ids as bytes, as keys, and whether each is another than the one before (None: all are)."""
        ids = bytes_of_ids(column.combine_chunks())
        keys = heads_of(ids)
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

    def _groups_of(self, file: int) -> Iterator[_Group]:
        """The row groups of a file that have records."""
        with self._opened(file) as opened:
            self._metadata[file], schema = opened.metadata, opened.metadata.schema
            self._columns[file] = {schema.column(number).path: number for number in range(len(schema))}
            for place in range(opened.num_row_groups):
                group = opened.metadata.row_group(place)
                if group.num_rows:
                    stated = group.column(self._columns[file]["sample_id"]).statistics
                    yield _Group(file, place, group.num_rows, *_ends(opened, place, stated))

    def _is_null(self, name: str, group: int) -> bool:
        """Whether statistics say that the column has no value in the row group."""
        file, place, *_ = self._groups[group]
        if name not in self._columns[file]:
            # Lists, which may be empty without being null.
            return False
        chunk = self._metadata[file].row_group(place).column(self._columns[file][name])
        stated = chunk.statistics
        return stated is not None and stated.has_null_count and stated.null_count == chunk.num_values

    def _table(self, groups: Iterable[int], columns: list[str]) -> pa.Table:
        places = ((file, [self._groups[group].place for group in some]) for file, some in self._by_file(groups))
        return pa.concat_tables(file.read_row_groups(some, columns, use_threads=False) for file, some in places)

    def _by_file(self, groups: Iterable[int]) -> Iterator[tuple[pq.ParquetFile, Iterator[int]]]:
        for number, some in groupby(groups, key=lambda group: self._groups[group].file):
            with self._opened(number) as file:
                yield file, some

    @contextmanager
    def _opened(self, number: int) -> Iterator[pq.ParquetFile]:
        path = self._files[number]
        with (
            named_if_unreadable(path),
            pq.ParquetFile(readable(path), metadata=self._metadata.get(number), read_dictionary=self._texts) as file,
        ):
            yield file

    def _disorder(self) -> SidecarError:
        return SidecarError(
            f"{self._sidecar.path}: its records are not in the order of their ids; it is damaged, restore it with "
            "`dvc checkout`"
        )


def _ends(file: pq.ParquetFile, group: int, stated: pq.Statistics | None) -> tuple[bytes, bytes]:
    """The first and the last id of a row group, as its statistics say, if it has any."""
    if stated is not None and stated.has_min_max:
        return stated.min, stated.max
    ids = file.read_row_group(group, ["sample_id"])["sample_id"]
    return ids[0].as_py(), ids[-1].as_py()
