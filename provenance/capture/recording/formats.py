"""Recorded rows, which are lines of JSON, as files of the format that a dataset's name says; never all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.errors import DataError
from provenance.identity.formats.interface import one_line

if TYPE_CHECKING:
    from pathlib import Path

# Writes rows, the lines of a file, to another; the dataset's path is for messages.
Writer = Callable[["Path", "Path", str], None]

# Rows of JSON Lines stand in the journal as they do in the dataset.
LINES = (".jsonl", ".ndjson")
_INSTEAD = "record to .jsonl"
_BATCH_ROWS = 16_384
_BATCH_BYTES = 16 << 20
_REFUSALS = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError)


def suffix_of(dataset: str) -> str | None:
    """The suffix of a dataset that can be recorded; None: in its format nothing is."""
    return next((suffix for suffix in (*LINES, *WRITERS) if dataset.lower().endswith(suffix)), None)


def _write_parquet(lines: Path, target: Path, dataset: str) -> None:
    """Columns have the types of their JSON values; a row that does not fit the others is an error.

    What JSON does not distinguish, null and nothing, Parquet does not either.
    """
    schema = pa.schema([])
    for first, rows in _batches(lines):
        schema = _schema_with(schema, rows, first, dataset)
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for first, rows in _batches(lines):
            try:
                writer.write_table(pa.Table.from_batches([_batch(rows, schema)]))
            except _REFUSALS as error:
                refused = _first_refused(rows, first, lambda row: _batch([row], schema))
                raise _does_not_fit(dataset, refused, error) from error


def _schema_with(schema: pa.Schema, rows: Sequence[dict[str, Any]], first: int, dataset: str) -> pa.Schema:
    """``schema``, with what the ``rows`` have beyond it."""
    try:
        return _unified(schema, rows)
    except _REFUSALS as error:
        problem = error
    for number, row in enumerate(rows, first):
        try:
            schema = _unified(schema, [row])
        except _REFUSALS as error:
            raise _does_not_fit(dataset, number, error) from error
    # Each row has a type that goes with the others', but not every value does: an integer that no float is equal to.
    refused = _first_refused(rows, first, lambda row: _batch([row], schema))
    raise _does_not_fit(dataset, refused, problem) from problem


def _unified(schema: pa.Schema, rows: Sequence[dict[str, Any]]) -> pa.Schema:
    found = pa.schema(list(pa.array(rows).type)) if any(rows) else pa.schema([])
    _require_columns(found)
    return pa.unify_schemas([schema, found], promote_options="permissive")


def _require_columns(fields: pa.Schema | pa.StructType) -> None:
    """Parquet has no struct without members."""
    for field in fields:
        kind = field.type
        while pa.types.is_list(kind):
            kind = kind.value_type
        if pa.types.is_struct(kind):
            if not kind.num_fields:
                raise pa.ArrowInvalid(f"the column {field.name!r} holds an object without members")
            _require_columns(kind)


def _batch(rows: Sequence[dict[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    if not schema.names:
        return pa.RecordBatch.from_pylist([], schema)
    return pa.RecordBatch.from_struct_array(pa.array(rows, pa.struct(list(schema)))).cast(schema)


def _first_refused(rows: Sequence[dict[str, Any]], first: int, write: Callable[[dict[str, Any]], object]) -> int | None:
    for number, row in enumerate(rows, first):
        try:
            write(row)
        except _REFUSALS:
            return number
    return None


def _does_not_fit(dataset: str, row: int | None, error: Exception) -> DataError:
    return DataError(dataset, row, f"does not fit the columns of the other rows: {one_line(error)}; {_INSTEAD}")


def _write_csv(lines: Path, target: Path, dataset: str, *, delimiter: str) -> None:
    """Text is quoted, so that it stays text and empty text is not null; other values stand as JSON has them."""
    names = dict.fromkeys(name for _, rows in _batches(lines) for row in rows for name in row)
    if not names:
        raise DataError(dataset, None, f"no row has a column, so there would be no header; {_INSTEAD}")
    with open(target, "w", encoding="utf-8", newline="") as file:
        file.write(delimiter.join(map(_quoted, names)) + "\n")
        for first, rows in _batches(lines):
            for number, row in enumerate(rows, first):
                cells = [_cell(row.get(name), name, number, dataset) for name in names]
                file.write(delimiter.join(cells) + "\n")


def _cell(value: Any, name: str, row: int, dataset: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, (dict, list)):
        held = "an object" if isinstance(value, dict) else "a list"
        raise DataError(dataset, row, f"the column {name!r} holds {held}, which CSV cannot; {_INSTEAD} or .parquet")
    return orjson.dumps(value).decode()


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _batches(lines: Path) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The rows some at a time, bounded in number and in bytes, and the number of the first, from 1."""
    first, size = 1, 0
    rows: list[dict[str, Any]] = []
    with open(lines, "rb") as file:
        for line in file:
            rows.append(orjson.loads(line))
            size += len(line)
            if size > _BATCH_BYTES or len(rows) == _BATCH_ROWS:
                yield first, rows
                first, size, rows = first + len(rows), 0, []
    if rows:
        yield first, rows


WRITERS: dict[str, Writer] = {
    ".parquet": _write_parquet,
    ".csv": partial(_write_csv, delimiter=","),
    ".tsv": partial(_write_csv, delimiter="\t"),
}
