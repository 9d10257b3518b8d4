"""Pages in a real browser, without a network: what is on them, what they ask for, and what is wrong with them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The file axe.min.js of the npm package axe-core; .ci/run installs it.
AXE = "PROVENANCE_AXE"
WIDTHS, SCHEMES = (1440, 390), ("light", "dark")
Scheme = Literal["light", "dark"]

# What must not be in the text or in an attribute of any element: controls, and what reorders or hides.
_RAW = (
    r"[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    r"\u{e0000}-\u{e007f}]"
)
_FOREIGN = f"""() => {{
  const raw = /{_RAW}/u; const found = [];
  for (const element of document.querySelectorAll('*')) {{
    for (const {{name, value}} of element.attributes) {{
      if (name.startsWith('on') || name === 'style' || raw.test(value)) found.push(`${{element.localName}} ${{name}}`);
    }}
    if (['script', 'iframe', 'object', 'embed', 'img', 'link', 'base', 'form'].includes(element.localName))
      found.push(element.localName);
  }}
  if (raw.test(document.documentElement.textContent)) found.push('a raw character');
  return found;
}}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (`make test` does it)")
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("no chromium is installed here; on Debian: apt-get install chromium")
    # Its sandbox needs what root, in a container, does not have.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page, and what happened on it: ``said`` on its console, and all it ``asked`` for."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def picture(self, file: str) -> None:
        """Keep what is seen, as far down as the browser can draw at once."""
        height = min(int(self.page.evaluate("document.documentElement.scrollHeight")), 12_000)
        width = self.page.viewport_size["width"] if self.page.viewport_size else 1440
        clip = {"x": 0.0, "y": 0.0, "width": float(width), "height": float(height)}
        self.page.screenshot(path=file, full_page=True, clip=clip)

    def is_wider_than(self, width: int) -> bool:
        """Whether it can be scrolled sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth") > width)

    def foreign(self) -> list[str]:
        """Elements, attributes and characters that only data can have brought in."""
        return list(self.page.evaluate(_FOREIGN))

    def violations(self) -> list[str]:
        """What axe-core finds against accessibility; the test is skipped where it is not installed."""
        script = os.environ.get(AXE)
        if script is None or not Path(script).is_file():
            pytest.skip(f"axe-core is not installed; npm install axe-core, and set {AXE} to its axe.min.js")
        self.page.add_script_tag(path=script)
        found: Any = self.page.evaluate("axe.run({resultTypes: ['violations']})")
        return [f"{each['id']}: {node['html'][:200]}" for each in found["violations"] for node in each["nodes"]]


@contextmanager
def opened(
    browser: Browser,
    file: Path,
    *,
    width: int = 1440,
    scheme: Scheme = "light",
    scripts: bool = True,
    for_axe: bool = False,
) -> Iterator[Opened]:
    """``file`` as a page, without a network. ``for_axe``: the page's own policy must not stop axe."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        java_script_enabled=scripts,
        bypass_csp=for_axe,
        offline=True,
    )
    yield from _watched(context, file.as_uri())


@contextmanager
def visited(
    browser: Browser,
    address: str,
    *,
    cookie: str = "",
    width: int = 1440,
    scheme: Scheme = "light",
    scripts: bool = True,
    for_axe: bool = False,
) -> Iterator[Opened]:
    """The page at ``address`` of a server on this machine, with its ``cookie`` (NAME=VALUE) where one is given."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        java_script_enabled=scripts,
        bypass_csp=for_axe,
    )
    if cookie:
        name, _, value = cookie.partition("=")
        context.add_cookies([{"name": name, "value": value, "domain": "127.0.0.1", "path": "/", "sameSite": "Strict"}])
    yield from _watched(context, address)


def _watched(context: BrowserContext, address: str) -> Iterator[Opened]:
    """The page at ``address``, with what happens on it, until it is done with."""
    found = Opened(context.new_page())
    found.page.on("console", lambda message: found.said.append(message.text))
    found.page.on("pageerror", lambda error: found.said.append(str(error)))
    found.page.on("request", lambda request: found.asked.append(request.url))
    found.page.goto(address)
    yield found
    context.close()
