"""The documentation keeps up with the code: what it has is described, and no relative link leads nowhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from provenance import __version__, plugins
from provenance.auditing.measures import measure_names
from provenance.auditing.policy.loading import packs
from provenance.capture.declaring.importers import importer_names
from provenance.cli import app
from provenance.identity.names import KNOWN_SUFFIXES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_CODE = re.compile(r"^ *```.*?^ *```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
# Inline links and images, HTML attributes, and link definitions.
_LINK = re.compile(r"""(?mx) \]\(\s*<?([^)\s>]+) | \b(?:src|href)="([^"]+)" | ^\[[^\]]+\]:\s+(\S+)""")
_HEADING = re.compile(r"^#+\s+(.+?)\s*#*$", re.MULTILINE)
# Options that mean the same on every command are described once for all.
_COMMON_OPTIONS = {"--repo", "--rev", "--no-fetch", "--json", "--quiet", "--verbose", "--help"}


# Where each thing that the package has is described: its name stands there as code.
DESCRIBED = {
    **dict.fromkeys(measure_names(), "measures.md"),
    **dict.fromkeys(importer_names(), "declaring.md"),
    **dict.fromkeys(re.findall(r"\.\w+", KNOWN_SUFFIXES), "formats.md"),
    **dict.fromkeys(packs(), "policies.md"),
    **dict.fromkeys([*plugins.GROUPS, *plugins.__all__], "plugins.md"),
}


def commands() -> Iterator[tuple[str, Any]]:
    """Each command's full name, as it is typed after `provenance`, and the command."""

    def leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        for part, member in getattr(command, "commands", {}).items():
            if not member.hidden:
                yield from leaves(f"{name} {part}".strip(), member)
        if not hasattr(command, "commands"):
            yield name, command

    yield from leaves("", typer.main.get_command(app))


def sections(page: str) -> dict[str, str]:
    """The texts of ``page`` by their headings, without back-ticks; a text includes its heading."""
    starts = [(match.start(), match[1].replace("`", "")) for match in _HEADING.finditer(page)]
    ends = [start for start, _ in starts[1:]] + [len(page)]
    return {heading: page[start:end] for (start, heading), end in zip(starts, ends, strict=True)}


def anchors(page: Path) -> set[str]:
    """The fragments that GitHub gives the headings of ``page``."""
    headings = _HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("name", "command"), [pytest.param(*pair, id=pair[0]) for pair in commands()])
def test_command_and_its_options_are_documented(name: str, command: Any) -> None:
    of_command = re.compile(rf"(^|provenance ){re.escape(name)}(?![\w-])")
    texts = [
        text
        for heading, text in sections((ROOT / "docs/cli.md").read_text(encoding="utf-8")).items()
        if of_command.search(heading)
    ]
    assert texts, f"docs/cli.md has no section with the heading {name!r}"

    options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    undocumented = sorted(option for option in options - _COMMON_OPTIONS if not any(option in text for text in texts))
    assert not undocumented, f"docs/cli.md, section {name!r}: does not speak of {undocumented}"


@pytest.mark.parametrize(("name", "page"), DESCRIBED.items())
def test_what_there_is_to_name_is_documented(name: str, page: str) -> None:
    text = re.sub(r"(?ms)^```.*?^```", "", (ROOT / "docs" / page).read_text(encoding="utf-8"))
    of_name = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    named = [*re.findall(r"`([^`\n]+)`", text), *_HEADING.findall(text)]
    assert any(map(of_name.search, named)), f"docs/{page} does not speak of {name}"


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    targets = ["".join(groups) for groups in _LINK.findall(text)]
    broken = []
    for target in targets:
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        has_fragment = not fragment or file.suffix != ".md" or (file.is_file() and fragment in anchors(file))
        if not (file.is_relative_to(ROOT) and file.exists() and has_fragment):
            broken.append(target)
    assert not broken


def test_the_version_is_named_alike_wherever_it_stands() -> None:
    said = {
        "CHANGELOG.md": f"## [{__version__}] - 20",
        "docs/building.md": f"provenance {__version__}\n",
        "docs/ci.md": f"dvc-provenance@v{__version__}\n",
    }
    assert {file for file, text in said.items() if text not in (ROOT / file).read_text(encoding="utf-8")} == set()
