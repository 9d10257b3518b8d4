from __future__ import annotations

import html
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import Environment

from provenance.faces.characters import has_no_shape
from provenance.faces.display import plain, show

_MARKUP = re.compile(r'<span class="escape" title="[^"<>]*">|<span class="quiet">|</span>')
HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "<>&\"'\x00\x07\x1b\x7f\x9b\r\n\t\u200b\u200c\u200d\u202e\u2066\ufe0f\ufeff\u3164\U000e0041\ud800"
        ),
    )
)


def shown_text(text: str, limit: int | None = None) -> str:
    """What a browser would show of ``text``."""
    return html.unescape(_MARKUP.sub("", str(show(text, limit))))


@given(HOSTILE)
@example("<script>alert(1)</script>")
@example("\x1b]8;;http://x\x07link")
def test_nothing_of_a_text_becomes_markup(text: str) -> None:
    rest = _MARKUP.sub("", str(show(text)))
    assert "<" not in rest and ">" not in rest and '"' not in rest and "'" not in rest
    assert not re.search(r"&(?!amp;|lt;|gt;|#34;|#39;)", rest)


@given(HOSTILE)
def test_nothing_without_a_shape_is_left_but_what_scripts_and_emoji_are_made_with(text: str) -> None:
    for shown in (shown_text(text), plain(text)):
        left = {character for character in shown if has_no_shape(character)}
        assert left <= set("\n\t\r\u200c\u200d\ufe0e\ufe0f")
        assert not any(
            unicodedata.bidirectional(character) in ("RLO", "LRO", "RLE", "LRE", "PDF") for character in shown
        )


@given(HOSTILE)
def test_no_text_is_shown_as_another_one(text: str) -> None:
    # Backslashes aside: what is written as an escape in the text itself stands there without a mark.
    if "\\" not in text and not any(has_no_shape(character) for character in text):
        assert shown_text(text) == text == plain(text)


@given(HOSTILE)
def test_attributes_and_pictures_say_the_same_as_the_page(text: str) -> None:
    assert plain(text) == shown_text(text)


@given(st.text(), st.integers(1, 30))
def test_a_cut_says_how_much_is_left_out(text: str, limit: int) -> None:
    shown = str(show(text, limit))
    left_out = len(text) - limit
    if left_out > 0:
        assert shown.endswith(f"… {left_out:,} more character{'' if left_out == 1 else 's'}</span>")
    else:
        # Of many hidden characters, only the first are named.
        assert _without_tags(shown) == _without_tags(str(show(text)))


def _without_tags(document: str) -> str:
    return re.sub("<[^>]*>", "", document)


def test_escapes_stand_out_and_are_named() -> None:
    assert show("a\u202eb") == 'a<span class="escape" title="right-to-left override">\\u202e</span>b'
    assert show("\x07") == '<span class="escape" title="u+0007">\\x07</span>'


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d💻 and 👨🏽\u200d🚀",
        "❤\ufe0f 1\ufe0f⃣ ‼\ufe0f",
        "می\u200cخواهم",  # Persian: I want
        "क्\u200dष",  # Devanagari, half a letter
        "one\r\ntwo\tthree",
        "\u06dd",
        "Köln 漢字 ✓ עברית",
    ],
)
def test_text_of_any_script_is_shown_as_it_is(text: str) -> None:
    assert show(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "pass\u200dword",
        "pass\u200cword",
        "a\ufe0fb",
        "\u200d",
        "❤\ufe0f\ufe0f",
        "lone\rreturn",
        "tag\U000e0041",
        "filler\u3164",
        "\U000e0101",
    ],
)
def test_what_only_hides_is_shown_as_an_escape(text: str) -> None:
    assert str(show(text)).count('class="escape"') == 1
    assert plain(text).isprintable()


def test_a_template_does_not_escape_it_again() -> None:
    template = Environment(autoescape=True).from_string("{{ text }}")
    assert template.render(text=show("<b>")) == "&lt;b&gt;"


def test_of_a_text_that_is_cut_few_hidden_characters_are_named_and_none_is_left_raw() -> None:
    text = "a\u202e" * 200
    cut = str(show(text, 160))
    assert len(cut) < 2_000 and "\u202e" not in cut
    assert cut.count('class="escape"') == 8 and cut.count("\\u202e") == 80
    assert str(show(text)).count('class="escape"') == 200
