"""Parquet, read a part of a row group at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.errors import DataError
from provenance.identity.formats.arrow_block import MOST_ROWS, ArrowBlock, cut, longest_value, numbered_tables, rows_of
from provenance.identity.formats.interface import BLOCK_BYTES, FileReader, RowError, columns_without, one_line
from provenance.identity.formats.parquet_pages import Pages
from provenance.identity.formats.schema_metadata import metadata_without, require_usable_names
from provenance.identity.samples import Identity
from provenance.stored import readable

_MOST_REPEATED_BYTES = 64 << 20  # in the rows that are read at a time

# What Arrow raises over a damaged file: a footer that contradicts itself leads to look-ups that fail.
DAMAGE = (pa.ArrowException, OSError, ValueError, LookupError, OverflowError)


class ParquetReader(FileReader):
    """See `Reader`."""

    def __init__(self, path: Path, identity: Identity) -> None:
        super().__init__(path, identity)
        self._opened: tuple[tuple[str, ...], pq.ParquetFile] | None = None

    def column_names(self) -> tuple[str, ...]:
        with self._open() as file:
            return tuple(file.schema_arrow.names)

    def blocks(self, columns: Collection[str] | None = None) -> Iterator[ArrowBlock]:
        with self._open() as file:
            for group in range(self.start or 0, file.num_row_groups):
                mark: int | None = group
                for table in self._group_tables(file, group, columns):
                    block = ArrowBlock(table)
                    block.mark, mark = mark, None
                    yield block

    def row(self, number: int) -> dict[str, object] | None:
        before = 0
        with self._open() as file:
            for group in range(file.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                if number <= before + rows:
                    return self._row_of_group(file, group, before, number)
                before += rows
        return None

    def has_columns(self, names: Collection[str]) -> bool:
        return not set(self.column_names()).isdisjoint(names)

    def write_without(self, names: Collection[str], target: Path) -> None:
        self._write(names, None, target)

    def write_rows(self, kept: npt.NDArray[np.bool_], target: Path) -> None:
        self._write((), kept, target)

    def _write(self, without: Collection[str], kept: npt.NDArray[np.bool_] | None, target: Path) -> None:
        with self._open() as file:
            whole = file.schema_arrow  # built on each access
            names = columns_without(self.path, whole.names, without) if without else list(whole.names)
            schema = pa.schema([whole.field(name) for name in names])
            schema = schema.with_metadata(metadata_without(whole.metadata, without))
            before = 0
            if file.num_row_groups:
                self._require_sound(file, 0, None)
            with pq.ParquetWriter(target, schema, compression=_compression(file)) as writer:
                for group in range(file.num_row_groups):
                    rows = file.metadata.row_group(group).num_rows
                    numbered = numbered_tables(self.path, self._group_tables(file, group, names), before)
                    tables = (table for _, table in numbered) if kept is None else rows_of(numbered, kept)
                    for table in tables:
                        for batch in pa.Table.from_arrays(table.select(names).columns, schema=schema).to_batches():
                            writer.write_batch(batch, row_group_size=max(rows, 1))
                    before += rows

    def _row_of_group(self, file: pq.ParquetFile, group: int, before: int, number: int) -> dict[str, object] | None:
        for first, table in numbered_tables(self.path, self._group_tables(file, group, None), before):
            if number <= first + table.num_rows:
                try:
                    return next(ArrowBlock(table.slice(number - first - 1, 1)).rows())
                except RowError as error:
                    raise DataError(self.path, number, error.problem) from None
        return None

    def _group_tables(self, file: pq.ParquetFile, group: int, columns: Collection[str] | None) -> Iterator[pa.Table]:
        # Batches never straddle row groups: Arrow cannot join nested columns there.
        metadata = file.metadata.row_group(group)
        row_bytes = max(metadata.total_byte_size // max(metadata.num_rows, 1), 1)
        size = max(min(BLOCK_BYTES // row_bytes, MOST_ROWS), 1)
        names = None if columns is None else list(columns)
        self._pages.check(group, _leaves(file, names))
        if size * self._pages.repeated_bytes(group, _leaves(file, names)) > _MOST_REPEATED_BYTES:
            size = max(min(size, _MOST_REPEATED_BYTES // self._longest_repeated(file, group, names)), 1)
        read = 0
        try:
            for batch in file.iter_batches(size, row_groups=[group], columns=names, use_threads=False):
                yield from cut(pa.Table.from_batches([batch]))
                read += batch.num_rows
        except DAMAGE as error:
            raise RowError(0, f"the Parquet file cannot be read any further: {one_line(error)}") from None
        if read != metadata.num_rows:
            raise RowError(0, "the Parquet file holds fewer rows than its footer says")

    def _require_sound(self, file: pq.ParquetFile, group: int, names: list[str] | None) -> None:
        """Read one row of the row group, once its pages are known to be of a size to be read.

        Where the footer contradicts itself, that is refused: asked for the metadata of such a column, Arrow would end
        the whole process.
        """
        self._pages.check(group, _leaves(file, names))
        try:
            next(file.iter_batches(1, row_groups=[group], columns=names, use_threads=False), None)
        except DAMAGE as error:
            raise RowError(0, f"the Parquet file cannot be read any further: {one_line(error)}") from None

    @cached_property
    def _pages(self) -> Pages:
        return Pages(self.path)

    def _longest_repeated(self, file: pq.ParquetFile, group: int, names: list[str] | None) -> int:
        """Bytes that a row may take, at most, from the row group's dictionaries, which are read to find out."""
        longest = self._pages.longest_repeated(group, _leaves(file, names))
        if longest is not None:
            return 1 + longest
        try:
            coded = self._coded(tuple(file.schema.column(leaf).path for leaf in _leaves(file, names)))
            first = next(coded.iter_batches(1, row_groups=[group], columns=names, use_threads=False), None)
        except DAMAGE as error:
            raise RowError(0, f"the Parquet file cannot be read any further: {one_line(error)}") from None
        return 1 + sum(longest_value(column) for column in (first.columns if first is not None else ()))

    def _coded(self, paths: tuple[str, ...]) -> pq.ParquetFile:
        """The file, whose leaf columns at ``paths`` are read as dictionaries where they are stored as such."""
        if self._opened is None or self._opened[0] != paths:
            self._opened = paths, pq.ParquetFile(readable(self.path), read_dictionary=list(paths))
        return self._opened[1]

    @contextmanager
    def _open(self) -> Iterator[pq.ParquetFile]:
        try:
            file = pq.ParquetFile(readable(self.path))
        except DAMAGE as error:
            problem = f"not a Parquet file, or cut short: {one_line(error)}"
            raise DataError(self.path, None, problem) from None
        with file:
            require_usable_names(file.schema_arrow, self.path)
            yield file


READER = ParquetReader


def _leaves(file: pq.ParquetFile, names: list[str] | None) -> list[int]:
    """The numbers of the leaf columns that belong to the columns ``names`` (None: to all)."""
    paths = (file.schema.column(leaf).path for leaf in range(len(file.schema)))
    return [leaf for leaf, path in enumerate(paths) if names is None or path.split(".")[0] in names]


def _compression(file: pq.ParquetFile) -> dict[str, str] | str:
    """The compression of each column, as `ParquetWriter` takes it, from the first row group."""
    if not file.metadata.num_row_groups:
        return "zstd"
    group = file.metadata.row_group(0)
    # Named as in the schema, whose names are checked; a damaged chunk names itself otherwise.
    found = {file.schema.column(index).path: group.column(index).compression for index in range(group.num_columns)}
    return {path: "NONE" if compression == "UNCOMPRESSED" else compression for path, compression in found.items()}
