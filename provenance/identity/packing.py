"""CBOR heads and numbers, packed for many rows at once with numpy. A row that is not ``valid`` gets no bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.identity.canonical import NEGATIVE, UNSIGNED

Unsigned = npt.NDArray[np.uint64]
Booleans = npt.NDArray[np.bool_]

_HALF, _SINGLE, _DOUBLE = 0xF9, 0xFA, 0xFB
_INT64_FLOOR, _UINT64_CEILING = -(2.0**63), 2.0**64


def heads(majors: int | npt.NDArray[np.uint8], arguments: Unsigned, valid: Booleans | None) -> pa.LargeBinaryArray:
    """The shortest head of each item: major type (shifted to the high bits) and argument."""
    # How many bytes follow the first: none below 24, else 1, 2, 4 or 8.
    steps = np.zeros(len(arguments), np.uint8)
    for bound in (24, 1 << 8, 1 << 16, 1 << 32):
        if not len(arguments) or arguments.max() < bound:
            break
        steps += arguments >= bound
    widths = np.array([0, 1, 2, 4, 8], np.uint8)[steps]
    first = majors | np.where(steps == 0, arguments.astype(np.uint8), 23 + steps)
    return _packed(first.astype(np.uint8), arguments, widths, valid)


def integers(values: npt.NDArray[Any], valid: Booleans | None) -> pa.LargeBinaryArray:
    """Integers of any numpy integer type."""
    if values.dtype.kind == "u":
        return heads(UNSIGNED, values.astype(np.uint64), valid)
    signed = values.astype(np.int64)
    negative = signed < 0
    majors = np.where(negative, NEGATIVE, UNSIGNED).astype(np.uint8)
    return heads(majors, np.where(negative, ~signed, signed).astype(np.uint64), valid)


def floats(values: npt.NDArray[np.float64], valid: Booleans | None) -> pa.LargeBinaryArray:
    """Finite floats: integral ones within 64 bits as integers, others in the shortest form that is exact."""
    integral = (np.floor(values) == values) & (values >= _INT64_FLOOR) & (values < _UINT64_CEILING)
    if integral.all():
        return _integral_floats(values, valid)
    with np.errstate(over="ignore"):
        singles, halves = values.astype(np.float32), values.astype(np.float16)
    is_half, is_single = halves == values, singles == values
    first = np.where(is_half, _HALF, np.where(is_single, _SINGLE, _DOUBLE)).astype(np.uint8)
    widths = np.where(is_half, 2, np.where(is_single, 4, 8)).astype(np.uint8)
    bits = np.where(
        is_half, halves.view(np.uint16), np.where(is_single, singles.view(np.uint32), values.view(np.uint64))
    ).astype(np.uint64)
    if not integral.any():
        return _packed(first, bits, widths, valid)
    valid = np.ones(len(values), np.bool_) if valid is None else valid
    fractions = _packed(first, bits, widths, valid & ~integral)
    whole = _integral_floats(np.where(integral, values, 0.0), valid & integral)
    return pc.binary_join_element_wise(whole, fractions, pa.scalar(b"", pa.large_binary()))


def single_bytes(values: npt.NDArray[np.uint8], valid: Booleans | None) -> pa.LargeBinaryArray:
    """One byte a row."""
    return _packed(values, np.zeros(len(values), np.uint64), np.zeros(len(values), np.uint8), valid)


def repeated(content: bytes, rows: int, valid: Booleans | None = None) -> pa.LargeBinaryArray:
    """``content`` in each row."""
    lengths = np.full(rows, len(content), np.int64) if valid is None else valid * np.int64(len(content))
    offsets = _offsets(lengths)
    return _from_buffers(offsets, content * (int(offsets[-1]) // max(len(content), 1)))


def grouped(content: pa.LargeBinaryArray, lengths: npt.NDArray[np.int64]) -> pa.LargeBinaryArray:
    """The concatenation of each ``lengths[i]`` consecutive elements of ``content``; only offsets are recomputed."""
    _, offsets, data = content.buffers()
    bounds = np.frombuffer(offsets, np.int64)[content.offset : content.offset + len(content) + 1]
    return _from_buffers(bounds[_offsets(lengths)], data)


def lengths_of(content: pa.LargeBinaryArray) -> pa.UInt64Array:
    """The length of each element, in bytes."""
    return pc.binary_length(content).cast(pa.uint64())


def _integral_floats(values: npt.NDArray[np.float64], valid: Booleans | None) -> pa.LargeBinaryArray:
    negative = values < 0
    # ~x is -1 - x, taken among integers: among floats it would lose the last digits.
    magnitudes = np.where(negative, ~np.where(negative, values, 0.0).astype(np.int64), 0).astype(np.uint64)
    arguments = np.where(negative, magnitudes, np.where(negative, 0.0, values).astype(np.uint64))
    return heads(np.where(negative, NEGATIVE, UNSIGNED).astype(np.uint8), arguments, valid)


def _packed(
    first: npt.NDArray[np.uint8], payload: Unsigned, widths: npt.NDArray[np.uint8], valid: Booleans | None
) -> pa.LargeBinaryArray:
    """A first byte, then the low ``widths`` bytes of ``payload``, most significant first."""
    rows = len(first)
    lengths = widths.astype(np.int64) + 1
    if valid is not None:
        lengths *= valid
    widest = int(widths.max()) if rows else 0
    matrix = np.empty((rows, 1 + widest), np.uint8)
    matrix[:, 0] = first
    if widest:
        # The bytes that follow are moved to the left: every row's begin in the same column.
        shifts = ((8 - np.maximum(widths, 1)) * 8).astype(np.uint64)
        matrix[:, 1:] = (payload << shifts).astype(">u8").view(np.uint8).reshape(rows, 8)[:, :widest]
    if rows and lengths.min() == 1 + widest:
        return _from_buffers(_offsets(lengths), matrix)
    return _from_buffers(_offsets(lengths), matrix[np.arange(1 + widest) < lengths[:, None]])


def _offsets(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def _from_buffers(offsets: npt.NDArray[np.int64], data: Any) -> pa.LargeBinaryArray:
    buffers = [None, pa.py_buffer(offsets), data if isinstance(data, pa.Buffer) else pa.py_buffer(data)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(offsets) - 1, buffers)
