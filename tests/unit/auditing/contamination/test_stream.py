from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.suites import hits, rows_found, suite

from provenance.auditing.contamination import stream
from provenance.auditing.contamination.index import Suite

PICK = random.Random(4)
WORDS = ["".join(PICK.choice("abcdefghij") for _ in range(7)) for _ in range(3000)]


def say(count: int) -> str:
    return " ".join(PICK.choice(WORDS) for _ in range(count))


QUESTIONS = [say(12) for _ in range(30)]


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    return suite(tmp_path_factory.mktemp("questions"), asked=[{"question": text} for text in QUESTIONS])


@pytest.mark.parametrize(("name", "value"), [("_BYTES_AT_A_TIME", 150), ("_PAIRS_AT_A_TIME", 3), ("PIECE", 2000)])
def test_the_same_is_found_in_smaller_batches(
    questions: Suite, monkeypatch: pytest.MonkeyPatch, name: str, value: int
) -> None:
    texts = [f"{say(6)} {QUESTIONS[number % 30]} {say(number * 9)}" for number in range(40)]
    texts[5:5] = [None, "", "…"]  # type: ignore[list-item]
    at_once = hits(questions, *texts)
    assert len({hit.text for hit in at_once}) == 40
    monkeypatch.setattr(stream, name, value)
    monkeypatch.setattr(stream, "OVERLAP", 500)
    assert {(hit.text, hit.row, hit.copy) for hit in hits(questions, *texts)} == {
        (hit.text, hit.row, hit.copy) for hit in at_once
    }


def test_a_very_long_row_is_looked_at_in_pieces(questions: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PIECE", 3000)
    monkeypatch.setattr(stream, "OVERLAP", 400)
    text = f" {say(35)} ".join(QUESTIONS)
    assert len(text) > 3 * 3000
    sizes = [len(batch.words.text) for batch in stream.look_through(questions, pa.array([text], pa.large_string()))]
    assert len(sizes) > 3 and max(sizes) <= 3001
    assert rows_found(questions, "before", text, QUESTIONS[2]) == {*((1, row) for row in range(30)), (2, 2)}


def test_pieces_overlap_by_more_than_the_longest_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passage = say(600)
    long = suite(tmp_path, read=[{"passage": passage, "question": say(12)}])
    monkeypatch.setattr(stream, "PIECE", 3000)
    monkeypatch.setattr(stream, "OVERLAP", 400)
    for before in range(0, 9000, 1500):
        text = f"{say(before)} {passage} {say(9000)}"
        assert len(list(stream.look_through(long, pa.array([text], pa.large_string())))) > 1
        assert any(hit.copy > 0 for hit in hits(long, text)), before


def test_slices_of_columns_are_read_as_they_stand(questions: Suite) -> None:
    texts = pa.array([say(5), QUESTIONS[0], "\u00e9t\u00e9 " + QUESTIONS[1], say(3)], pa.large_string()).slice(1, 2)
    found = [batch.found for batch in stream.look_through(questions, texts)]
    pairs = {pair for each in found for pair in zip(each.row.tolist(), questions.rows[each.side].tolist(), strict=True)}
    assert pairs == {(0, 0), (1, 1)}


def test_keys_that_share_a_slot_are_told_apart(tmp_path: Path) -> None:
    rows = [{"question": say(9)} for _ in range(700)]
    many = suite(tmp_path, asked=rows)
    _, firsts = many.slots
    counts = np.diff(firsts)
    assert counts.max() > 1
    assert counts.sum() == len(many.keys)
    places, keys = stream._known(many, np.concatenate([many.keys, many.keys + np.uint64(1), np.zeros(3, np.uint64)]))
    expected = np.flatnonzero(np.isin(np.concatenate([many.keys, many.keys + np.uint64(1)]), many.keys))
    assert places.tolist() == expected.tolist()
    assert keys[: len(many.keys)].tolist() == list(range(len(many.keys)))
    assert rows_found(many, *(row["question"] for row in rows)) == {(number, number) for number in range(700)}
