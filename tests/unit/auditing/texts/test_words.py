from __future__ import annotations

import unicodedata
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.auditing.texts import words as words_module
from provenance.auditing.texts.normal import as_read
from provenance.auditing.texts.words import Words, grams, spelled, words

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"]), max_size=30), max_size=6)
ASCII = st.lists(st.text("aB1 ,-'\n", max_size=30), max_size=6)


def of(*texts: str | None) -> Words:
    return words(pa.array(texts, pa.large_string()))


def independent_words(text: str) -> list[str]:
    """Runs of letters, marks and digits of a text as people read it, from Python's own tables."""
    found: list[str] = []
    before = " "
    for character in as_read(text):
        if unicodedata.category(character)[0] in "LMN":
            alone = any("\u4e00" <= each <= "\u9fff" for each in (character, before))
            if alone or not found or unicodedata.category(before)[0] not in "LMN":
                found.append("")
            found[-1] += character
        before = character
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World! It's 3.14", ["hello", "world", "it", "s", "3", "14"]),
        ("snake_case -- ÜBER na\u00efve \u201cquoted\u201d", ["snake", "case", "\u00fcber", "na\u00efve", "quoted"]),
        ("cafe\u0301", ["caf\u00e9"]),
        ("GPT模型 v2", ["gpt", "模", "型", "v2"]),
        ("", []),
        (" \n\t", []),
    ],
)
def test_words_are_runs_of_letters_marks_and_digits(text: str, expected: list[str]) -> None:
    assert spelled(text) == expected
    assert of(text).lengths.tolist() == [len(expected)]
    assert independent_words(text) == expected


@given(texts=TEXTS | ASCII)
def test_the_same_words_have_the_same_hash_wherever_they_stand(texts: list[str]) -> None:
    found = of(*texts)
    spellings = [spelled(text) for text in texts]
    assert found.lengths.tolist() == [len(each) for each in spellings]
    by_spelling: dict[str, set[int]] = {}
    for word, number in zip([word for each in spellings for word in each], found.hashes.tolist(), strict=True):
        by_spelling.setdefault(word, set()).add(number)
    assert all(len(numbers) == 1 for numbers in by_spelling.values())
    assert len(set.union(set(), *by_spelling.values())) == len(by_spelling)
    for text, alone in zip(texts, spellings, strict=True):
        assert of(text).hashes.tolist() == [number for word in alone for number in by_spelling[word]]


def test_a_hundred_thousand_words_hardly_share_hashes() -> None:
    many = of(" ".join(f"word{number:x} {number}" for number in range(50_000)))
    assert 2 * 50_000 - len(set(many.hashes.tolist())) < 20


def test_long_words_are_told_apart_beyond_the_places_that_repeat() -> None:
    base = "a" * 255 + "b" + "a" * 300
    assert len(set(of(base, "a" + base, base[::-1], base + "a").hashes.tolist())) == 4


def test_null_has_no_words() -> None:
    assert of(None, "a", None).offsets.tolist() == [0, 0, 1, 1]
    assert of().offsets.tolist() == [0]


@given(texts=TEXTS | ASCII, size=st.integers(1, 4))
def test_grams_are_those_of_each_row_alone(texts: list[str], size: int) -> None:
    found = of(*texts)
    expected = [
        (row, tuple(found.hashes[start : start + size].tolist()))
        for row, (begin, end) in enumerate(pairwise(found.offsets.tolist()))
        for start in range(begin, end - size + 1)
    ]
    all_grams = grams(found, size)
    assert all_grams.rows.tolist() == [row for row, _ in expected]
    distinct = len({gram for _, gram in expected})
    assert len(np.unique(all_grams.hashes)) == distinct
    assert (
        len({(gram, number) for (_, gram), number in zip(expected, all_grams.hashes.tolist(), strict=True)}) == distinct
    )


@pytest.mark.parametrize("at_a_time", [1, 7])
def test_hashing_some_words_at_a_time_changes_none(monkeypatch: pytest.MonkeyPatch, at_a_time: int) -> None:
    texts = ["", "über many words, " * 9, None, f"{'long' * 90} and short", "日本語"]
    at_once = of(*texts)
    monkeypatch.setattr(words_module, "_WORDS_AT_A_TIME", at_a_time)
    found = of(*texts)
    assert found.hashes.tolist() == at_once.hashes.tolist()
    assert found.offsets.tolist() == at_once.offsets.tolist()
