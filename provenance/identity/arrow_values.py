"""Arrow arrays reduced to the types that matter here, and as Python values without loss."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.identity.canonical import ContentError, shown, time_text, timestamp_text
from provenance.identity.json_text import JSON_SPACE, parse_value

_VIEW_BYTES = 16
_NANOSECONDS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1000, "ns": 1}


def null_where(where: pa.Array, values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """``values``, but null where ``where`` is true.

    Before Arrow 24, `if_else` with a null scalar makes an array of a slice of texts that reads past its end.
    """
    return pc.if_else(where, pa.nulls(len(values), values.type), values)


def plain(array: pa.Array) -> pa.Array:
    """``array`` without what only concerns storage: dictionaries, runs, views, extension types, narrow types."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return plain(array.storage)
    if pa.types.is_dictionary(kind):
        return plain(array.dictionary_decode())
    if pa.types.is_run_end_encoded(kind):
        return plain(pc.run_end_decode(array))
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return _without_views(array)
    if pa.types.is_string(kind):
        return array.cast(pa.large_string())
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return array.cast(pa.large_binary())
    if pa.types.is_float16(kind):
        return array.cast(pa.float32())
    if pa.types.is_fixed_size_list(kind):
        return array.cast(pa.large_list(kind.value_field))
    return array


def as_one(column: pa.ChunkedArray) -> pa.Array:
    """``column`` as one array; where it is one already, nothing is copied, as `combine_chunks` does."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def has_values(column: pa.ChunkedArray) -> bool:
    """Whether a value of ``column`` is not null, in whatever way it is stored."""
    kind = column.type.storage_type if isinstance(column.type, pa.BaseExtensionType) else column.type
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        # Nulls may stand among what is stored once, which is not counted.
        return any(plain(chunk).null_count < len(chunk) for chunk in column.chunks)
    return bool(column.null_count < len(column))


def _without_views(array: pa.Array) -> pa.Array:
    """Views as what they view. Behind a null one may point anywhere, which is never checked, and casts follow it."""
    if array.null_count:
        is_valid = array.is_valid().to_numpy(zero_copy_only=False)
        _, views, *data = array.buffers()
        ends = (array.offset * _VIEW_BYTES, (array.offset + len(array)) * _VIEW_BYTES)
        viewing = np.frombuffer(views, np.uint8)[slice(*ends)].reshape(-1, _VIEW_BYTES).copy()
        viewing[~is_valid] = 0
        bits = np.packbits(is_valid, bitorder="little")
        array = pa.Array.from_buffers(array.type, len(array), [pa.py_buffer(bits), pa.py_buffer(viewing), *data])
    return array.cast(pa.large_string() if pa.types.is_string_view(array.type) else pa.large_binary())


def python_values(array: pa.Array) -> list[Any]:
    """The values as Python's; null is None. Timestamps, dates and times of day are text, as in canonical form.

    Raises:
        ContentError: a map or struct with a key twice, a time beyond the years 1 to 9999, text that is not UTF-8, or
            not JSON where the type says that it is.
    """
    if isinstance(array.type, pa.JsonType):
        return [None if text is None else _parsed(text) for text in python_values(array.storage)]
    array = plain(array)
    kind = array.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        elements = iter(python_values(array.flatten()))
        lengths = pc.list_value_length(array).to_pylist()
        return [None if length is None else list(islice(elements, length)) for length in lengths]
    if pa.types.is_struct(kind):
        return _structs(array)
    if pa.types.is_map(kind):
        return _maps(array)
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        text = timestamp_text if pa.types.is_timestamp(kind) else time_text
        integers = array.cast(pa.int32() if pa.types.is_time32(kind) else pa.int64()).to_pylist()
        factor = _NANOSECONDS[kind.unit]
        return [None if value is None else text(value * factor) for value in integers]
    try:
        values: list[Any] = array.to_pylist()
    except UnicodeDecodeError:
        raise ContentError("text that is not UTF-8") from None
    except (OverflowError, ValueError):
        raise ContentError(f"a value of type {kind} that is out of range") from None
    return [None if value is None else value.isoformat() for value in values] if pa.types.is_date(kind) else values


def _parsed(text: str) -> object:
    """What the JSON ``text`` holds."""
    try:
        value, end = parse_value(text, len(text) - len(text.lstrip(JSON_SPACE)))
    except ValueError as error:
        raise ContentError(f"not valid JSON in a column of JSON: {error}") from None
    if text[end:].strip(JSON_SPACE):
        raise ContentError("not valid JSON in a column of JSON: something follows the value")
    return value


def holds_json(kind: pa.DataType) -> bool:
    """Whether values of this type are, or hold, text that stands for what it says as JSON."""
    if isinstance(kind, pa.JsonType):
        return True
    if pa.types.is_struct(kind):
        return any(holds_json(kind.field(index).type) for index in range(kind.num_fields))
    parts = ("value_type", "storage_type", "key_type", "item_type")
    return any(holds_json(part) for name in parts if (part := getattr(kind, name, None)) is not None)


def _structs(array: pa.StructArray) -> list[dict[str, Any] | None]:
    names = [array.type.field(index).name for index in range(array.type.num_fields)]
    require_distinct(names)
    children = [python_values(child) for child in array.flatten()]
    rows = zip(*children, strict=True) if children else [()] * len(array)
    present = array.is_valid().to_pylist()
    return [dict(zip(names, row, strict=True)) if valid else None for row, valid in zip(rows, present, strict=True)]


def _maps(array: pa.MapArray) -> list[dict[Any, Any] | None]:
    bounds = array.offsets.to_pylist()  # into all keys and items, also where the array is a slice
    keys = python_values(array.keys.slice(bounds[0], bounds[-1] - bounds[0]))
    items = python_values(array.items.slice(bounds[0], bounds[-1] - bounds[0]))
    maps: list[dict[Any, Any] | None] = []
    for valid, start, end in zip(array.is_valid().to_pylist(), bounds, bounds[1:], strict=False):
        members = slice(start - bounds[0], end - bounds[0])
        if valid:
            require_distinct(keys[members])
        maps.append(dict(zip(keys[members], items[members], strict=True)) if valid else None)
    return maps


def require_distinct(names: list[str]) -> None:
    """Raise ContentError where a name stands twice in ``names``."""
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ContentError(f"the key {shown(str(twice))} appears twice")
