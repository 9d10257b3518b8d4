"""Rows that come as Arrow columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.errors import DataError
from provenance.identity.arrow_values import holds_json, plain, python_values
from provenance.identity.canonical import ContentError
from provenance.identity.formats.interface import BLOCK_BYTES, LONGEST_ROW, Block, RowError
from provenance.identity.json_text import JSON_SPACE

MOST_ROWS = 32_768

_Sizes: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.int64]]"


class ArrowBlock(Block):
    """Columns as a file holds them, not yet checked for damage."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def unchecked_columns(self) -> pa.Table:
        return self.table

    def picked(self, offsets: Sequence[int]) -> tuple[int, Block]:
        return self.table.num_rows, ArrowBlock(rows_at(self.table, offsets))

    def columns(self, exact: Callable[[str], bool]) -> pa.Table | None:
        try:
            for name in filter(exact, self.table.column_names):
                self.table[name].validate(full=True)  # among other things, that text is UTF-8
        except pa.ArrowInvalid:
            return None
        if any(holds_json(self.table.schema.field(name).type) for name in filter(exact, self.table.column_names)):
            return None
        return None if any(map(_has_null_in_json, self.table.columns)) else self.table

    def rows(self) -> Iterator[dict[str, object]]:
        try:
            yield from _rows_of(self.table)
        except ContentError:
            # Some row cannot be read: find it.
            for offset in range(self.table.num_rows):
                try:
                    yield from _rows_of(self.table.slice(offset, 1))
                except ContentError as error:
                    raise RowError(offset, str(error)) from None


def rows_at(table: pa.Table, offsets: Sequence[int]) -> pa.Table:
    """Those rows of ``table`` that it has, of ``offsets``; views, so the other rows are not looked at."""
    return pa.concat_tables(
        [table.slice(0, 0), *(table.slice(offset, 1) for offset in offsets if offset < table.num_rows)]
    )


def _has_null_in_json(column: pa.ChunkedArray) -> bool:
    """Whether a value of a column of JSON is the text of a null, which is to be taken for one."""
    if not isinstance(column.type, pa.JsonType):
        return False
    texts = (chunk.storage.cast(pa.large_string()) for chunk in column.chunks)
    return any(pc.any(pc.equal(pc.utf8_trim(text, JSON_SPACE), "null")).as_py() for text in texts)


def numbered_tables(path: Path, tables: Iterator[pa.Table], before: int = 0) -> Iterator[tuple[int, pa.Table]]:
    """Each table with the number of rows before it, starting at ``before``; RowError becomes DataError with its row."""
    try:
        for table in tables:
            yield before, table
            before += table.num_rows
    except RowError as error:
        raise DataError(path, before + error.offset + 1, error.problem) from None


def rows_of(tables: Iterable[tuple[int, pa.Table]], kept: npt.NDArray[np.bool_]) -> Iterator[pa.Table]:
    """The rows of numbered tables for which ``kept``, one value a row, is true."""
    for before, table in tables:
        mask = pa.array(kept[before : before + table.num_rows])
        columns = [_filtered(column, mask) for column in table.columns]
        yield pa.Table.from_arrays(columns, schema=table.schema) if columns else table.filter(mask)


def _filtered(column: pa.ChunkedArray, mask: pa.BooleanArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        # Arrow picks nothing out of views, and to join slices of them would repeat all that they view.
        picked = pa.chunked_array([plain(chunk) for chunk in column.chunks], plain(pa.array([], kind)).type)
        return picked.filter(mask).cast(kind)
    if pa.types.is_run_end_encoded(kind):
        picked = pa.chunked_array([pc.run_end_decode(chunk) for chunk in column.chunks], kind.value_type)
        return pa.chunked_array(
            [pc.run_end_encode(chunk, kind.run_end_type) for chunk in picked.filter(mask).chunks], kind
        )
    return column.filter(mask)


def _bytes_of(table: pa.Table) -> int:
    try:
        return int(table.nbytes)
    except pa.ArrowException:  # of views, before Arrow 22
        return int(table.get_total_buffer_size())


def cut(table: pa.Table) -> Iterator[pa.Table]:
    """Slices of ``table`` that stay near BLOCK_BYTES also when what is stored once and repeated is written out.

    Raises:
        RowError: a row is too long; those before it have been yielded.
    """
    if not table.num_rows:
        return
    average = _bytes_of(table) // table.num_rows + 1
    for start in range(0, table.num_rows, MOST_ROWS):
        piece = table.slice(start, MOST_ROWS).combine_chunks()
        sizes = np.full(piece.num_rows, average, np.int64)
        for column in piece.columns:
            for chunk in column.chunks:
                sizes += _repeated_bytes(chunk)
        yield from _cut_by_size(piece, sizes)


def _cut_by_size(table: pa.Table, sizes: _Sizes) -> Iterator[pa.Table]:
    """Slices of ``table``, whose rows have ``sizes`` bytes."""
    if sizes.sum() <= 2 * BLOCK_BYTES:
        yield table
        return
    before = 0
    starts = [0]
    for row, size in enumerate(sizes.tolist()):
        if before + size > BLOCK_BYTES and row > starts[-1]:
            starts.append(row)
            before = 0
        before += size
    for start, end in pairwise([*starts, table.num_rows]):
        if sizes[start] > LONGEST_ROW:
            raise RowError(0, f"longer than {LONGEST_ROW >> 20} MiB, the most that a row may be")
        yield table.slice(start, end - start)


def _repeated_bytes(array: pa.Array) -> _Sizes | int:
    """Bytes of each value (at most) that are stored elsewhere once: of dictionaries and runs, at any depth."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return _repeated_bytes(array.storage)
    if pa.types.is_run_end_encoded(kind):
        return int(_value_bytes(array.values).max(initial=0))
    if pa.types.is_dictionary(kind):
        return _integers(pa.array(_value_bytes(array.dictionary)).take(array.indices))
    if pa.types.is_struct(kind):
        return sum((_repeated_bytes(child) for child in array.flatten()), start=0)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        elements = _repeated_bytes(array.flatten())
        lengths = _integers(pc.list_value_length(array))
        if isinstance(elements, int):
            elements = np.full(int(lengths.sum()), elements, np.int64)
        ends = np.cumsum(lengths)
        totals = np.concatenate([np.zeros(1, np.int64), np.cumsum(elements)])
        sums: _Sizes = totals[ends] - totals[ends - lengths]
        return sums
    return 0


def longest_value(array: pa.Array) -> int:
    """The length in bytes of the longest value of the dictionaries in ``array``, at any depth."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return int(_value_bytes(array.dictionary).max(initial=0))
    if pa.types.is_struct(kind):
        return sum(longest_value(child) for child in array.flatten())
    if pa.types.is_map(kind):
        return longest_value(array.keys) + longest_value(array.items)
    return longest_value(array.values) if pa.types.is_list(kind) or pa.types.is_large_list(kind) else 0


def _integers(array: pa.Array) -> _Sizes:
    return np.asarray(pc.fill_null(array, 0).to_numpy(zero_copy_only=False), np.int64)


def _value_bytes(array: pa.Array) -> _Sizes:
    """Bytes of each value of a dictionary or of runs, at most: of nested values, those of all."""
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind):
        return _integers(pc.binary_length(array))
    return np.full(len(array), array.get_total_buffer_size() if pa.types.is_nested(kind) else 8, np.int64)


def _rows_of(table: pa.Table) -> list[dict[str, object]]:
    columns = []
    for name in table.column_names:
        try:
            columns.append([value for chunk in table[name].chunks for value in python_values(chunk)])
        except ContentError as error:
            raise ContentError(error.problem, (name, *error.location)) from None
    names = table.column_names
    rows = zip(*columns, strict=True) if columns else [()] * table.num_rows
    return [dict(zip(names, row, strict=True)) for row in rows]
