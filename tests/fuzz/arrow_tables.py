"""Arrow tables at random: sound ones, some with text that is not UTF-8, and ones whose buffers contradict them."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa

_TEXTS = ["", "a", "user", "some words of a text", "café", "日本語", "😀" * 3, "x" * 40, "é" * 30, "x" * 300]
_NAMES = ["text", "messages", "answer", "score", "id", "meta", "tags", "größe", "", "a", "_parents", "bytes"]
_SCALARS: list[pa.DataType] = [
    *(pa.string(), pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.bool_(), pa.null()),
    *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
    *(pa.float32(), pa.float64(), pa.float16(), pa.string_view(), pa.timestamp("us")),
    pa.dictionary(pa.int8(), pa.string()),
]
_FLOATS = [0.0, -0.0, 1.0, 0.5, -1.5, 65504.0, 2.0**-24, 2.0**-30, 1e300, 0.1, 2.0**63, -(2.0**63), 2.0**64, 1e-320]
_OF_BYTES = (pa.types.is_string, pa.types.is_binary, pa.types.is_large_string, pa.types.is_large_binary)


def table(chance: random.Random) -> pa.Table:
    """A sound table, but that texts may hold other bytes than they should."""
    rows = chance.choice([1, 1, 2, 5, 40])
    names = chance.sample(_NAMES, chance.randint(1, 4))
    columns = {name: _column(_type(chance, 0), rows, chance) for name in names}
    if chance.random() < 0.2:
        columns = {name: _with_bytes(column, chance) for name, column in columns.items()}
    return pa.table(columns)


def hostile(column: pa.Array, chance: random.Random) -> pa.Array:
    """``column`` over buffers of which some were changed or cut; raises pa.ArrowInvalid where Arrow notices."""
    return _from_buffers(column.type, len(column), iter(column.buffers()), column.offset, chance)


def _type(chance: random.Random, depth: int) -> pa.DataType:
    kind = chance.randrange(6 if depth < 3 else 4)
    if kind < 4:
        # Mostly of the types that are plain.
        return chance.choice(_SCALARS if chance.random() < 0.15 else _SCALARS[:6] + _SCALARS[7:17])
    if kind == 4:
        return chance.choice([pa.list_, pa.large_list])(_type(chance, depth + 1))
    names = chance.sample(["role", "content", "text", "b", "bytes", "path", ""], chance.randint(0, 3))
    return pa.struct([(name, _type(chance, depth + 1)) for name in names])


def _column(kind: pa.DataType, rows: int, chance: random.Random) -> pa.Array:
    nulls = chance.choice([0.0, 0.0, 0.3, 1.0])
    before, after = chance.choice([0, 0, 3, 9]), chance.choice([0, 2])
    values = [_value(kind, nulls, chance) for _ in range(before + rows + after)]
    return pa.array(values, kind).slice(before, rows)


def _value(kind: pa.DataType, nulls: float, chance: random.Random) -> Any:
    if chance.random() < nulls or pa.types.is_null(kind):
        return None
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [_value(kind.value_type, nulls, chance) for _ in range(chance.choice([0, 1, 2, 25]))]
    if pa.types.is_struct(kind):
        members = [kind.field(index) for index in range(kind.num_fields)]
        return {member.name: _value(member.type, nulls, chance) for member in members}
    return _scalar(kind, chance)


def _scalar(kind: pa.DataType, chance: random.Random) -> Any:
    if pa.types.is_boolean(kind):
        return chance.random() < 0.5
    if pa.types.is_floating(kind):
        value = chance.choice([*_FLOATS, chance.random(), float("nan") if chance.random() < 0.05 else 3.0])
        return value if kind != pa.float16() else pa.scalar(min(value, 60000.0), pa.float32()).as_py()
    if pa.types.is_integer(kind):
        bits = kind.bit_width - pa.types.is_signed_integer(kind)
        lowest = -(1 << bits) if pa.types.is_signed_integer(kind) else 0
        return chance.choice([0, 1, 23, 24, lowest, (1 << bits) - 1, chance.randint(lowest, (1 << bits) - 1)])
    if pa.types.is_timestamp(kind):
        return chance.randrange(10**15)
    text = chance.choice(_TEXTS)
    return text.encode() if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) else text


def _with_bytes(column: pa.Array, chance: random.Random) -> pa.Array:
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    validity, offsets, data = column.buffers()
    if data is None or not data.size:
        return column
    changed = bytearray(data.to_pybytes())
    changed[chance.randrange(len(changed))] = chance.choice([0x80, 0xC0, 0xED, 0xF5, 0xE2, 0x41])
    buffers = [validity, offsets, pa.py_buffer(bytes(changed))]
    return pa.Array.from_buffers(column.type, len(column), buffers, offset=column.offset)


def _from_buffers(kind: pa.DataType, length: int, buffers: Any, offset: int, chance: random.Random) -> pa.Array:
    own = [_changed(next(buffers), chance)]
    if pa.types.is_struct(kind):
        members = [kind.field(index).type for index in range(kind.num_fields)]
        children = [_child(member, offset + length, buffers, chance) for member in members]
        return pa.Array.from_buffers(kind, length, own, offset=offset, children=children)
    own.append(_changed(next(buffers), chance))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        children = [_child(kind.value_type, chance.choice([0, 1, 50]), buffers, chance)]
        return pa.Array.from_buffers(kind, length, own, offset=offset, children=children)
    if any(is_it(kind) for is_it in _OF_BYTES):
        own.append(_changed(next(buffers), chance))
    return pa.Array.from_buffers(kind, length, own, offset=offset)


def _child(kind: pa.DataType, length: int, buffers: Any, chance: random.Random) -> pa.Array:
    return _from_buffers(kind, length, buffers, 0, chance)


def _changed(buffer: pa.Buffer | None, chance: random.Random) -> pa.Buffer | None:
    if buffer is None or chance.random() < 0.6:
        return buffer
    found = bytearray(buffer.to_pybytes())
    for _ in range(chance.randint(1, 3)):
        if found:
            found[chance.randrange(len(found))] = chance.randrange(256)
    return pa.py_buffer(bytes(found[: chance.choice([len(found), len(found) // 2])]))
