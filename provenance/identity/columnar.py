"""Canonical form of Arrow columns, all rows at once; equal, byte for byte, to what `canonical` gives row by row.

A row's bytes are the concatenation of pieces: heads, keys, values. A piece is one array for all rows, or bytes that are
the same in each. In a row in which a value is null all its pieces are empty, so that its member vanishes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.identity import canonical, packing
from provenance.identity.arrow_values import null_where, plain, python_values, require_distinct

Pieces: TypeAlias = "list[pa.LargeBinaryArray | bytes]"
Booleans = npt.NDArray[np.bool_]


class NotColumnarError(Exception):
    """This batch takes the way over Python values: that finds the row at fault, or the form that Arrow cannot give."""


def encode_columns(columns: Mapping[str, pa.Array], rows: int) -> pa.LargeBinaryArray:
    """The canonical form of each of ``rows`` rows whose members are ``columns``.

    Raises:
        ContentError: a column's type has no canonical form.
        NotColumnarError: a value has none, or only going through Python values can say what it is.
    """
    return _joined(_map_pieces(columns.items(), None, rows), rows)


def _joined(pieces: Pieces, rows: int) -> pa.LargeBinaryArray:
    """Each row's pieces, one after the other."""
    arguments: list[Any] = []
    constant = b""
    for piece in [*pieces, b""]:
        if isinstance(piece, bytes):
            constant += piece
            continue
        if constant:
            arguments.append(pa.scalar(constant, pa.large_binary()))
            constant = b""
        arguments.append(piece)
    if not arguments:
        return packing.repeated(constant, rows)
    if constant:
        arguments.append(pa.scalar(constant, pa.large_binary()))
    empty = pa.scalar(b"", pa.large_binary())
    return pc.binary_join_element_wise(*arguments, empty, null_handling="replace", null_replacement="")


def _valid(array: pa.Array) -> Booleans | None:
    """Which elements are not null; None: all."""
    return array.is_valid().to_numpy(zero_copy_only=False) if array.null_count else None


def _pieces(array: pa.Array, name: str) -> Pieces:
    array = plain(array)
    kind = array.type
    if pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        return _byte_pieces(array)
    if pa.types.is_integer(kind):
        return [packing.integers(_filled(array, 0), _valid(array))]
    if pa.types.is_floating(kind):
        return _float_pieces(array)
    if pa.types.is_boolean(kind):
        values = _filled(array, False).astype(np.uint8)
        return [packing.single_bytes(values + canonical.FALSE[0], _valid(array))]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _list_pieces(array, name)
    if pa.types.is_struct(kind):
        members = [(kind.field(index).name, child) for index, child in enumerate(array.flatten())]
        return _map_pieces(_without_places(members), _valid(array), len(array))
    if pa.types.is_null(kind):
        return []
    return [_python_piece(array, name)]


def _filled(array: pa.Array, null: object) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = (array.fill_null(null) if array.null_count else array).to_numpy(zero_copy_only=False)
    return values


def _byte_pieces(array: pa.Array) -> Pieces:
    major = canonical.TEXT if pa.types.is_large_string(array.type) else canonical.BYTES
    lengths = _filled(pc.binary_length(array), 0).astype(np.uint64)
    return [packing.heads(major, lengths, _valid(array)), array.cast(pa.large_binary())]


def _float_pieces(array: pa.Array) -> Pieces:
    values = _filled(array, 0.0).astype(np.float64)
    if not np.isfinite(values).all():
        raise NotColumnarError
    return [packing.floats(values, _valid(array))]


def _list_pieces(array: pa.Array, name: str) -> Pieces:
    lengths = _filled(pc.list_value_length(array), 0).astype(np.int64)
    elements = plain(array.flatten())
    pieces = _pieces(elements, name)
    if elements.null_count:
        is_null = elements.is_null().to_numpy(zero_copy_only=False)
        pieces.append(packing.single_bytes(np.full(len(elements), canonical.NULL[0], np.uint8), is_null))
    heads = packing.heads(canonical.ARRAY, lengths.astype(np.uint64), _valid(array))
    return [heads, packing.grouped(_joined(pieces, len(elements)), lengths)]


def _map_pieces(members: Iterable[tuple[str, pa.Array]], valid: Booleans | None, rows: int) -> Pieces:
    """``valid``: which rows have the map at all; where one has not, its members are null too."""
    # Runs and dictionaries hide their nulls.
    by_key = sorted([(canonical.encode(name), name, plain(array)) for name, array in members], key=itemgetter(0))
    require_distinct([name for _, name, _ in by_key])
    always, counts = 0, np.zeros(rows, np.uint64)
    pieces: Pieces = []
    for key, name, array in by_key:
        if array.null_count == rows:
            continue
        if array.null_count:
            is_present = array.is_valid().to_numpy(zero_copy_only=False)
            counts += is_present
            pieces.append(packing.repeated(key, rows, is_present))
        else:
            always += 1
            pieces.append(key)
        pieces += _pieces(array, name)
    if valid is None and not counts.any():
        return [canonical.head(canonical.MAP, always), *pieces]
    return [packing.heads(canonical.MAP, counts + np.uint64(always), valid), *pieces]


def _without_places(members: list[tuple[str, pa.Array]]) -> list[tuple[str, pa.Array]]:
    """``members`` of files, with null for the path of each whose bytes are there."""
    names = [name for name, _ in members]
    if names.count(canonical.FILE_BYTES) != 1 or names.count(canonical.FILE_PATH) != 1:
        return members
    contents = plain(members[names.index(canonical.FILE_BYTES)][1])
    place = names.index(canonical.FILE_PATH)
    paths = plain(members[place][1])
    if not (pa.types.is_large_binary(contents.type) and pa.types.is_large_string(paths.type)):
        return members
    shown = null_where(contents.is_valid(), paths)
    return [*members[:place], (canonical.FILE_PATH, shown), *members[place + 1 :]]


def _python_piece(array: pa.Array, name: str) -> pa.LargeBinaryArray:
    """Values of the rarer types, encoded one by one, each distinct one once where they can be distinguished cheaply."""
    if not _has_form(array.type):
        problem = f"a column of type {array.type} has no canonical form; leave it out by declaring the content fields"
        raise canonical.ContentError(problem, (name,))
    coded = None if pa.types.is_map(array.type) else array.dictionary_encode()
    try:
        values = python_values(array if coded is None else coded.dictionary)
        encoded = pa.array([None if value is None else canonical.encode(value) for value in values], pa.large_binary())
    except canonical.ContentError:
        raise NotColumnarError from None
    return encoded if coded is None else encoded.take(coded.indices)


def _has_form(kind: pa.DataType) -> bool:
    if pa.types.is_map(kind):
        return bool(pa.types.is_string(kind.key_type) or pa.types.is_large_string(kind.key_type))
    if pa.types.is_duration(kind) or pa.types.is_interval(kind):
        return False
    return bool(pa.types.is_temporal(kind) or pa.types.is_decimal(kind))
