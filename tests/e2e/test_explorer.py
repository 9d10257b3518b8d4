"""The explorer in a real browser: as it looks, by keyboard alone, without JavaScript, and with hostile data."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from support.browser import SCHEMES, WIDTHS, Scheme, chromium, visited
from support.explored import Explorer, explored
from support.reported import HOSTILE, HOSTILE_MIX, MIX, reported

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGES = {
    "overview": "/",
    "rows": f"/d/{MIX}",
    "by-step": f"/d/{MIX}?stage=answer&prompt=ask",
    "filtered": f"/d/{MIX}?origin=synthetic&from=sample:data/documents.jsonl:3",
    "composition": f"/d/{MIX}?view=composition",
    "history": f"/d/{MIX}?view=history",
    "lineage": f"/d/{MIX}?view=lineage",
    "sample": f"/s/{MIX}:91?commits=all",
    "many-births": f"/s/{MIX}:125",
    "model": "/m/SmallModel%40v1",
    "source": "/src/python%20stdlib",
    "prompt": "/p/ask",
    "licence": "/l/PSF-2.0",
    "changes": f"/changes?a=v1&b=v2&dataset={MIX}",
    "audit": f"/audit?dataset={MIX}",
    "impact": "/impact?selector=sample:data/documents.jsonl:3",
    "nothing": f"/d/{MIX}?q=nobody",
    "sorry": "/find?q=nobody",
}
HOSTILE_PAGES = {
    "overview": "/",
    "rows": f"/d/{quote(HOSTILE_MIX)}",
    "sample": f"/s/{quote(HOSTILE_MIX)}:91",
    "model": f"/m/{quote('SmallModel' + HOSTILE + '@v1', safe='')}",
    "lineage": f"/d/{quote(HOSTILE_MIX)}?view=lineage",
    # The command that is shown there has no place to break a line at.
    "impact": f"/impact?selector={quote('model:SmallModel' + HOSTILE + '@v1', safe='')}",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def explorer(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explorer]:
    project = reported(tmp_path_factory.mktemp("explorer") / "repository")
    with explored(project.root) as running:
        yield running


@pytest.fixture(scope="module")
def pages(explorer: Explorer) -> Mapping[str, str]:
    """`PAGES`, and that of a step's run, whose address is an id."""
    run = re.search(r'href="(/a/\w+)"', explorer.page(PAGES["sample"]))
    assert run is not None
    return PAGES | {"run": run[1]}


@pytest.fixture(scope="module")
def hostile(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explorer]:
    project = reported(tmp_path_factory.mktemp("hostile") / "repository", hostile=True, revisions=1)
    with explored(project.root) as running:
        yield running


def kept(name: str) -> Path | None:
    """Where to keep a picture."""
    folder = os.environ.get("PROVENANCE_PICTURES")
    return Path(folder) / f"explorer-{name}.png" if folder else None


def wait_for(page: Page, selector: str, text: str) -> None:
    """Until an element says so; not by a function, which the pages' policy would not let be evaluated."""
    page.locator(selector).filter(has_text=text).wait_for()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_opens_quietly_and_without_a_sideways_scroll(
    browser: Browser, explorer: Explorer, pages: Mapping[str, str], width: int, scheme: Scheme
) -> None:
    for name, path in pages.items():
        address = explorer.origin + path
        with visited(browser, address, cookie=explorer.cookie, width=width, scheme=scheme) as found:
            # A page that says what is wrong has a status that the browser notes.
            assert [said for said in found.said if "status of 404" not in said] == [], name
            assert all(asked.startswith(explorer.origin) for asked in found.asked)
            assert not found.is_wider_than(width), name
            if picture := kept(f"{name}-{width}-{scheme}"):
                found.picture(str(picture))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_accessible(
    browser: Browser, explorer: Explorer, pages: Mapping[str, str], width: int, scheme: Scheme
) -> None:
    for name, path in pages.items():
        address = explorer.origin + path
        with visited(browser, address, cookie=explorer.cookie, width=width, scheme=scheme, for_axe=True) as found:
            assert found.violations() == [], name


def test_nothing_in_the_data_runs_or_loads(browser: Browser, hostile: Explorer) -> None:
    for name, path in HOSTILE_PAGES.items():
        with visited(browser, hostile.origin + path, cookie=hostile.cookie) as found:
            assert found.said == [], name
            assert found.page.title() != "owned"
            own = {"script", "link", "form"}
            assert set(found.foreign()) <= own, name
            assert found.page.evaluate("document.scripts.length") == 1
            assert found.page.locator(".escape").count() > 0
            assert all(asked.startswith(hostile.origin) for asked in found.asked)
            if picture := kept(f"hostile-{name}"):
                found.picture(str(picture))
        with visited(browser, hostile.origin + path, cookie=hostile.cookie, width=390) as found:
            assert not found.is_wider_than(390), name


def test_the_printed_address_lets_in_once_and_its_secret_leaves_the_address_bar(
    browser: Browser, explorer: Explorer
) -> None:
    with visited(browser, explorer.address) as found:
        found.page.wait_for_selector("h1")
        assert found.page.url == explorer.origin + "/"
        assert found.page.evaluate("document.cookie") == ""
        found.page.goto(f"{explorer.origin}/d/{MIX}")
        assert "132 rows" in found.page.inner_text(".found")


def test_without_javascript_facets_paging_and_ancestry_are_links(browser: Browser, explorer: Explorer) -> None:
    with visited(browser, f"{explorer.origin}/d/{MIX}", cookie=explorer.cookie, scripts=False) as found:
        found.page.click("text=More rows")
        assert found.page.locator("#rows tbody tr").count() == 50
        found.page.click("#f-origin-2")
        assert "42 rows" in found.page.inner_text(".found")
        found.page.goto(f"{explorer.origin}/s/{MIX}:125")
        cards = found.page.locator(".node").count()
        found.page.click(".node.is-group a")
        assert found.page.locator(".node").count() > cards


def test_a_facet_changes_the_list_and_keeps_focus(browser: Browser, explorer: Explorer) -> None:
    with visited(browser, f"{explorer.origin}/d/{MIX}", cookie=explorer.cookie) as found:
        found.page.focus("#f-origin-2")
        found.page.keyboard.press("Enter")
        found.page.wait_for_url("**origin=synthetic")
        wait_for(found.page, ".found", "42 rows of")
        assert found.page.evaluate("document.activeElement.id") == "f-origin-2"
        assert found.page.inner_text("#live") == "42 rows fit"
        found.page.go_back()
        wait_for(found.page, ".found", "132 rows")
        assert found.said == []


def test_a_view_is_handed_over_as_the_command_that_opens_it(browser: Browser, explorer: Explorer) -> None:
    with visited(browser, f"{explorer.origin}/d/{MIX}", cookie=explorer.cookie) as found:
        found.page.context.grant_permissions(["clipboard-write"])
        found.page.click("#f-origin-2")
        wait_for(found.page, ".found", "42 rows of")
        found.page.click("text=Copy link")
        wait_for(found.page, "#live", f"provenance explore --open '/d/{MIX}?origin=synthetic'")
        wait_for(found.page, "#link", "Copied")
        assert found.said == []
    with visited(browser, f"{explorer.origin}/d/{MIX}?q=x", cookie=explorer.cookie, scripts=False) as found:
        assert found.page.get_attribute("#link", "href") == f"/d/{MIX}?q=x"


def test_by_keyboard_from_the_overview_to_a_human_root(browser: Browser, explorer: Explorer) -> None:
    with visited(browser, explorer.origin + "/", cookie=explorer.cookie) as found:
        press = found.page.keyboard.press
        press("/")
        found.page.keyboard.type(f"{MIX}:91")
        press("Enter")
        found.page.wait_for_selector("#ancestry")
        found.page.focus(".node.is-real a.row-link")
        press("Enter")
        wait_for(found.page, ".lead", "No ancestors")
        assert "Collected from python stdlib" in found.page.inner_text(".lead")


def test_rows_are_walked_by_keys_and_come_while_scrolling(browser: Browser, explorer: Explorer) -> None:
    with visited(browser, f"{explorer.origin}/d/{MIX}", cookie=explorer.cookie) as found:
        for last in (99, 131):
            found.page.locator("#rows .more").scroll_into_view_if_needed()
            found.page.locator("#rows tbody tr").nth(last).wait_for(state="attached")
        found.page.keyboard.press("j")
        found.page.keyboard.press("j")
        found.page.keyboard.press("Enter")
        found.page.wait_for_selector("#ancestry")
        assert found.said == []
