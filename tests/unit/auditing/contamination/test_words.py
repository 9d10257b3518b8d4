from __future__ import annotations

import unicodedata
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.auditing.contamination.words import FIELD, Gap, Words, words_of

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def of(*texts: str | None) -> Words:
    return words_of(pa.array(texts, pa.large_string()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World! It's 3.14", ["hello", "world", "it", "s", "3", "14"]),
        ("\u201cquoted\u201d \u2014 na\u00efve snake_case", ["quoted", "na\u00efve", "snake", "case"]),
        ("GPT\u6a21\u578b v2\u3002", ["gpt", "\u6a21", "\u578b", "v2"]),
        (r"caf\u00e9 \ud835\udc9c \\n\nHow \"are\"", ["caf\u00e9", "a", "how", "are"]),
        (r"\neq \theta \u12 a\tB \ud83d", ["neq", "theta", "u12", "a", "b"]),
        ("caf&eacute; &#1077;&#x442; a&amp;b &c; x && y;", ["caf\u00e9", "\u0435\u0442", "a", "b", "c", "x", "y"]),
        ("\uff26\uff35\uff2c\uff2c wi\u200bdth", ["full", "width"]),
        ("", []),
        (" \n\t", []),
    ],
)
def test_words_are_those_that_people_read(text: str, expected: list[str]) -> None:
    found = of(text)
    assert found.spelled(0, len(found.hashes)) == expected
    assert found.lengths.tolist() == [len(expected)]


@given(texts=st.lists(ANY, max_size=5))
def test_the_same_words_have_the_same_hash_and_others_another(texts: list[str]) -> None:
    found = of(*texts)
    spelled = [found.spelled(place, place + 1) for place in range(len(found.hashes))]
    assert all(len(each) == 1 for each in spelled)
    by_word: dict[str, set[int]] = {}
    for (word,), number in zip(spelled, found.hashes.tolist(), strict=True):
        by_word.setdefault(word, set()).add(number)
    assert all(len(numbers) == 1 for numbers in by_word.values())
    assert len(set().union(*by_word.values())) == len(by_word)
    # What is beside a row changes nothing in it.
    for text, (first, last) in zip(texts, pairwise(found.offsets.tolist()), strict=True):
        alone = of(text)
        assert alone.hashes.tolist() == found.hashes[first:last].tolist()
        assert alone.gaps[:-1].tolist() == found.gaps[first:last].tolist()


# What is put between a backslash or an ampersand and what follows makes another escape of it, or none.
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\\&\uff3c\uff06"), max_size=30))
def test_forms_of_unicode_and_what_nobody_sees_change_no_word(text: str) -> None:
    plain = of(text).hashes.tolist()
    assert of(unicodedata.normalize("NFD", text)).hashes.tolist() == plain
    assert of("\u200b".join(text)).hashes.tolist() == plain


def test_gaps_say_what_ends_between_words() -> None:
    found = of(f"One two. Three: four\nfive, six{FIELD}seven\u3002eight", None, "nine")
    nothing, sentence, line, field = Gap.NOTHING, Gap.SENTENCE, Gap.LINE, Gap.FIELD
    assert found.gaps.tolist() == [
        *(field, nothing, sentence, sentence, line, nothing, field, sentence, field),
        field,
    ]
    assert found.after_colon.tolist() == [3]
    assert found.lengths.tolist() == [8, 0, 1]
