from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.suites import rows_found, suite

from provenance.auditing.contamination import building, collecting
from provenance.auditing.contamination.background import RAREST
from provenance.auditing.contamination.index import ARRAYS
from provenance.auditing.contamination.rules import Level
from provenance.auditing.contamination.sides import Side
from provenance.errors import DataError

PICK = random.Random(2)
WORDS = ["".join(PICK.choice("abcdefghij") for _ in range(7)) for _ in range(3000)]


def say(count: int) -> str:
    return " ".join(PICK.choice(WORDS) for _ in range(count))


def test_it_makes_no_difference_how_much_is_held_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passage = say(50)
    sets: dict[str, list[dict[str, Any]]] = {
        "one": [{"question": say(number % 30), "passage": passage, "answer": say(3)} for number in range(60)],
        "two": [{"question": say(9), "options": [say(2), say(2)], "answer": 1} for _ in range(40)],
        "three": [{"text": f"{say(4)} {passage}"} for _ in range(9)],
    }
    at_once = suite(tmp_path, **sets)
    for module, name, value in (
        (collecting, "AT_A_TIME", 64),
        (building, "AT_A_TIME", 64),
        (collecting, "_MOST_SEEN", 3),
        (collecting, "_CHARACTERS_AT_A_TIME", 100),
    ):
        monkeypatch.setattr(module, name, value)
    in_parts = suite(tmp_path, **sets)
    for name in ARRAYS:
        assert np.array_equal(getattr(at_once, name), getattr(in_parts, name)), name


def test_equal_texts_are_one_side_with_all_their_rows(tmp_path: Path) -> None:
    asked, passage = say(12), say(30)
    found = suite(
        tmp_path,
        one=[{"question": asked, "passage": passage}, {"question": asked.upper() + "?", "passage": passage}],
        two=[{"question": say(12), "passage": passage}],
    )
    rows = {
        int(side): found.rows[found.row_offsets[place] : found.row_offsets[place + 1]].tolist()
        for place, side in enumerate(found.sides)
        if found.row_offsets[place + 1] - found.row_offsets[place] > 1
    }
    assert rows == {Side.QUESTION: [0, 1], Side.PASSAGE: [0, 1, 2]}


def test_the_rarer_a_word_is_the_more_it_weighs(tmp_path: Path) -> None:
    found = suite(tmp_path, only=[{"question": "the xylophone 1889 77 the"}])
    weights = found.weights[found.offsets[0] : found.offsets[1]].astype(float)
    assert weights[1] == RAREST
    assert weights[2] == weights[3] == 6.0
    # A word that a side repeats counts once.
    assert weights[0] == weights[4] == pytest.approx(4.33 / 2, abs=0.1)
    assert found.bits[0] == found.own_bits[0] == pytest.approx(weights.sum())


def test_words_of_other_rows_of_the_suite_weigh_less(tmp_path: Path) -> None:
    rows = [{"question": f"qqword {say(6)}"} for _ in range(200)]
    found = suite(tmp_path, only=rows)
    first = found.weights[found.offsets[:-1]].astype(float)
    # 199 other rows of 100,000 words, which a small suite is taken to have.
    assert first == pytest.approx(np.full(200, np.log2(100_000 / 199)), abs=0.01)


def test_a_text_that_most_rows_share_is_template_and_a_passage_is_none(tmp_path: Path) -> None:
    asked, note, passage = say(20), say(20), say(20)
    rows = [{"instruction": asked, "input": say(10), "note": note, "passage": passage} for _ in range(12)]
    found = suite(tmp_path, only=rows)
    assert rows_found(found, asked, f"{say(5)} {note} {say(5)}") == set()
    assert rows_found(found, rows[3]["input"]) == {(0, 3)}
    assert rows_found(found, passage) == {(0, number) for number in range(12)}
    few = suite(tmp_path, only=[*rows[:4], *({"instruction": say(20), "input": say(9)} for _ in range(8))])
    assert rows_found(few, asked, note) == {(text, number) for text in (0, 1) for number in range(4)}


def test_template_weighs_nothing(tmp_path: Path) -> None:
    template = "name the single best option and nothing else"
    rows = [{"question": f"{template} {say(10)}"} for _ in range(101)]
    found = suite(tmp_path, only=rows, other=[{"question": f"{template} {say(10)}"} for _ in range(9)])
    for place in range(101):
        weights = found.weights[found.offsets[place] : found.offsets[place + 1]]
        assert not weights[:8].any() and weights[8:].all()
    assert (found.own_bits[:101] < found.bits[:101]).all()
    # A set of nine rows is too small to have one.
    assert (found.own_bits[101:] == found.bits[101:]).all()
    assert rows_found(found, template) == set()
    assert rows_found(found, rows[7]["question"]) == {(0, 7)}


def test_questions_that_say_little_are_joined_with_more(tmp_path: Path) -> None:
    short, long = {"question": "Why is that?", "answer": say(9)}, {"question": say(20), "answer": say(9)}
    found = suite(tmp_path, only=[short, long, {"question": "Yes?", "options": [say(4), say(4)]}])
    joined = {
        (int(side), int(found.rows[found.row_offsets[place]]))
        for place, side in enumerate(found.sides)
        if side >= Side.WITH_OPTIONS
    }
    assert joined == {(Side.WITH_ANSWER, 0), (Side.WITH_OPTIONS, 2)}
    assert rows_found(found, f"Why is that? {short['answer']}") == {(0, 0)}


def test_levels_say_how_far_rows_are_looked_for(tmp_path: Path) -> None:
    rows = [
        {"question": "yes"},
        {"question": "why", "answer": say(9)},
        {"question": "mitochondria"},
        {"question": "photosynthesis mitochondria chlorophyll and then"},
        {"question": say(20)},
        {"passage": say(20)},
        {"question": ""},
    ]
    template = [{"question": f"answer by the letter of the best option {say(2)}"} for _ in range(20)]
    levels = suite(tmp_path, only=rows, template=template).levels().tolist()
    assert levels[:7] == [
        *(Level.NOT_AT_ALL, Level.WITH_MORE, Level.WHOLE, Level.INEXACTLY),
        *(Level.INEXACTLY, Level.INEXACTLY, Level.NOT_AT_ALL),
    ]
    assert levels[7:] == [Level.WORD_FOR_WORD] * 20


def test_too_much_text_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "MOST_WORDS", 100)
    monkeypatch.setattr(collecting, "_CHARACTERS_AT_A_TIME", 100)
    with pytest.raises(DataError, match=r"large:\d+: more than 100 words to look for; name a part of it"):
        suite(tmp_path, large=[{"question": say(10)} for _ in range(50)])


def test_sets_without_words_are_indexed_as_empty(tmp_path: Path) -> None:
    found = suite(tmp_path, empty=[], numbers=[{"question": "?!"}], words=[{"question": say(9)}])
    assert found.row_count == 2
    assert found.set_rows.tolist() == [0, 1, 1]
    assert found.sets_of_sides.tolist() == [2]
    nothing = suite(tmp_path, empty=[{"question": "…"}])
    assert rows_found(nothing, "some text that has words") == set()
