"""What is said of many rows, as columns: in the line that a journal has of a batch, and as Arrow's when it is read.

A column in JSON is one of

- a list with a value for each row, null where nothing is said
- ``{"of": […], "at": […]}``: the values that occur, and the place there of each row's
- ``{"ids": "…", "counts": […]}``: ids in hex, one after the other, and how many of them each row has; of none, null

Values are as in `lineage.schema.Birth`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from provenance.capture.birth_columns import decoded, written_type
from provenance.capture.recurring import placed
from provenance.lineage.schema import birth_schema

Column = Sequence[Any] | Mapping[str, Any]
_Value = TypeVar("_Value", bound=Hashable)


def coded(values: Sequence[_Value], made: Callable[[_Value], Any]) -> Column:
    """The column of what is ``made`` of each of ``values``, of which those that are equal are the same."""
    different, places = placed(values)
    return {"of": [*map(made, different)], "at": places}


def of_ids(ids: str, counts: Iterable[int]) -> Column:
    """The column of ``ids`` in hex, one after the other; ``counts``: how many of them each row has."""
    return {"ids": ids, "counts": [*counts]}


def births_of_columns(batches: Sequence[tuple[Mapping[str, Column], int]]) -> pa.RecordBatch:
    """The births that ``batches`` state, as one batch of `birth_schema`: the columns of each, and of how many rows."""
    schema = birth_schema()
    rows = sum(count for _, count in batches)
    found: list[pa.Array] = []
    for field in schema:
        if any(field.name in columns for columns, _ in batches):
            parts = [
                _read(columns[field.name], field.type) if field.name in columns else pa.nulls(count, field.type)
                for columns, count in batches
            ]
            found.append(parts[0] if len(parts) == 1 else pa.concat_arrays(parts))
        else:
            found.append(pa.nulls(rows, field.type))
    return pa.record_batch(found, schema=schema)


def _read(column: Column, kind: pa.DataType) -> pa.Array:
    if not isinstance(column, Mapping):
        return decoded(pa.array(column, written_type(kind)), kind)
    if "of" in column:
        values = decoded(pa.array(column["of"], written_type(kind)), kind)
        return values.take(pa.array(column["at"], pa.int32()))
    counts = np.array(column["counts"], np.int32)
    ids = decoded(_cut(column["ids"], int(counts.sum())), kind.value_type)
    offsets = np.append(np.int32(0), np.cumsum(counts, dtype=np.int32))
    return pa.ListArray.from_arrays(pa.array(offsets), ids, mask=pa.array(counts == 0))


def _cut(ids: str, count: int) -> pa.Array:
    """``ids``, which are equally long, as texts."""
    width = len(ids) // max(1, count)
    offsets = np.arange(count + 1, dtype=np.int32) * width
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(ids.encode("ascii")))
