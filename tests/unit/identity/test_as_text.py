"""One value, or a column of them, as the text by which keys are compared."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from provenance.identity.as_text import array_as_text, value_as_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("KB-1", "KB-1"),
        (7, "7"),
        (7.0, "7"),
        (-0.0, "0"),
        (2.0**53, "9007199254740992"),
        (1e20, "100000000000000000000"),
        (-1e19, "-10000000000000000000"),
        (1.5, "1.5"),
        (float("nan"), None),
        (float("inf"), "inf"),
        (True, "true"),
        (Decimal("7.00"), "7.00"),
        (dt.date(2024, 1, 2), "2024-01-02"),
        (None, None),
        (b"7", None),
        ([7], None),
        ({"id": 7}, None),
    ],
)
def test_a_value_and_a_column_of_it_are_the_same_text(value: Any, text: str | None) -> None:
    assert value_as_text(value) == text
    assert array_as_text(pa.array([value, None])).to_pylist() == [text, None]


def test_whole_numbers_are_digits_whatever_their_column_is() -> None:
    assert value_as_text(2**100) == str(2**100)
    for kind in (pa.int8(), pa.uint64(), pa.float32(), pa.float64()):
        assert array_as_text(pa.array([7, None, 9], kind)).to_pylist() == ["7", None, "9"]
    assert array_as_text(pa.array([1e20, 1.5, None, 3.0])).to_pylist() == ["1" + 20 * "0", "1.5", None, "3"]
    assert array_as_text(pa.array([], pa.float64())).to_pylist() == []


def test_a_list_of_this_and_that_is_no_key() -> None:
    assert value_as_text([7, "seven"]) is None
