"""Rows that are given together: columns of what is said of them, taken apart into what is said of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provenance.arguments import shown
from provenance.capture.recording.batch_errors import in_batch
from provenance.capture.recording.journal import row_line
from provenance.capture.recording.row_births import RowBirths, Said, checked_key
from provenance.errors import ProvenanceError
from provenance.plurals import counted

if TYPE_CHECKING:
    from provenance.capture.recording.journal_content import Key


@dataclass(frozen=True)
class Batch:
    """Rows as lines of the journal, with the key of each."""

    lines: list[bytes]
    keys: list[Key | None]


def batch_of(births: RowBirths, rows: Any, keys: Any, columns: Mapping[str, Any], *, first_row: int) -> Batch:
    """The batch of ``rows``, the first of which is number ``first_row`` of the dataset.

    ``columns``: what is said of them, in the order of the fields of `Said`, by the names of the arguments.

    Raises:
        ProvenanceError: something cannot be recorded; the message names the row of the batch.
    """
    values = _values("rows", rows)
    count = len(values)
    named = [None] * count if keys is None else _column("keys", keys, count)
    said = [None if given is None else _column(name, given, count) for name, given in columns.items()]
    # Row by row, what is wrong is found out where it is; where nothing is, the result is the same.
    with suppress(ProvenanceError, TypeError, ValueError, AttributeError):
        if (born := births.of_many(said, count)) is not None:
            checked = [None if key is None else checked_key(key) for key in named]
            encoded = [births.encoded(row, first_row) for row in values]
            return Batch([*map(row_line, encoded, born, checked)], checked)
    return _row_by_row(births, values, named, said, first_row)


def _row_by_row(
    births: RowBirths, rows: Sequence[Any], keys: Sequence[Any], said: Sequence[Sequence[Any] | None], first_row: int
) -> Batch:
    about = zip(*([None] * len(rows) if column is None else column for column in said), strict=True)
    batch = Batch([], [])
    number = 0
    try:
        for number, (row, key, (parents, *others)) in enumerate(zip(rows, keys, about, strict=True), 1):
            birth = births.of(Said(() if parents is None else parents, *others))
            encoded = births.encoded(row, first_row + number - 1)
            batch.keys.append(None if key is None else checked_key(key))
            batch.lines.append(row_line(encoded, birth, batch.keys[-1]))
    except ProvenanceError as error:
        raise in_batch(error, number) from error
    return batch


def _column(name: str, given: Any, count: int) -> Sequence[Any]:
    values = _values(name, given)
    if len(values) != count:
        raise ProvenanceError(f"{name}: {len(values):,} for {counted(count, 'row')}; give one for each row, or None")
    return values


def _values(name: str, given: Any) -> Sequence[Any]:
    """The values of a list, of an Arrow array or table, or of an array of numpy's."""
    as_list = getattr(given, "to_pylist", None) or getattr(given, "tolist", None)
    if as_list is not None:
        names = getattr(given, "column_names", ())
        if len(set(names)) < len(names):
            raise ProvenanceError(f"{name}: the table has two columns of one name; rename one of them")
        values = as_list()
    else:
        values = given
    if isinstance(values, Mapping) or not isinstance(values, Sequence) or isinstance(values, (str, bytes)):
        # A data frame written out would be pages, with nothing of what to do.
        what = f"a {type(given).__name__}" if hasattr(given, "columns") else shown(given)
        hint = "; give its to_dict('records')" if hasattr(given, "to_dict") else ""
        raise ProvenanceError(f"{name}: {what} is not a list or an Arrow table with a value for each row{hint}")
    return values
