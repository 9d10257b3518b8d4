from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.auditing.texts.normal import as_read, as_read_column

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("The Café, 10 O'Clock!", "the café, 10 o'clock!"),
        ("Cafe\u0301", "café"),
        ("\uff26\uff55\uff4c\uff4c \uff57\uff49\uff44\uff54\uff48", "full width"),
        ("zero\u200bwidth\ufeff and soft\u00adhyphen \u202ereversed", "zerowidth and softhyphen reversed"),
        ("Straße ﬁne ΣΑΣ", "strasse fine σασ"),
        ("heart \u2764\ufe0f", "heart \u2764"),
        ("раyраl", "paypal"),
        ("Привет, Alexei; \u0391\u03b8\u03ae\u03bd\u03b1", "привет, alexei; αθήνα"),
        ("a\u200b\u0301", "á"),
        ("한\u1112\u1161\u11ab", "한한"),
        ("", ""),
    ],
)
def test_what_looks_the_same_is_the_same(text: str, read: str) -> None:
    assert as_read(text) == read


@given(text=ANY)
def test_reading_once_more_changes_nothing(text: str) -> None:
    assert as_read(as_read(text)) == as_read(text)


@given(text=ANY)
def test_every_form_of_unicode_reads_the_same(text: str) -> None:
    assert as_read(unicodedata.normalize("NFC", text)) == as_read(text)
    assert as_read(unicodedata.normalize("NFD", text)) == as_read(text)
    assert as_read(unicodedata.normalize("NFKD", text)) == as_read(text)


@given(text=ANY, place=st.integers(0, 40), unseen=st.sampled_from("\u200b\u200d\u2060\ufeff\u00ad\ufe0f\u034f"))
def test_what_nobody_sees_changes_nothing(text: str, place: int, unseen: str) -> None:
    assert as_read(text[:place] + unseen + text[place:]) == as_read(text)


@given(texts=st.lists(st.none() | ANY | st.text("aB c", max_size=9), max_size=6))
def test_a_column_is_read_row_by_row(texts: list[str | None]) -> None:
    found = as_read_column(pa.array(texts, pa.large_string()))
    assert found.to_pylist() == [as_read(text or "") for text in texts]
    assert found.type == pa.large_string()
