from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.pools import prose, texts_in

from provenance.auditing.texts import overlaps
from provenance.auditing.texts.dataset_texts import Texts
from provenance.auditing.texts.overlaps import coverage, shared_grams, slices
from provenance.auditing.texts.words import Words, spelled
from provenance.identity import sample_id

PICK = np.random.default_rng(5)
EVALUATION = [*prose(PICK, 60, words_a_row=30), "short one", "", " ".join(["again"] * 20)]


def trained_on(evaluation: list[str]) -> list[str]:
    """Rows that have runs of words of the evaluation's rows, of all lengths, within words of their own."""
    rows = []
    for text in evaluation:
        found = text.split()
        begin, length = PICK.integers(0, 20), PICK.integers(0, 31)
        own = [f"own{number}" for number in PICK.integers(0, 10_000, 12)]
        again = found[-int(PICK.integers(1, 12)) :]
        rows.append(" ".join([*own[:4], *found[begin : begin + length], *own[4:8], *again, *own[8:]]))
    return rows


TRAINED = trained_on(EVALUATION)


def grams_of(text: str, size: int) -> list[tuple[str, ...]]:
    found = spelled(text)
    return [tuple(found[start : start + size]) for start in range(len(found) - size + 1)]


def covered_by(evaluated: str, trained: str, size: int) -> float:
    """The part of an evaluated row's words that are in n-grams that the trained row has, word by word."""
    theirs = set(grams_of(trained, size))
    covered = set()
    for start, gram in enumerate(grams_of(evaluated, size)):
        if gram in theirs:
            covered |= set(range(start, start + size))
    return len(covered) / max(len(spelled(evaluated)), 1)


@pytest.fixture
def evaluation(tmp_path: Path) -> Words:
    (found,) = slices(texts_in(tmp_path, "evaluation", [{"text": text} for text in EVALUATION]))
    return found


@pytest.fixture
def trained(tmp_path: Path) -> Texts:
    return texts_in(tmp_path, "trained", [{"text": text} for text in TRAINED])


@pytest.mark.parametrize("size", [13, 8, 3])
def test_shared_grams_agree_with_sets_of_words(evaluation: Words, trained: Texts, size: int) -> None:
    theirs = {gram for text in TRAINED for gram in grams_of(text, size)}
    expected = [bool(theirs.intersection(grams_of(text, size))) for text in EVALUATION]
    assert 5 < sum(expected) < len(EVALUATION) or size == 3
    assert shared_grams(evaluation, trained, size).tolist() == expected


@pytest.mark.parametrize("size", [8, 3])
@pytest.mark.parametrize("at_a_time", [1, 10**6])
def test_coverage_agrees_with_counting_words(
    evaluation: Words, trained: Texts, size: int, at_a_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlaps, "_MATCHES_AT_A_TIME", at_a_time)
    found = coverage(evaluation, trained, size)
    parts = [[covered_by(one, other, size) for other in TRAINED] for one in EVALUATION]
    assert found.parts.tolist() == pytest.approx([max(each) for each in parts])
    for row, of_row in enumerate(parts):
        if max(of_row):
            best = {sample_id({"text": TRAINED[place]}) for place, part in enumerate(of_row) if part == max(of_row)}
            assert found.ids[row].tobytes().hex() in best


def test_a_template_is_not_counted(tmp_path: Path) -> None:
    template = "answer the following question in as few words as you can please"
    rows = [{"text": f"{template} w{number}"} for number in range(101)]
    (evaluation,) = slices(texts_in(tmp_path, "evaluation", rows))
    trained = texts_in(tmp_path, "trained", [{"text": f"{template} other"}])
    assert not coverage(evaluation, trained, 8).parts.any()
    (fewer,) = slices(texts_in(tmp_path, "fewer", rows[:100]))
    assert (coverage(fewer, trained, 8).parts > 0.9).all()


def test_large_evaluation_sets_come_in_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlaps, "_SLICE_WORDS", 1)
    texts = texts_in(tmp_path, "evaluation", [{"text": text} for text in EVALUATION])
    assert sum(len(each.lengths) for each in slices(texts)) == len(EVALUATION)


def test_nothing_trained_on_shares_nothing(tmp_path: Path, evaluation: Words) -> None:
    empty = texts_in(tmp_path, "empty", [])
    assert not shared_grams(evaluation, empty, 8).any()
    assert not coverage(evaluation, empty, 8).parts.any()
