from __future__ import annotations

import random
from pathlib import Path

import numpy as np
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


def compared_by_hand(own: list[str], weights: list[float], window: list[str]) -> tuple[float, float]:
    """Degree and evidence: a word counts where it and a neighbour, at most one word apart, stand in the window so."""
    beside = {(window[at], window[at + 1]) for at in range(len(window) - 1)}
    near = beside | {(window[at], window[at + 2]) for at in range(len(window) - 2)}
    shared = set()
    for apart in (1, 2):
        for at in range(len(own) - apart):
            if (own[at], own[at + apart]) in near:
                shared |= {at, at + apart}
    runs = [0.0]
    for at, weight in enumerate(weights):
        is_joined = at and (own[at - 1], own[at]) in beside
        runs.append((runs[-1] if is_joined else 0.0) + (weight if at in shared else 0.0))
    bits = sum(weights[at] for at in shared)
    degree = bits / sum(weights)
    return degree, (2 * bits * degree + max(runs)) / 3


def test_degree_and_evidence_are_those_that_plain_python_finds(tmp_path: Path) -> None:
    pick = random.Random(9)
    asked = [" ".join(pick.choice(WORDS) for _ in range(40)) for _ in range(20)]
    found = suite(tmp_path, only=[{"question": text} for text in asked])
    for number, text in enumerate(asked):
        window = [word for word in text.split() if pick.random() > 0.1]
        for at in pick.sample(range(len(window)), 2):
            window[at] = pick.choice(WORDS)
        (hit,) = (each for each in hits(found, " ".join(window)) if each.copy is Copy.INEXACT)
        side = int(np.flatnonzero(found.rows == number)[0])
        weights = found.weights[found.offsets[side] : found.offsets[side + 1]].astype(float).tolist()
        assert (hit.degree, hit.bits) == pytest.approx(compared_by_hand(text.split(), weights, window), rel=1e-3)


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
