"""Pages of the documentation, done as a newcomer does it: files saved, commands run, and what they print compared."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

from support.project import Project

_BLOCK = re.compile(r"(?:Save this as `([^`]+)`[^\n]*:\n\n)?```(\w+)\n(.*?)```", re.DOTALL)


def follow(project: Project, page: str) -> int:
    """Do what ``page`` says in the folder of ``project``; how many commands were run.

    A command may end with 0 or 1, and prints what is shown below it; where nothing is, anything.
    """
    ran = 0
    for name, language, content in _BLOCK.findall(page):
        if name:
            (project.root / name).parent.mkdir(parents=True, exist_ok=True)
            (project.root / name).write_text(content, encoding="utf-8")
        elif language == "python":
            project.run("python", "-c", content)
        for command, shown in _commands(content) if language == "console" else ():
            done = subprocess.run(
                ["bash", "-c", command],
                check=False,
                capture_output=True,
                text=True,
                cwd=project.root,
                env=project.environment,
            )
            assert done.returncode in (0, 1), f"{command}: {done.stderr}"
            assert not shown or _is_shown(shown, done.stdout.splitlines()), f"{command} prints:\n{done.stdout}"
            ran += 1
    return ran


def _commands(block: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block, with the lines that it is shown to print."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        # A line that ends with a backslash goes on in the next.
        length = next(number for number, line in enumerate(lines, start=1) if not line.endswith("\\"))
        yield "\n".join(lines[:length]), lines[length:]


def _is_shown(shown: list[str], printed: list[str]) -> bool:
    """Whether ``printed`` is ``shown``, where `…` stands for anything: as a line, for any number of lines."""
    pattern = "".join(
        "(?:.*\n)*?" if line == "…" else ".*".join(map(re.escape, line.rstrip().split("…"))) + "\n" for line in shown
    )
    return re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in printed)) is not None
