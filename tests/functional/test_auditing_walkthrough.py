"""docs/auditing.md, done as a newcomer does it: files saved, commands run, and they print what the page shows."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from support.project import Project

PAGE = (Path(__file__).resolve().parents[2] / "docs/auditing.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"(?:Save this as `([^`]+)`:\n\n)?```(\w+)\n(.*?)```", re.DOTALL)


def commands(block: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block, with the lines that it is shown to print."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown.splitlines()


def is_shown(shown: list[str], printed: list[str]) -> bool:
    """Whether ``printed`` is ``shown``, where `…` stands for anything: as a line, for any number of lines."""
    pattern = "".join(
        "(?:.*\n)*?" if line == "…" else ".*".join(map(re.escape, line.rstrip().split("…"))) + "\n" for line in shown
    )
    return re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in printed)) is not None


def test_the_walk_through_runs_as_written(tmp_path: Path) -> None:
    project = Project.at(tmp_path / "repository")
    ran = 0
    for name, language, content in _BLOCK.findall(PAGE):
        if name:
            (project.root / name).write_text(content, encoding="utf-8")
        elif language == "python":
            project.run("python", "-c", content)
        for command, shown in commands(content) if language == "console" else ():
            done = subprocess.run(
                ["bash", "-c", command],
                check=False,
                capture_output=True,
                text=True,
                cwd=project.root,
                env=project.environment,
            )
            assert done.returncode in (0, 1), f"{command}: {done.stderr}"
            assert not shown or is_shown(shown, done.stdout.splitlines()), f"{command} prints:\n{done.stdout}"
            ran += 1
    assert ran > 15
