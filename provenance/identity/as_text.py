"""Single values as the text by which they are compared: with other columns, or with what a person types.

Keys are compared so, whoever looks for parents by one, and so are the values of ``field:NAME=VALUE``. A whole number is
its digits, also where a column with gaps has made it a float: 7, 7.0 and "7" are one key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from provenance.identity.arrow_values import null_where, plain

_TEXT = pa.large_string()
# From here on, floats are taken one by one: int64 does not hold all of them.
_LARGE = 2.0**63


def array_as_text(array: pa.Array) -> pa.LargeStringArray:
    """Each value as text; null for lists, objects and bytes, which have none, and for what is not a number (NaN)."""
    array = plain(array)
    if pa.types.is_nested(array.type) or pa.types.is_large_binary(array.type):
        return pa.nulls(len(array), _TEXT)
    try:
        text = array.cast(_TEXT)
    except pa.ArrowNotImplementedError:
        return pa.nulls(len(array), _TEXT)  # an interval, say
    return _with_whole_numbers(array.cast(pa.float64()), text) if pa.types.is_floating(array.type) else text


def value_as_text(value: Any) -> str | None:
    """The same of one value."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Mapping | list | tuple | bytes):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    found: str | None = array_as_text(pa.array([value]))[0].as_py()
    return found


def _with_whole_numbers(numbers: pa.DoubleArray, text: pa.LargeStringArray) -> pa.LargeStringArray:
    whole = pc.and_(pc.is_finite(numbers), pc.equal(numbers, pc.floor(numbers)))
    is_small = pc.and_(whole, pc.less(pc.abs(numbers), _LARGE))
    nothing = pa.scalar(None, pa.float64())
    digits = pc.if_else(is_small, numbers, nothing).cast(pa.int64()).cast(_TEXT)
    text = null_where(pc.is_nan(numbers), pc.coalesce(digits, text))
    is_large = pc.fill_null(pc.and_not(whole, is_small), False)
    if not is_large.true_count:
        return text
    large = pa.array([str(int(number)) for number in numbers.filter(is_large).to_pylist()], _TEXT)
    return pc.replace_with_mask(text, is_large, large)
