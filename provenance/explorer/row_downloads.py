"""All rows that fit a filter as a file, CSV or JSON, written while they are read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provenance.explorer.row_pages import Reading, Row

_NAMES = (
    *("row", "place", "sample_id", "origin", "kind", "model", "stage", "depth", "source", "license", "evidence"),
    *("may_fit", "births", "text"),
)
# What spreadsheets take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Download:
    """A format of rows: its media type, and what writes it, some rows at a time."""

    media_type: str
    written: Callable[[Reading], Iterator[str]]


def csv_of(reading: Reading) -> Iterator[str]:
    """The lines, the names of the columns first."""
    yield _csv_lines([_NAMES])
    for some in _batches(reading):
        yield _csv_lines([_cell(value) for value in _values(row).values()] for row in some)


def json_of(reading: Reading) -> Iterator[str]:
    """A list of objects, one on each line; what is not known is null."""
    before = "[\n"
    for some in _batches(reading):
        yield before + ",\n".join(json.dumps(_values(row)) for row in some)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


# By the name that an address has for it.
DOWNLOADS: Mapping[str, Download] = {
    "csv": Download("text/csv; charset=utf-8", csv_of),
    "json": Download("application/json", json_of),
}


def _batches(reading: Reading) -> Iterator[list[Row]]:
    rows = reading.rows()
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        yield some


def _csv_lines(rows: Iterable[Iterable[object]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()


def _values(row: Row) -> dict[str, object]:
    node = row.node
    values = (
        *(row.number, row.place or None, node.sample_id, node.origin, node.kind, node.model, node.stage, node.depth),
        *(node.source, node.license, node.evidence, row.may_fit, node.births, row.text or None),
    )
    return dict(zip(_NAMES, values, strict=True))


def _cell(value: object) -> object:
    """Text that a spreadsheet would take for a formula begins with an apostrophe; only what is true is said."""
    if isinstance(value, bool):
        return "yes" if value else ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
