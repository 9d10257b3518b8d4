from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.capture.strict_json import encode, encode_many

_SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text()
_VALUES = st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@dataclass
class Point:
    x: float


@given(_VALUES)
def test_what_is_written_is_what_was_given(value: object) -> None:
    try:
        encoded = encode(value)
    except TypeError:
        assert "nan" in repr(value) or "inf" in repr(value)
    else:
        assert orjson.loads(encoded) == value
        assert orjson.dumps(orjson.loads(encoded)) == encoded


NON_FINITE = [[None, {"a": (math.inf,)}], math.nan, Point(math.nan)]


@pytest.mark.parametrize(
    "value",
    [b"x", {1: "a"}, {"a": "\ud800"}, 2**64, datetime(2026, 1, 1), {1, 2}, *NON_FINITE],  # noqa: DTZ001
)
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        encode({"value": value})


@pytest.mark.parametrize("value", [math.nan, [math.nan], {"b": math.inf}, True, None, "null", 1])
def test_one_value_of_a_row_among_plain_ones(value: object) -> None:
    row = {"a": "text with null in it", "value": value, "n": 1}
    if value in (True, None, "null", 1):
        assert orjson.loads(encode(row)) == row
    else:
        with pytest.raises(TypeError):
            encode(row)


def test_what_holds_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(TypeError):
        encode(value)


@given(st.lists(st.dictionaries(st.text(), _VALUES, max_size=3), max_size=4))
def test_many_are_written_as_each(values: list[dict[str, object]]) -> None:
    try:
        expected = [*map(encode, values)]
    except TypeError:
        with pytest.raises(TypeError):
            encode_many(values)
    else:
        assert encode_many(values) == b"".join(one + b"\t" for one in expected)
