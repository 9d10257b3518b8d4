"""Rows that are read before it is known where a block ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from provenance.identity.formats.interface import BLOCK_BYTES, Block, RowError

if TYPE_CHECKING:
    import pyarrow as pa


class RowBlock(Block):
    """Rows as Python values."""

    def __init__(self, rows: list[dict[str, object]]) -> None:
        self._rows = rows

    def rows(self) -> Iterator[dict[str, object]]:
        return iter(self._rows)

    def columns(self, exact: Callable[[str], bool]) -> pa.Table | None:
        return None


def blocks_of(sized_rows: Iterable[tuple[dict[str, object], int]]) -> Iterator[RowBlock]:
    """Rows, each with its size (bytes or characters), in blocks; an error comes after the rows before it."""
    rows: list[dict[str, object]] = []
    size = 0
    try:
        for row, row_size in sized_rows:
            rows.append(row)
            size += row_size
            if size >= BLOCK_BYTES:
                yield RowBlock(rows)
                rows, size = [], 0
    except RowError as error:
        if rows:
            yield RowBlock(rows)
        raise error from None
    if rows:
        yield RowBlock(rows)
