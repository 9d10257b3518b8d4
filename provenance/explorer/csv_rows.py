"""All rows that fit a filter as CSV, written while they are read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provenance.explorer.row_pages import Reading, Row

_NAMES = (
    *("row", "place", "sample_id", "origin", "kind", "model", "depth", "source", "license", "evidence"),
    *("may_fit", "births", "text"),
)
# What spreadsheets take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ROWS_AT_ONCE = 500


def csv_of(reading: Reading) -> Iterator[str]:
    """The lines, some at a time, the names of the columns first."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(_NAMES)
    for number, row in enumerate(reading.rows(), 1):
        writer.writerow([_cell(value) for value in _values(row)])
        if number % _ROWS_AT_ONCE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _values(row: Row) -> tuple[object, ...]:
    node = row.node
    return (
        *(row.number, row.place, node.sample_id, node.origin, node.kind, node.model, node.depth, node.source),
        *(node.license, node.evidence, "yes" if row.may_fit else "", node.births, row.text),
    )


def _cell(value: object) -> object:
    """Text that a spreadsheet would take for a formula begins with an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
