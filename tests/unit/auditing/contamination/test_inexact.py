from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.suites import Hit, hits, suite

from provenance.auditing.contamination.index import Suite
from provenance.auditing.contamination.rules import EVIDENCE, LEAST_DEGREE, Copy

PICK = random.Random(8)
WORDS = ["".join(PICK.choice("klmnopqrstuvw") for _ in range(7)) for _ in range(5000)]
QUESTIONS = [[PICK.choice(WORDS) for _ in range(40)] for _ in range(60)]
FILLER = " ".join(PICK.choice(WORDS) for _ in range(80))


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    rows = [{"question": " ".join(words)} for words in QUESTIONS]
    return suite(tmp_path_factory.mktemp("questions"), asked=rows)


def degree(sought: Suite, row: int, words: list[str]) -> float:
    """The degree at which the row is found among other words; 0 where it is not, or another one is."""
    found = hits(sought, f"{FILLER} {' '.join(words)} {FILLER}")
    assert {hit.row for hit in found} <= {row}
    return max((hit.degree for hit in found), default=0.0)


@pytest.mark.parametrize("part", [0.1, 0.2, 0.3])
def test_swapped_words_lower_the_degree_by_little_more_than_their_part(questions: Suite, part: float) -> None:
    degrees = []
    for row, words in enumerate(QUESTIONS):
        swapped = set(PICK.sample(range(len(words)), round(part * len(words))))
        degrees.append(degree(questions, row, [PICK.choice(WORDS) if n in swapped else w for n, w in enumerate(words)]))
    found = [each for each in degrees if each]
    assert len(found) >= 57
    assert min(found) >= LEAST_DEGREE
    assert sum(found) / len(found) == pytest.approx(1 - part, abs=0.1)


@pytest.mark.parametrize("part", [0.5, 0.75])
def test_the_degree_of_a_cut_is_the_part_that_is_kept(questions: Suite, part: float) -> None:
    degrees = [degree(questions, row, words[: round(part * len(words))]) for row, words in enumerate(QUESTIONS)]
    assert sum(degrees) / len(degrees) == pytest.approx(part, abs=0.03)


def test_sentences_in_another_order_are_the_same_words(questions: Suite) -> None:
    for row, words in enumerate(QUESTIONS):
        assert degree(questions, row, [*words[20:], *words[:20]]) == pytest.approx(1.0, abs=0.06)


def test_words_that_are_put_in_lower_nothing(questions: Suite) -> None:
    for row, words in enumerate(QUESTIONS):
        assert (
            degree(questions, row, [each for n, word in enumerate(words) for each in (word, *["well"][n % 5 :])]) > 0.95
        )


def test_words_without_their_neighbours_are_no_copy(questions: Suite) -> None:
    for row, words in enumerate(QUESTIONS):
        assert degree(questions, row, PICK.sample(words, len(words))) == 0.0


@given(text=st.lists(st.sampled_from(WORDS) | st.sampled_from(QUESTIONS[3]), max_size=120).map(" ".join))
@settings(deadline=None)
def test_what_is_found_has_its_evidence(questions: Suite, text: str) -> None:
    for hit in hits(questions, text):
        assert hit.copy is not Copy.INEXACT or (hit.bits >= EVIDENCE and hit.degree >= LEAST_DEGREE)
        assert hit.degree <= 1.0


def test_a_finding_does_not_depend_on_other_training_rows(questions: Suite) -> None:
    texts = [f"{FILLER} {' '.join(words[: 20 + number % 20])}" for number, words in enumerate(QUESTIONS)]
    alone = [
        hit for number, text in enumerate(texts) for hit in (_moved(each, number) for each in hits(questions, text))
    ]
    assert hits(questions, *texts) == alone
    assert len({hit.text for hit in alone}) == len(texts)


def _moved(hit: Hit, text: int) -> Hit:
    return Hit(text, hit.row, hit.side, hit.copy, hit.degree, hit.bits)


def test_numbers_changed_are_a_copy(tmp_path: Path) -> None:
    asked = "Natalia sold clips to {} of her friends in April, and then she sold {} as many clips in May"
    found = hits(suite(tmp_path, maths=[{"question": asked.format(48, "half")}]), asked.format(72, "twice"))
    assert [hit.copy for hit in found] == [Copy.INEXACT]
    assert found[0].degree > 0.8
