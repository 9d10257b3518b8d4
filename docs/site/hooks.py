"""What MkDocs cannot do by itself: pages from outside docs/, API pages, and links that hold on the site as in the tree.

A Markdown file is written for readers of the repository; its links lead to files beside it. Here they are made to lead
to the same file's place on the site, where pages of the root have names of their own and other files lie under source/.
"""

from __future__ import annotations

import os.path
import re
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from mkdocs.structure.files import File, Files

import provenance
from provenance import plugins

ROOT = Path(__file__).resolve().parents[2]
# Where pages of the root are on the site.
ROOT_PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "VERSIONING.md": "versioning.md",
    "examples/README.md": "examples/README.md",
}
_LINK = re.compile(r"(?<=\]\()[^)\s]+(?=\))")
_FENCE = re.compile(r"(^ *```.*?^ *```)", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: Any) -> Files:
    """Add the pages of the root, the API pages, and every other file that a page links to."""
    for path, place in ROOT_PAGES.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    for place, text in api_pages().items():
        files.append(File.generated(config, place, content=text))
    linked = {target for file in files.documentation_pages() for target in _outside(file)}
    for target in sorted(linked):
        files.append(File.generated(config, f"source/{target}", abs_src_path=str(ROOT / target)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """The page's text, its links for the site."""
    file = page.file
    if file.generated_by and file.abs_src_path is None:
        return markdown
    source = Path(file.abs_src_path).relative_to(ROOT)
    parts = _FENCE.split(markdown)
    # Every second part is a block of code.
    parts[::2] = [_LINK.sub(lambda link: _on_site(link[0], source, file.src_uri), part) for part in parts[::2]]
    return "".join(parts)


def api_pages() -> dict[str, str]:
    """The pages made of docstrings: the public names, and what plug-ins implement."""
    return {
        "api.md": f"# Public names\n\nAll of them are imported from `provenance`.\n\n{_documented(provenance)}\n",
        "plugin-api.md": "# Plug-in interfaces\n\nAll of them are imported from `provenance.plugins`; "
        f"[plug-ins](plugins.md) says how to use them.\n\n{_documented(plugins)}\n",
    }


def _documented(module: ModuleType) -> str:
    """The classes and functions that ``module`` exports, for mkdocstrings."""
    values = [getattr(module, name) for name in module.__all__]
    ours = [each for each in values if getattr(each, "__module__", "").startswith("provenance.")]
    return "\n\n".join(f"::: {each.__module__}.{each.__name__}" for each in ours)


def _outside(file: File) -> set[str]:
    """The files, no pages, outside docs/ to which ``file`` links: paths from the root."""
    if file.abs_src_path is None:
        return set()
    source = Path(file.abs_src_path).relative_to(ROOT)
    text = "".join(_FENCE.split(file.content_string)[::2])
    targets = {_target(link, source) for link in _LINK.findall(text)}
    return {target for target in targets if target and not target.startswith("docs/") and target not in ROOT_PAGES}


def _target(link: str, source: Path) -> str | None:
    """The file that ``link`` in ``source`` leads to, from the root; None where it leads elsewhere."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or not parts.path:
        return None
    return os.path.normpath(source.parent / parts.path)


def _on_site(link: str, source: Path, place: str) -> str:
    target = _target(link, source)
    if target is None:
        return link
    there = ROOT_PAGES.get(target) or (
        target.removeprefix("docs/") if target.startswith("docs/") else f"source/{target}"
    )
    anchor = urlsplit(link).fragment
    return os.path.relpath(there, os.path.dirname(place)) + (f"#{anchor}" if anchor else "")
