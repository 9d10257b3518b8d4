"""Rows that are given together: columns of what is said of them, taken apart into what is said of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provenance.arguments import shown
from provenance.capture.recording.batch_errors import in_batch
from provenance.capture.recording.journal_lines import batch_line, row_line
from provenance.capture.recording.row_births import RowBirths, checked_key
from provenance.errors import ProvenanceError
from provenance.plurals import counted

if TYPE_CHECKING:
    from provenance.capture.recording.journal_lines import Key

# Of a batch, so many rows have a line of the journal together: damage to one costs all of these.
_AT_ONCE = 1024
# Fewer have a line each, which is quicker then.
_FEW = 16


@dataclass(frozen=True)
class Batch:
    """Rows as lines of the journal, with the key of each row."""

    lines: list[bytes | bytearray]
    keys: list[Key | None]


def batch_of(births: RowBirths, rows: Any, keys: Any, columns: Mapping[str, Any]) -> Batch:
    """The batch of ``rows``, which are the next to be recorded.

    ``columns``: what is said of them, in the order of the arguments of `RowBirths.of`, by the names of the arguments.

    Raises:
        ProvenanceError: something cannot be recorded; the message names the row of the batch.
    """
    values = _values("rows", rows)
    count = len(values)
    named: Sequence[Any] = [None] * count if keys is None else _column("keys", keys, count)
    said = [None if given is None else _column(name, given, count) for name, given in columns.items()]
    said[0] = _as_lists(said[0])
    # Row by row, what is wrong is found out where it is; where nothing is, the result is the same.
    with suppress(ProvenanceError, TypeError, ValueError, AttributeError):
        if count >= _FEW and births.takes_many(responses=columns["responses"]):
            checked = [None if key is None else checked_key(key) for key in named]
            return Batch([_line(births, values, checked, said, start) for start in range(0, count, _AT_ONCE)], checked)
    return _row_by_row(births, values, named, said)


def _as_lists(parents: Sequence[Any] | None) -> Sequence[Any] | None:
    """The parents of many rows, which may be gone through twice: not those that an iterator gives once."""
    if parents is None or not any(issubclass(kind, Iterator) for kind in set(map(type, parents))):
        return parents
    return [[*each] if isinstance(each, Iterator) else each for each in parents]


def _line(
    births: RowBirths, rows: Sequence[Any], keys: Sequence[Key | None], said: Sequence[Sequence[Any] | None], start: int
) -> bytearray:
    """The line of `_AT_ONCE` rows of a batch, those from ``start`` on."""
    part = slice(start, start + _AT_ONCE)
    some = rows[part]
    born = births.of_many([None if column is None else column[part] for column in said], len(some))
    return batch_line(births.encoded_many(some), born, keys[part])


def _row_by_row(
    births: RowBirths, rows: Sequence[Any], keys: Sequence[Any], said: Sequence[Sequence[Any] | None]
) -> Batch:
    about = zip(*([None] * len(rows) if column is None else column for column in said), strict=True)
    batch = Batch([], [])
    number = 0
    try:
        for number, (row, key, (parents, *others)) in enumerate(zip(rows, keys, about, strict=True), 1):
            birth = births.of(() if parents is None else parents, *others)
            encoded = births.encoded(row, number - 1)
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
