"""The canonical form of Python values, judged by cbor2."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import ProvenanceError
from provenance.identity import ContentError, sample_id
from provenance.identity.canonical import encode, encode_row, timestamp_text

# hypothesis draws no surrogates from this category-free alphabet, but all other code points.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [0.0, -0.0, 2.0**63, -(2.0**63), 2.0**64, -(2.0**64), 2.0**53, 65504.0, 5.960464477539063e-08, 0.1]
    ),
    TEXT,
    st.binary(max_size=20),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=24), st.dictionaries(TEXT, inner, max_size=24)),
    max_leaves=15,
)


def normalised(value: object) -> object:
    """What the specification asks for beyond RFC 8949: nulls out of maps, integral floats as integers."""
    if isinstance(value, float) and value.is_integer() and -(2**63) <= value <= 2**64 - 1:
        return int(value)
    if isinstance(value, Mapping):
        return {key: normalised(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [normalised(element) for element in value]
    return value


@given(VALUES)
def test_equals_the_independent_judge(value: object) -> None:
    assert encode(value) == cbor2.dumps(normalised(value), canonical=True)


@given(st.dictionaries(TEXT, VALUES, max_size=6), st.randoms())
def test_order_of_keys_and_null_members_do_not_matter(row: dict[str, object], random: object) -> None:
    shuffled = list(row.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    more = dict([("no such member", None), *shuffled])
    assert encode_row(row, row) == encode_row(more, more) == encode(row)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1.0, 1),
        (-0.0, 0),
        (Decimal("1.00"), 1),
        (Decimal("0.10"), 0.1),
        (Decimal("1E+3"), 1000),
        ((1, 2), [1, 2]),
        (bytearray(b"x"), b"x"),
        ({"a": {"b": None}}, {"a": {}}),
        (datetime.fromisoformat("2026-01-31T12:00"), "2026-01-31T12:00:00Z"),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), "2026-01-31T12:00:00Z"),
        (datetime(2026, 1, 31, 12, 0, 0, 500_000, timezone(timedelta(hours=1))), "2026-01-31T11:00:00.5Z"),
        (datetime.fromisoformat("0001-01-01"), "0001-01-01T00:00:00Z"),
        (date(2026, 1, 31), "2026-01-31"),
        (time(1, 2, 3, 40), "01:02:03.00004"),
    ],
)
def test_equal_values_have_equal_forms(one: object, other: object) -> None:
    assert encode(one) == encode(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, "1"),
        (1, True),
        (0, False),
        ("", None),
        ([], None),
        ([None], []),
        ({}, None),
        (b"a", "a"),
        ("é", "e\u0301"),
        (2**64, 2.0**64),
        (2**53 + 1, 2.0**53),
        (Decimal("0.10000000000000000001"), 0.1),
    ],
)
def test_different_values_have_different_forms(one: object, other: object) -> None:
    assert encode(one) != encode(other)


def test_a_decimal_that_no_float_equals_is_a_decimal_fraction() -> None:
    exact = Decimal("-0.10000000000000000001")
    assert cbor2.loads(encode(exact)) == exact


def test_timestamps_of_pandas_keep_their_nanoseconds() -> None:
    pandas = pytest.importorskip("pandas")
    assert encode(pandas.Timestamp("2026-01-31T12:00:00.123456789")) == encode("2026-01-31T12:00:00.123456789Z")
    with pytest.raises(ContentError, match="NaT"):
        encode(pandas.NaT)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (math.nan, "NaN"),
        (math.inf, "NaN and infinities"),
        (Decimal("NaN"), "NaN"),
        (Decimal("1E+999999"), "as large as this"),
        ("\ud800", "surrogate"),
        ({"\udc00": 1}, "surrogate"),
        ({1: 2}, "keys must be text"),
        ({1, 2}, "type set"),
        (time(1, tzinfo=UTC), "time zone"),
        (timedelta(1), "type timedelta"),
    ],
)
def test_values_without_a_form(value: object, problem: str) -> None:
    with pytest.raises(ContentError, match=problem):
        encode(value)


def test_an_error_names_the_member_and_no_control_characters() -> None:
    with pytest.raises(ContentError) as caught:
        sample_id({"text": {"a\x1b[31m": [math.nan]}})
    assert str(caught.value) == "field 'text.a\\x1b[31m': NaN and infinities have no canonical form; use null"


def test_years_beyond_9999_are_refused() -> None:
    with pytest.raises(ContentError, match="years 1 to 9999"):
        timestamp_text(10**12 * 10**9)


def test_the_sample_id_covers_well_known_fields_else_all() -> None:
    assert sample_id({"text": "a", "url": "b"}) == sample_id({"text": "a"})
    assert sample_id({"url": "b", "label": 1}) != sample_id({"url": "b"})
    assert sample_id({"url": "b", "_parents": ["c"]}) == sample_id({"url": "b"})
    assert sample_id({"text": "a", "url": "b"}, fields=["url"]) == sample_id({"url": "b"})


def test_reserved_columns_cannot_be_declared() -> None:
    with pytest.raises(ProvenanceError, match="_parents is a reserved column"):
        sample_id({"text": "a"}, fields=["text", "_parents"])


def test_digests_go_by_name() -> None:
    row = {"text": "a"}
    assert {len(sample_id(row, digest=name)) for name in ("sha256", "blake2s")} == {64}
    assert len(sample_id(row)) == 32
    for name in ("new", "shake_128", "no such"):
        with pytest.raises(ProvenanceError, match="unknown digest"):
            sample_id(row, digest=name)


def test_a_value_nested_beyond_what_python_can_follow_is_refused() -> None:
    value: list[object] = []
    for _ in range(3000):
        value = [value]
    with pytest.raises(ContentError, match="nested too deeply"):
        encode_row({"text": value}, ["text"])
