"""The audit's report on real pseudo-terminals: as wide as these are, in colour only where that is wanted."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.cells import cell_len
from support.project import Project, lines

NAMES = [f"organisation-{letter * 20}/a-model-with-a-long-name" for letter in "abcde"]
POLICY = """
rules:
  - id: few-models
    value: by_model
    threshold: {only: [nobody]}
    reason: A reason that takes more than one line of a terminal that is as narrow as the one that is used here.
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project.new(tmp_path_factory.mktemp("made") / "repository")
    project.write({"mix.jsonl": lines([{"text": name, "model": name} for name in NAMES]), "policy.yaml": POLICY})
    project.run("dvc", "add", "--quiet", "mix.jsonl")
    project.provenance("declare", "mix.jsonl", "--from", "columns", "--map", "model=model", "--set", "kind=answer")
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    return made.copied(tmp_path / "repository")


def on_terminal(project: Project, width: int, variables: Mapping[str, str]) -> str:
    """What `provenance audit` writes to a terminal of ``width`` columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    environment = {name: value for name, value in project.environment.items() if name not in ("COLUMNS", "NO_COLOR")}
    environment |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **variables}
    command = ("provenance", "audit", "mix.jsonl", "--policy", "policy.yaml")
    done = subprocess.Popen(command, cwd=project.root, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(ours, 65536):
            written += piece
    except OSError:  # how Linux says that the other side is closed
        pass
    assert done.wait() == 1
    os.close(ours)
    return written.decode().replace("\r\n", "\n")


def test_it_keeps_to_the_width_and_to_no_color(project: Project) -> None:
    said = on_terminal(project, 72, {"NO_COLOR": "1"})
    assert "\x1b[3" not in said, "a colour"
    plain = said.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert "\x1b" not in plain
    assert max(cell_len(line) for line in plain.splitlines()) <= 72
    assert all(name in "".join(plain.split()) for name in NAMES), "folded, and not cut"
    assert "BLOCKED by policy.yaml: 1 failed" in plain


def test_it_is_in_colour_on_a_terminal_and_plain_in_a_pipe(project: Project) -> None:
    assert "\x1b[1;31mBLOCKED" in on_terminal(project, 100, {})
    piped = project.run("provenance", "audit", "mix.jsonl", "--policy", "policy.yaml", code=1).stdout
    assert "\x1b" not in piped


def test_a_terminal_that_cannot_show_bars_shows_escapes_and_no_error(project: Project) -> None:
    said = on_terminal(project, 100, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"})
    assert "\\u2592" in said
    assert "BLOCKED" in said


def test_measures_that_were_named_are_shown(project: Project) -> None:
    plain = project.provenance("audit", "mix.jsonl").stdout
    assert "exact_duplicates" not in plain
    said = project.provenance("audit", "mix.jsonl", "--measures", "exact_duplicates,drift").stdout
    assert "what was measured" in said
    assert "exact_duplicates.fraction" in said
    assert "drift.not_measured" in said
