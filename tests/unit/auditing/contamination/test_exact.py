"""Exact copies: all that count are found, wherever they stand, as a search word by word finds them."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.suites import hits, rows_found, suite

from provenance.auditing.contamination.index import Suite
from provenance.auditing.contamination.rules import Copy, enough_of_exact
from provenance.auditing.contamination.sides import Side
from provenance.auditing.contamination.words import FIELD

PICK = random.Random(5)
WORDS = ["".join(PICK.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(6)) for _ in range(4000)]


def say(count: int, pick: random.Random = PICK) -> str:
    return " ".join(pick.choice(WORDS) for _ in range(count))


QUESTIONS = [say(number) for number in range(1, 41)]
SHORT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    return suite(tmp_path_factory.mktemp("questions"), asked=[{"question": text} for text in QUESTIONS])


@given(before=SHORT, behind=SHORT, row=st.integers(9, len(QUESTIONS) - 1))
@settings(deadline=None)
def test_a_question_is_found_whatever_stands_around_it(questions: Suite, before: str, behind: str, row: int) -> None:
    text = f"{before} {QUESTIONS[row]} {behind}"
    found = [hit for hit in hits(questions, "something else", text) if (hit.text, hit.row) == (1, row)]
    assert max(hit.copy for hit in found) > Copy.INEXACT
    assert max(hit.degree for hit in found) == 1.0


@given(before=SHORT, behind=SHORT, row=st.integers(0, len(QUESTIONS) - 1))
@settings(deadline=None)
def test_a_whole_field_is_found_from_one_word_on(questions: Suite, before: str, behind: str, row: int) -> None:
    assert (0, row) in rows_found(questions, FIELD.join((before, QUESTIONS[row], behind)))


@pytest.mark.parametrize(
    ("text", "words", "copy"),
    [
        ("{q}", 1, Copy.FIELD),
        ("Before it." + FIELD + "{q}" + FIELD + "and behind", 1, Copy.FIELD),
        ("Some words.\nQuestion: {q}\nmore", 1, Copy.FIELD),
        ("Some words.\nThe third question: {q}\nmore", 1, Copy.FIELD),
        ("Some words.\n{q}\nmore", 3, Copy.LINE),
        ("It was asked. {q}? And more", 5, Copy.SENTENCES),
        ("It was asked {q} and more", 8, Copy.ANYWHERE),
    ],
)
def test_the_place_says_how_much_it_takes(questions: Suite, text: str, words: int, copy: Copy) -> None:
    found = [hit for number in range(12) for hit in hits(questions, text.format(q=QUESTIONS[number]))]
    exact = {hit.row: hit.copy for hit in found if hit.copy > Copy.INEXACT}
    assert exact == dict.fromkeys(range(words - 1, 12), copy)


@given(data=st.data())
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_is_found_word_by_word(tmp_path: Path, data: st.DataObject) -> None:
    """Against a search that knows no hashes, on few words, so that sides overlap and repeat."""
    few = st.sampled_from(["alpha", "bravo", "carol", "delta", "1", "a"])
    sentence = st.lists(few, min_size=1, max_size=9).map(" ".join)
    row = st.fixed_dictionaries({"question": sentence, "passage": sentence, "answer": sentence})
    rows = data.draw(st.lists(row, min_size=1, max_size=4))
    marks = st.sampled_from([" ", ". ", "\n", FIELD, ": ", ", "])
    pieces = st.sampled_from([row[name] for row in rows for name in row]) | few
    text = "".join(piece + data.draw(marks) for piece in data.draw(st.lists(pieces, min_size=1, max_size=8)))
    sought = suite(tmp_path, asked=rows)
    alone = [hit for hit in hits(sought, text) if hit.side < Side.WITH_OPTIONS]
    found = {(hit.row, hit.side, hit.copy) for hit in alone if hit.copy > Copy.INEXACT}
    assert found == _word_by_word(sought, rows, text)


def _word_by_word(sought: Suite, rows: list[dict[str, Any]], text: str) -> set[tuple[int, Side, Copy]]:
    parts = re.findall(r"[a-z0-9]+|[^a-z0-9]+", FIELD + text + FIELD)
    words = [part for part in parts if part.isalnum()]
    gaps = ["", *("".join(each) for each in _gaps(parts))]
    expected = set()
    for number, row in enumerate(rows):
        for side, name in ((Side.QUESTION, "question"), (Side.PASSAGE, "passage"), (Side.ANSWER, "answer")):
            own = row[name].split()
            place = _side_of(sought, number, side)
            if place is None:
                continue
            for start in range(len(words) - len(own) + 1):
                if words[start : start + len(own)] == own:
                    copy = _copy(gaps, start, start + len(own))
                    said = (np.array([value]) for value in (copy, side, len(own), sought.bits[place]))
                    if enough_of_exact(*said)[0] and not sought.generic[place]:
                        expected.add((number, side, copy))
    return expected


def _side_of(sought: Suite, row: int, side: Side) -> int | None:
    for place in range(len(sought.sides)):
        rows = sought.rows[sought.row_offsets[place] : sought.row_offsets[place + 1]]
        if sought.sides[place] == side and row in rows.tolist():
            return place
    return None


def _gaps(parts: list[str]) -> list[list[str]]:
    gaps: list[list[str]] = [[]]
    for part in parts:
        if part.isalnum():
            gaps.append([])
        else:
            gaps[-1].append(part)
    return gaps


def _copy(gaps: list[str], start: int, stop: int) -> Copy:
    def rank(gap: str) -> int:
        return max([4 * (FIELD in gap), 3 * ("\n" in gap), 2 * (bool(set(gap) & set(".:"))), 1])

    before, behind = rank(gaps[start + 1]), rank(gaps[stop + 1])
    line = next(back for back in range(start + 2) if rank(gaps[start + 1 - back]) >= 3)
    if before == 2 and behind >= 3 and line <= 3 and ":" in gaps[start + 1]:
        return Copy.FIELD
    return Copy(min(before, behind))
