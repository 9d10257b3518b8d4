"""`make pictures`: take those in the README, of the report and the explorer on what `make demo` made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from history import CHECKOUT, REPOSITORY, REVISIONS
from playwright.sync_api import sync_playwright
from show import TRAIN, revised_row

PICTURES = CHECKOUT / "docs" / "pictures"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIZE = {"width": 1200, "height": 800}


def write_report(file: Path) -> str:
    """Write the report on the newest revision to ``file``; its address."""
    since = REVISIONS[-2].tag
    command = ["provenance", "report", TRAIN, "--policy", "demo/policy.yaml", "--since", since, "-o", str(file)]
    subprocess.run(command, check=True)
    return file.as_uri()


@contextmanager
def explorer(page: str) -> Iterator[str]:
    """The address of ``page`` in the explorer, which runs meanwhile."""
    command = ["provenance", "explore", "--open", page]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def main() -> None:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None or not REPOSITORY.is_dir():
        sys.exit("Pictures are taken with chromium of what `make demo` made: one of the two is missing.")
    os.chdir(REPOSITORY)
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        explorer(f"/s/{revised_row()}") as sample,
        sync_playwright() as driver,
    ):
        # Its sandbox needs what root, in a container, does not have.
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        for name, address in (("report", write_report(Path(folder) / "report.html")), ("explorer", sample)):
            page = browser.new_page(viewport=SIZE, color_scheme="light")
            page.goto(address)
            page.screenshot(path=PICTURES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
