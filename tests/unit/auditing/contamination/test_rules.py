from __future__ import annotations

import numpy as np
import pytest

from provenance.auditing.contamination.rules import (
    Copy,
    Level,
    are_generic,
    enough_of_exact,
    enough_of_inexact,
    evidence,
    levels,
)
from provenance.auditing.contamination.sides import Side


def one(*values: float) -> list[np.ndarray]:
    return [np.array([value]) for value in values]


@pytest.mark.parametrize(
    ("copy", "side", "words", "bits", "counts"),
    [
        (Copy.FIELD, Side.QUESTION, 1, 16.0, True),
        (Copy.FIELD, Side.QUESTION, 1, 15.9, False),
        (Copy.LINE, Side.QUESTION, 2, 40.0, False),
        (Copy.LINE, Side.PASSAGE, 3, 30.0, True),
        (Copy.SENTENCES, Side.QUESTION, 5, 45.0, True),
        (Copy.SENTENCES, Side.QUESTION, 4, 80.0, False),
        (Copy.ANYWHERE, Side.WITH_ANSWER, 8, 70.0, True),
        (Copy.ANYWHERE, Side.QUESTION, 8, 69.0, False),
        (Copy.FIELD, Side.ANSWER, 8, 100.0, True),
        (Copy.FIELD, Side.ANSWER, 7, 120.0, False),
        (Copy.ANYWHERE, Side.OPTIONS, 12, 129.0, False),
        (Copy.ANYWHERE, Side.OPTIONS, 12, 130.0, True),
        (Copy.INEXACT, Side.QUESTION, 90, 900.0, False),
    ],
)
def test_exact_copies_take_more_the_less_their_place_says(
    copy: Copy, side: Side, words: int, bits: float, counts: bool
) -> None:
    assert enough_of_exact(*one(copy, side, words, bits)).tolist() == [counts]


def test_the_evidence_of_a_whole_copy_is_all_of_its_bits() -> None:
    assert evidence(*one(1.0, 200.0, 200.0)).tolist() == [200.0]
    assert evidence(*one(0.5, 100.0, 70.0)).tolist() == [pytest.approx(170 / 3)]


@pytest.mark.parametrize(
    ("side", "words", "degree", "bits", "counts"),
    [
        (Side.QUESTION, 5, 0.35, 64.0, True),
        (Side.QUESTION, 5, 0.34, 300.0, False),
        (Side.QUESTION, 5, 0.9, 63.9, False),
        (Side.ANSWER, 12, 0.9, 100.0, True),
        (Side.ANSWER, 12, 0.9, 99.0, False),
        (Side.OPTIONS, 11, 0.9, 200.0, False),
    ],
)
def test_inexact_copies_need_evidence_and_a_degree(
    side: Side, words: int, degree: float, bits: float, counts: bool
) -> None:
    assert enough_of_inexact(*one(side, words, degree, bits)).tolist() == [counts]


def test_what_says_little_or_is_asked_often_is_generic() -> None:
    assert are_generic(*one(Side.QUESTION, 1, 90.0, 15.0)).tolist() == [True]
    assert are_generic(*one(Side.QUESTION, 2, 90.0, 90.0)).tolist() == [False]
    assert are_generic(*one(Side.QUESTION, 3, 99.0, 99.0)).tolist() == [True]
    assert are_generic(*one(Side.QUESTION, 3, 100.0, 100.0)).tolist() == [False]
    assert are_generic(*one(Side.PASSAGE, 9, 20.0, 20.0)).tolist() == [False]


def test_a_level_is_the_farthest_that_a_side_is_looked_for() -> None:
    nothing, whole, anywhere, inexact = (1, 10.0, 10.0), (2, 30.0, 30.0), (9, 80.0, 50.0), (9, 80.0, 80.0)
    sides = [nothing, whole, anywhere, inexact, inexact, inexact]
    words, bits, own = (np.array(column) for column in zip(*sides, strict=True))
    kinds = np.array([Side.QUESTION] * 4 + [Side.QUESTION, Side.WITH_OPTIONS])
    generic = np.array([False] * 4 + [True, False])
    found = levels(kinds, words, bits, own, np.ones(6, bool), generic)
    expected = [Level.NOT_AT_ALL, Level.WHOLE, Level.WORD_FOR_WORD, Level.INEXACTLY, Level.NOT_AT_ALL, Level.WITH_MORE]
    assert found.tolist() == expected
    # Without three rare words in a row there is nothing to find an inexact copy by.
    assert levels(kinds, words, bits, own, np.zeros(6, bool), generic)[3] == Level.WORD_FOR_WORD
