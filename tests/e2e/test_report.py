"""The report in a real browser, as somebody opens it who got it by mail: from disk, without a network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.browser import SCHEMES, WIDTHS, Scheme, chromium, opened
from support.reported import HOSTILE_MIX, MIX, reported

if TYPE_CHECKING:
    from playwright.sync_api import Browser

POLICIES = ("--policy", "policy.yaml")
BOTH = pytest.mark.parametrize("name", ["plain", "hostile"])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def pages(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The report of an ordinary repository, and that of a hostile one."""
    folder = tmp_path_factory.mktemp("reports")
    found = {}
    for name, mix in (("plain", MIX), ("hostile", HOSTILE_MIX)):
        project = reported(folder / name / "repository", hostile=name == "hostile", revisions=1)
        found[name] = folder / f"{name}.html"
        answer = project.provenance("report", mix, *POLICIES, "-o", str(found[name]))
        assert answer.code == 0, answer.stderr
    return found


@BOTH
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_report_opens_without_a_network_a_word_on_the_console_or_a_sideways_scroll(
    browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: Scheme
) -> None:
    with opened(browser, pages[name], width=width, scheme=scheme) as found:
        found.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert found.asked == [pages[name].as_uri()]
        assert found.said == []
        assert not found.is_wider_than(width)
        if pictures := os.environ.get("PROVENANCE_PICTURES"):
            found.picture(f"{pictures}/report-{name}-{width}-{scheme}.png")


@BOTH
def test_nothing_in_the_data_becomes_part_of_the_page(browser: Browser, pages: dict[str, Path], name: str) -> None:
    with opened(browser, pages[name]) as found:
        assert found.foreign() == []
        assert found.page.title().endswith("provenance report")
        assert found.page.evaluate("document.scripts.length") == 0
        assert (found.page.locator(".escape").count() > 0) == (name == "hostile")


@BOTH
def test_everything_is_there_without_javascript(browser: Browser, pages: dict[str, Path], name: str) -> None:
    with opened(browser, pages[name], scripts=False) as found:
        assert found.page.locator("section.section").count() == 8
        assert found.page.locator(".finding").count() > 0
        found.page.locator("summary").first.click()
        assert found.page.locator("details[open] table").first.is_visible()


@BOTH
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_report_is_accessible(
    browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: Scheme
) -> None:
    with opened(browser, pages[name], width=width, scheme=scheme, for_axe=True) as found:
        found.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert found.violations() == []


def test_it_prints_tagged_on_light_paper_with_every_table(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["plain"], scheme="dark") as found:
        assert b"/StructTreeRoot" in found.page.pdf(tagged=True, prefer_css_page_size=True)
        found.page.emulate_media(media="print", color_scheme="dark")
        assert found.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        hidden = "Array.from(document.querySelectorAll('details table')).filter(each => !each.checkVisibility()).length"
        assert found.page.evaluate(hidden) == 0
