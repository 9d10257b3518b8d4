"""Values as JSON, exactly or not at all: what JSON cannot hold is an error, never another value."""

from __future__ import annotations

import math
from typing import Any

import orjson

_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def encode(value: Any) -> bytes:
    """``value`` as compact JSON in UTF-8.

    Raises:
        TypeError: JSON cannot hold it: bytes, a date, NaN, an integer beyond 64 bits, a key that is not text, …
    """
    encoded = orjson.dumps(value, option=_OPTIONS)
    # orjson turns NaN and infinities into null without a word; only then is the slow walk needed.
    if b"null" in encoded and _holds_non_finite(value):
        raise TypeError("NaN and infinities are not JSON numbers")
    return encoded


def _holds_non_finite(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, dict):
        return any(map(_holds_non_finite, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_holds_non_finite, value))
    return False
