"""Reading a dataset's rows as Python values, for code that works row by row."""

from __future__ import annotations

import os
from collections.abc import Iterator

from provenance.errors import NoSuchRowError
from provenance.identity.field_names import RESERVED_COLUMNS
from provenance.identity.formats import open_reader
from provenance.identity.samples import Identity


def read_rows(path: str | os.PathLike[str], identity: Identity) -> Iterator[tuple[int, dict[str, object]]]:
    """The rows of the dataset at ``path``, each with its number (from 1), without the reserved columns.

    Timestamps, dates and times of day in Parquet are text as in the canonical form, so that a row can be written as
    JSON and keeps its id.

    Raises:
        DataError: the dataset, or a row of it, cannot be read; the rows before it have been yielded.
    """
    for number, row in open_reader(path, identity).numbered_rows():
        yield number, _without_reserved(row)


def read_row(path: str | os.PathLike[str], row: int, identity: Identity) -> dict[str, object]:
    """Row ``row`` (from 1) of the dataset at ``path``, without the reserved columns; see `read_rows`.

    Raises:
        DataError: there is no such row, or the dataset cannot be read up to it.
    """
    if row < 1:
        raise NoSuchRowError(path, row, "rows are counted from 1")
    found = open_reader(path, identity).row(row)
    if found is None:
        raise NoSuchRowError(path, row, "the dataset has fewer rows")
    return _without_reserved(found)


def row_id(path: str | os.PathLike[str], row: int, identity: Identity) -> str:
    """The sample id, in hex, of row ``row``, of which the identity's fields are content; raises as `read_row` does."""
    if row < 1:
        raise NoSuchRowError(path, row, "rows are counted from 1")
    found = open_reader(path, identity).sample_id(row)
    if found is None:
        raise NoSuchRowError(path, row, "the dataset has fewer rows")
    return found


def file_id(directory: str | os.PathLike[str], name: str, identity: Identity) -> str:
    """The sample id, in hex, of the file at the path ``name`` inside a directory in which each file is a sample.

    Raises:
        DataError: there is no such sample, or the directory's samples are not files.
    """
    return open_reader(directory, identity).file_id(name)


def _without_reserved(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name not in RESERVED_COLUMNS}
