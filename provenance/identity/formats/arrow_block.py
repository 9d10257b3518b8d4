"""Rows that come as Arrow columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from provenance.errors import DataError
from provenance.identity.arrow_values import python_values
from provenance.identity.canonical import ContentError
from provenance.identity.formats.interface import Block, RowError


class ArrowBlock(Block):
    """Columns as a file holds them, not yet checked for damage."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def columns(self, exact: Callable[[str], bool]) -> pa.Table | None:
        try:
            for name in filter(exact, self.table.column_names):
                self.table[name].validate(full=True)  # among other things, that text is UTF-8
        except pa.ArrowInvalid:
            return None
        return self.table

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


def numbered_tables(path: Path, tables: Iterator[pa.Table], before: int = 0) -> Iterator[tuple[int, pa.Table]]:
    """Each table with the number of rows before it, starting at ``before``; RowError becomes DataError with its row."""
    try:
        for table in tables:
            yield before, table
            before += table.num_rows
    except RowError as error:
        raise DataError(path, before + error.offset + 1, error.problem) from None


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
