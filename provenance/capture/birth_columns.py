"""Births that are written as JSON, as columns: read by Arrow, all at once, without a Python object for each value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from provenance.lineage.schema import birth_schema

_OF_ORIGIN = ("kind", "source_type")


def births_of_json(births: Sequence[bytes]) -> pa.RecordBatch:
    """``births``, each a JSON object of the columns of `birth_schema`, as a batch; what an object lacks is null.

    Ids and digests are in hex there, costs are text.
    """
    return births_of_lines(memoryview(b"".join([birth + b"\n" for birth in births])))


def births_of_lines(lines: memoryview) -> pa.RecordBatch:
    """As `births_of_json`, where each is a line of ``lines``."""
    schema = birth_schema()
    if not len(lines):
        return pa.RecordBatch.from_pylist([], schema)
    text = bytes(lines)
    # Each column that is looked for takes time in every row: those that are in the first row, then all that were found.
    names = list(orjson.loads(text[: text.index(b"\n")])) or ["row"]
    table = _read(text, [schema.field(name) for name in names])
    if table.num_columns > len(names):
        table = _read(text, [schema.field(name) for name in table.column_names])
    named = [schema.field(name) for name in table.column_names]
    columns = {field.name: pa.nulls(len(table), field.type) for field in schema}
    columns |= {field.name: decoded(table[field.name].combine_chunks(), field.type) for field in named}
    return pa.record_batch([columns[name] for name in schema.names], schema=schema)


def _read(text: bytes, fields: Sequence[pa.Field]) -> pa.Table:
    """``text`` as a table of ``fields`` and, of whatever type, of other members that are there."""
    written = pa.schema([pa.field(field.name, written_type(field.type)) for field in fields])
    return pj.read_json(
        pa.BufferReader(text),
        read_options=pj.ReadOptions(use_threads=False, block_size=len(text) + 1),
        parse_options=pj.ParseOptions(explicit_schema=written, unexpected_field_behavior="infer"),
    )


def with_roles(births: pa.RecordBatch, role: str) -> pa.RecordBatch:
    """``births``, where each parent without a role has ``role``: those of a birth that states parents and no roles."""
    parents, roles = births["parents"], births["parent_roles"]
    is_missing = pc.and_(parents.is_valid(), roles.is_null())
    if not pc.any(is_missing).as_py():
        return births
    if roles.null_count == len(roles):
        values = pa.repeat(pa.scalar(role), len(parents.values))
        filled = pa.ListArray.from_arrays(parents.offsets, values, mask=parents.is_null())
    else:
        pairs = zip(roles.to_pylist(), pc.list_value_length(parents).to_pylist(), strict=True)
        filled = pa.array(
            [[role] * count if own is None and count is not None else own for own, count in pairs], roles.type
        )
    return births.set_column(births.schema.get_field_index("parent_roles"), "parent_roles", filled)


def with_shared(
    births: pa.RecordBatch, first_row: int, known: npt.NDArray[np.bool_], shared: Mapping[str, object]
) -> pa.RecordBatch:
    """``births`` of the rows from ``first_row`` on that are ``known``, each with what they all share where it is null.

    A birth with an origin of its own also has its own kind and source type, or none. A column in which all have what is
    shared is coded.
    """
    schema = births.schema
    columns = {name: births[name] for name in schema.names}
    columns["row"] = pa.array(first_row + np.flatnonzero(known))
    columns["activity"] = columns["activity"].fill_null(pa.scalar(0, pa.uint32()))
    stated = births["origin"].is_valid()
    for name, value in shared.items():
        if value is None:
            continue
        if columns[name].null_count == len(births) and (name not in _OF_ORIGIN or not stated.true_count):
            columns[name] = pa.DictionaryArray.from_arrays(np.zeros(len(births), np.int32), pa.array([value]))
            continue
        filled = columns[name].fill_null(value)
        columns[name] = pc.if_else(stated, columns[name], filled) if name in _OF_ORIGIN else filled
    return pa.record_batch([columns[name] for name in schema.names], names=schema.names)


def written_type(kind: pa.DataType) -> pa.DataType:
    """The type of what stands in JSON for values of the type ``kind``."""
    if pa.types.is_list(kind):
        return pa.list_(written_type(kind.value_type))
    return pa.string() if pa.types.is_binary(kind) or pa.types.is_decimal(kind) else kind


def decoded(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """A column as JSON has it as one of the type ``kind``."""
    if pa.types.is_list(kind):
        values = decoded(column.values, kind.value_type)
        return pa.ListArray.from_arrays(column.offsets, values, mask=column.is_null())
    return _of_hex(column) if pa.types.is_binary(kind) else column.cast(kind)


def _of_hex(texts: pa.StringArray) -> pa.BinaryArray:
    """The bytes that hexadecimal ``texts`` stand for."""
    validity, offsets, data = texts.buffers()
    decoded = bytes.fromhex(data.to_pybytes().decode("ascii")) if data is not None else b""
    halved = np.frombuffer(offsets, np.int32)[: len(texts) + 1] // 2
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(texts), [validity, pa.py_buffer(halved), pa.py_buffer(decoded)], texts.null_count
    )
