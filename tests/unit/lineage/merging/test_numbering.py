from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from provenance.lineage.merging.numbering import Ids, combined, numbered, ranges, starts_of

_SIZE = 16
# Few different bytes, so that many ids begin alike and some are equal.
_ids = st.lists(st.lists(st.sampled_from([0, 1, 255]), min_size=2, max_size=2).map(bytes), max_size=12)


def _of(ends: list[bytes]) -> Ids:
    whole = b"".join(bytes(_SIZE - 6) + two[:1] + bytes(4) + two[1:] for two in ends)
    return np.frombuffer(whole, np.uint8).reshape(-1, _SIZE)


@given(st.lists(_ids, min_size=1, max_size=3))
def test_ids_are_numbered_in_their_order(parts: list[list[bytes]]) -> None:
    matrices = [_of(part) for part in parts]
    distinct, numbers = numbered(matrices)
    expected = sorted({row.tobytes() for matrix in matrices for row in matrix})
    assert [row.tobytes() for row in distinct] == expected
    for matrix, of_part in zip(matrices, numbers, strict=True):
        assert [expected[number] for number in of_part] == [row.tobytes() for row in matrix]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1))
def test_rows_of_the_same_values_are_one_combination(rows: list[tuple[int, int]]) -> None:
    first, second = (np.array(column) for column in zip(*rows, strict=True))
    kinds, example = combined([(first, 4), (second, 3)])
    assert [rows[place] for place in example[kinds]] == rows
    assert len(example) == len(set(rows))


def test_many_values_are_combined_without_overflow() -> None:
    columns = [(np.array([0, 2**40 - 1, 2**40 - 1]), 2**40)] * 3
    kinds, example = combined(columns)
    assert kinds[1] == kinds[2] != kinds[0]
    assert len(example) == 2


def test_ranges_are_the_numbers_of_one_range_after_the_other() -> None:
    lengths = np.array([2, 0, 3])
    assert starts_of(lengths).tolist() == [0, 2, 2, 5]
    assert ranges(np.array([10, 5, 20]), lengths).tolist() == [10, 11, 20, 21, 22]
    assert ranges(np.array([], np.int64), np.array([], np.int64)).tolist() == []
