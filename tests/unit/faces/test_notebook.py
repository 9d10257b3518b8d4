"""Blocks of a notebook: bounded, without a script, and nothing in them that text from data put there."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.faces.notebook import MOST_ROWS, MOST_TEXT, Table, block
from provenance.faces.tabular import Tabular

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202etxt\"' onload=x"
TAGS = {
    "div",
    "style",
    "p",
    "span",
    "svg",
    "rect",
    "circle",
    "path",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}


class Tags(HTMLParser):
    """The names of tags, and of attributes."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@given(text=st.text() | st.just(HOSTILE))
def test_text_is_text(text: str) -> None:
    tables = [Table.of(text, [{text: text, "n": 1}], 1)]
    document = block(text, strands=[(text, {"real": 3, "unknown": 1})], tables=tables)
    found = Tags(document)
    assert found.tags <= TAGS
    assert not any(name.startswith("on") or name == "href" for name in found.attributes)
    # The line end CR LF is one of a page, too.
    raw = document.replace("\r\n", "\n")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", raw)


def test_a_block_is_bounded_and_says_what_it_leaves_out() -> None:
    rows = [{"text": "x" * 10_000, "n": number} for number in range(500)]
    document = block("many", tables=[Table.of("rows", rows, len(rows))], strands=[("a", {"real": 1})] * 100)
    assert len(document.encode()) <= 20_000
    assert f"{500 - MOST_ROWS} more rows" in document and "x" * (MOST_TEXT + 1) not in document


def test_the_style_touches_nothing_but_the_block() -> None:
    style = re.search("<style>(.*?)</style>", block("x"), re.DOTALL)
    assert style is not None
    assert ":root" not in style[1] and "body" not in style[1] and "</" not in style[1]
    selectors = re.findall(r"([^{};]+)\{", style[1])
    assert all(".provenance-block" in each or "@layer" in each for each in selectors), selectors


def test_whole_numbers_stay_whole_in_pandas() -> None:
    class Some(Tabular):
        def _table_rows(self) -> list[dict[str, object]]:
            return [{"name": "a", "rows": 1}, {"name": "b", "rows": None}]

    pytest.importorskip("pandas")
    frame = Some().to_pandas()
    assert str(frame["rows"].dtype) == "Int64" and frame["rows"][0] == 1
    assert Some().to_arrow().column_names == ["name", "rows"]
