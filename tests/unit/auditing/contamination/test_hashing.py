from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from provenance.auditing.contamination.hashing import Sums, are_among, distinct, hash_of_two, spread, threes

WORDS = st.lists(st.integers(0, 2**64 - 1), max_size=12)


def array(values: list[int]) -> np.ndarray:
    return np.array(values, np.uint64)


@given(before=WORDS, span=WORDS, behind=WORDS)
def test_a_span_has_the_same_hash_wherever_it_stands(before: list[int], span: list[int], behind: list[int]) -> None:
    alone = Sums(array(span)).spans(np.array([0]), np.array([len(span)]))
    inside = Sums(array([*before, *span, *behind])).spans(np.array([len(before)]), np.array([len(before) + len(span)]))
    assert alone == inside
    if len(span) == 2:
        assert hash_of_two(array(span[:1]), array(span[1:])) == alone


def test_other_words_and_another_order_have_another_hash() -> None:
    spans = [[1, 2, 3], [3, 2, 1], [1, 2], [2, 3], [1, 2, 4], [0, 1, 2, 3]]
    hashes = {int(Sums(array(span)).spans(np.array([0]), np.array([len(span)]))[0]) for span in spans}
    assert len(hashes) == len(spans)


@given(rows=st.lists(st.lists(st.integers(1, 5), max_size=6), max_size=5))
def test_threes_stay_within_rows(rows: list[list[int]]) -> None:
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)]).astype(np.int64)
    words = array([word for row in rows for word in row])
    found = threes(words, offsets)
    expected = [
        tuple(row[place : place + 3]) if place + 3 <= len(row) else None for row in rows for place in range(len(row))
    ]
    assert [hash_ == 0 for hash_ in found.tolist()] == [three is None for three in expected]
    known: dict[tuple[int, ...], int] = {}
    for three, number in zip(expected, found.tolist(), strict=True):
        if three is not None:
            assert known.setdefault(three, number) == number
    assert len(set(known.values())) == len(known)


@given(pairs=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=6))
def test_runs_are_spread(pairs: list[tuple[int, int]]) -> None:
    first, counts = (np.array([pair[part] for pair in pairs], np.int64) for part in (0, 1))
    assert spread(first, counts).tolist() == [start + step for start, count in pairs for step in range(count)]


@given(values=st.lists(st.integers(0, 9), max_size=9), known=st.lists(st.integers(0, 9), max_size=9))
def test_values_are_sorted_and_found(values: list[int], known: list[int]) -> None:
    assert distinct(array(values)).tolist() == sorted(set(values))
    assert are_among(array(values), distinct(array(known))).tolist() == [value in known for value in values]
