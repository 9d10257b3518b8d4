"""Values as JSON, exactly or not at all: what JSON cannot hold is an error, never another value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from types import NoneType
from typing import Any

import orjson

# Of values that are all of these types JSON holds each as it is, or nothing of them: to look at these is quicker than
# to search a long text.
_PLAIN = (str, int, bool, NoneType)
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def encode(value: Any) -> bytes:
    """``value`` as compact JSON in UTF-8.

    Raises:
        TypeError: JSON cannot hold it: bytes, a date, NaN, an integer beyond 64 bits, a key that is not text, …
    """
    if type(value) is dict:
        for each in value.values():
            if type(each) not in _PLAIN:
                break
        else:
            # Where all are plain there is nothing to look for.
            return orjson.dumps(value)
    encoded = orjson.dumps(value, option=_OPTIONS)
    # orjson turns NaN and infinities into null without a word; only then is the slow walk needed.
    if b"null" in encoded and _holds_non_finite(value):
        raise TypeError("NaN and infinities are not JSON numbers")
    return encoded


def encode_many(values: Sequence[dict[Any, Any]]) -> bytearray:
    """As `encode`, each of ``values``, with a tab behind each: JSON text has none."""
    found = set(map(type, chain.from_iterable(map(dict.values, values))))
    one = orjson.dumps if found.issubset(_PLAIN) else encode
    encoded = bytearray()
    # One after the other, each is where the last was in memory.
    for value in values:
        encoded += one(value)
        encoded += b"\t"
    return encoded


def _holds_non_finite(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, dict):
        return any(map(_holds_non_finite, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_holds_non_finite, value))
    return False
