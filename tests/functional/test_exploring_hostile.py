"""A repository in which all that can be named or written is hostile, crawled page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from support.explored import Explorer, explored
from support.reported import HOSTILE_MIX, reported

# Controls but for tab and line feed, and what has no shape or reorders.
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
MOST_PAGES = 150
OURS = {
    *("html", "head", "meta", "title", "link", "script", "body", "a", "header", "nav", "form", "label", "input"),
    *("button", "main", "div", "p", "h1", "h2", "h3", "span", "section", "ul", "li", "dl", "dt", "dd", "b", "table"),
    *("caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "code", "article", "figure", "mark", "ins"),
    *("del", "select", "option", "i", "svg", "path", "circle", "rect", "defs", "pattern", "g", "text", "line", "title"),
    *("foreignobject", "tspan", "polygon", "marker", "desc", "fieldset", "legend", "noscript", "progress", "br"),
}


class Page(HTMLParser):
    """What is in a page: links that stay here, and what only data can have brought in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.foreign: list[str] = []
        self.scripts = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in OURS:
            self.foreign.append(tag)
        self.scripts += tag == "script"
        for name, value in attrs:
            if name.startswith("on") or name == "style" or RAW.search(value or ""):
                self.foreign.append(f"{tag} {name}={value!r}")
            if name in ("href", "src", "action") and value:
                if not value.startswith("/") or value.startswith("//"):
                    if not value.startswith("#"):
                        self.foreign.append(f"{tag} {name}={value!r}")
                elif name == "href" and tag == "a":
                    self.links.append(value)

    def handle_data(self, data: str) -> None:
        if RAW.search(data):
            self.foreign.append(f"text {data!r}")


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explorer]:
    project = reported(tmp_path_factory.mktemp("hostile") / "repository", hostile=True, revisions=1)
    with explored(project.root) as running:
        yield running


def kind_of(link: str) -> str:
    """Pages of one kind are alike: the address without names and values."""
    path, _, query = link.partition("?")
    return re.sub(r"^(/\w+).*", r"\1", path) + "?" + re.sub(r"=[^&]*", "", query)


def test_nothing_in_the_data_becomes_part_of_any_page(explorer: Explorer) -> None:
    waiting = ["/", "/impact?selector=%3Cscript%3E%1B", "/find?q=%3Cscript%3E%E2%80%AE"]
    waiting += [f"/d/{quote(HOSTILE_MIX)}?prompt=%3Cscript%3E%E2%80%AE&stage=%1B%22onclick"]
    seen, crawled = set[str](), 0
    of_kind: dict[str, int] = {}
    while waiting and crawled < MOST_PAGES:
        link = waiting.pop(0)
        kind = kind_of(link)
        if link in seen or of_kind.get(kind, 0) >= 3:
            continue
        seen.add(link)
        of_kind[kind] = of_kind.get(kind, 0) + 1
        answered = explorer.request(link.partition("#")[0])
        crawled += 1
        assert answered.status < 500, f"{link}: {answered.text}"
        if "format=" in link:
            # No browser takes it for a page.
            assert answered.headers["content-type"].partition(";")[0] in ("text/csv", "application/json")
            assert answered.headers["content-disposition"].startswith("attachment")
            continue
        page = Page(answered.text)
        assert page.foreign == [], link
        assert page.scripts == 1, link
        assert not RAW.search(answered.text), link
        waiting += page.links
    kinds = {kind.partition("?")[0] for kind in of_kind}
    assert {"/", "/d", "/s", "/m", "/src", "/p", "/l", "/a", "/impact"} <= kinds
    assert any(kind.endswith("?stage") for kind in of_kind)
    assert crawled > 40


def test_the_hostile_names_are_shown_as_what_they_are(explorer: Explorer) -> None:
    page = explorer.page("/")
    assert "&lt;b onmouseover=alert(1)&gt;" in page
    assert 'class="escape"' in page
    assert HOSTILE_MIX not in page


def test_what_an_audit_found_in_hostile_rows_is_text(explorer: Explorer) -> None:
    asked = f"/audit?dataset={quote(HOSTILE_MIX)}&policy=model-collapse&run=1"
    answered = explorer.request(asked)
    # Where others are running, it waits for one of them to be done.
    while "is running." in answered.text or "tasks are running" in answered.text:
        answered = explorer.request(asked)
    page = Page(answered.text)
    assert 'class="finding"' in answered.text
    assert (page.foreign, page.scripts) == ([], 1)
    assert not RAW.search(answered.text)
