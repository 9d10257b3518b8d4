from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from provenance.faces.display import plain
from provenance.faces.texts import difference, filled, shared

WORDS = st.lists(st.sampled_from(["the", "list", "of", "<b>", "keys", "\u202e", "is", "gone", "."])).map(" ".join)


def text_of(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


@given(WORDS, WORDS)
def test_a_difference_leaves_out_nothing_of_either_text(before: str, after: str) -> None:
    found = difference(before, after)
    if found is not None:
        assert (text_of(found[0]), text_of(found[1])) == (plain(before), plain(after))


def test_what_was_taken_out_and_put_in_is_marked() -> None:
    assert difference("a red house", "a blue house") == ("a <del>red</del> house", "a <ins>blue</ins> house")


def test_texts_without_much_in_common_have_no_difference() -> None:
    assert difference("one two three", "vier fuenf sechs") is None
    assert difference("word " * 4_000, "word " * 4_000) is None


@given(WORDS, WORDS)
def test_marking_what_is_shared_keeps_the_text(text: str, other: str) -> None:
    assert text_of(shared(text, other)) == plain(text)


def test_runs_of_three_words_are_marked_whatever_their_case() -> None:
    found = shared("Remove the first key from maps, quickly", "remove THE first element")
    assert found == "<mark>Remove the first</mark> key from maps, quickly"


def test_two_runs_beside_each_other_are_marked_apart_from_what_is_between() -> None:
    found = shared("a b c x d e f", "a b c y d e f")
    assert found == "<mark>a b c</mark> x <mark>d e f</mark>"


def test_a_long_text_is_cut_and_says_so() -> None:
    assert shared("a b c d e f", "a b c", limit=7) == (
        '<mark>a b c</mark> d<span class="quiet"> … 4 more characters</span>'
    )


def test_a_prompt_is_filled_with_what_is_there() -> None:
    found = filled("Ask {question} of {name}: {{x}}", {"question": "<i>why</i>"})
    assert found == ('Ask <span class="variable" title="question">&lt;i&gt;why&lt;/i&gt;</span> of {name}: {{x}}')
