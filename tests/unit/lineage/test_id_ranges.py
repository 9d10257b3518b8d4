"""Ranges of sample ids: each id is in one, whoever asks."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.lineage.id_ranges import EVERY_ID, MOST_BITS, IdRange, bits_for, divided, ranges

BITS = st.integers(0, MOST_BITS)
IDS = st.binary(min_size=4, max_size=20)


def number_of(sample_id: bytes, bits: int) -> int:
    return int.from_bytes(sample_id[:4], "big") >> (32 - bits)


@given(IDS, BITS)
def test_an_id_is_in_the_range_of_its_leading_bits_and_in_no_other(sample_id: bytes, bits: int) -> None:
    number = number_of(sample_id, bits)
    near = {number, max(0, number - 1), min((1 << bits) - 1, number + 1), 0, (1 << bits) - 1}
    assert [each for each in sorted(near) if IdRange(bits, each).contains(sample_id)] == [number]


@given(BITS, st.integers(0, 40), IDS, IDS)
def test_what_lies_between_two_ids_may_be_in_a_range(bits: int, of: int, one: bytes, other: bytes) -> None:
    least, greatest = sorted((one, other))
    each = IdRange(bits, min(of, (1 << bits) - 1))
    found = number_of(least, bits) <= each.number <= number_of(greatest, bits)
    assert each.may_hold(least, greatest) == found


@given(st.binary(min_size=4, max_size=4), BITS, BITS, BITS)
def test_ranges_meet_where_one_is_within_the_other(sample_id: bytes, one: int, other: int, off: int) -> None:
    here, there = (IdRange(bits, number_of(sample_id, bits)) for bits in (one, other))
    assert here.meets(there)
    assert there.meets(here)
    beside = IdRange(one, here.number ^ 1) if one else here
    assert beside.meets(there) == (one == 0 or other < one)
    assert EVERY_ID.meets(here)


@pytest.mark.parametrize("bits", [0, 1, 3, 8, 11])
def test_ranges_follow_each_other_without_a_gap(bits: int) -> None:
    found = list(ranges(bits))
    assert len(found) == 1 << bits
    assert found[0].lower.strip(b"\0") == b""
    assert found[-1].upper is None
    assert [each.upper for each in found[:-1]] == [each.lower for each in found[1:]]


def test_only_as_many_bits_as_each_id_has() -> None:
    with pytest.raises(ValueError, match="0 to 16 leading bits, not 17"):
        ranges(17)


@pytest.mark.parametrize("bits", [0, 2, 9])
def test_the_condition_in_sql_says_the_same(bits: int) -> None:
    ids = [number.to_bytes(2, "big") + b"\0\xff" for number in range(0, 1 << 16, 61)]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE samples AS SELECT unnest(?::BLOB[]) AS sample_id", [ids])
        for each in ranges(bits):
            found = connection.execute(f"SELECT sample_id FROM samples WHERE {each.sql()}").fetchall()
            assert [sample_id for (sample_id,) in found] == [one for one in ids if each.contains(one)]


@pytest.mark.parametrize(
    ("records", "bits"), [(0, 0), (1, 0), (100, 0), (101, 1), (200, 1), (201, 2), (1600, 4), (10**12, MOST_BITS)]
)
def test_there_are_as_many_ranges_as_records_need(records: int, bits: int) -> None:
    assert bits_for(records, 100) == bits


@given(st.dictionaries(st.integers(0, 63), st.integers(0, 9), max_size=40), st.integers(1, 30))
def test_what_is_too_large_is_divided(sizes: dict[int, int], at_once: int) -> None:
    """Records by the first six bits of their ids, which no range splits further."""

    def records_of(each: IdRange) -> int:
        return sum(size for number, size in sizes.items() if IdRange(6, number).meets(each))

    found = list(divided(records_of, at_once))

    for number, size in sizes.items():
        times = sum(each.meets(IdRange(6, number)) for each in found)
        assert times == 1 if size else times <= 1
    assert sum(map(records_of, found)) == sum(sizes.values())
    assert found == sorted(found, key=lambda each: each.lower)
    assert all(records_of(each) <= at_once or each.bits >= 6 for each in found)


def test_a_range_of_which_both_halves_read_the_same_is_not_divided() -> None:
    assert list(divided(lambda each: 100, 10)) == [EVERY_ID]
