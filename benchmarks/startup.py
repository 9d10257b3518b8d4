"""Start-up: what a command costs before it does anything, as a whole process, next to a bare Python."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.processes import Measured, measure
from benchmarks.results import Result, Settings, Target

_REPEATS = 15
_BARE = [sys.executable, "-c", "pass"]
_PROVENANCE = [sys.executable, "-m", "provenance"]


def run(settings: Settings) -> Result:
    """The help of all commands and of one, and `trace` in a small repository, each the best of some runs."""
    folder = settings.folder / "repository"
    sample = _prepare(folder)
    commands = {
        "a bare Python": _BARE,
        "provenance --help": [*_PROVENANCE, "--help"],
        "provenance trace --help": [*_PROVENANCE, "trace", "--help"],
        "provenance trace ID": [*_PROVENANCE, "trace", sample],
    }
    found = {name: _best(command, folder) for name, command in commands.items()}
    bare = found["a bare Python"]
    return Result(
        "Start-up",
        ("command", "wall s", "CPU s", "peak MiB", "× bare Python (CPU)"),
        [
            (name, f"{each.wall:.3f}", f"{each.cpu:.3f}", f"{each.peak:.0f}", f"{each.cpu / bare.cpu:.1f}")
            for name, each in found.items()
        ],
        [Target("CPU of --help / bare Python", found["provenance --help"].cpu / bare.cpu, 15)],
        [f"Of {_REPEATS} runs, the one that took least CPU. `trace` finds its graph index ready."],
    )


def _prepare(folder: Path) -> str:
    """A repository with one dataset, of one row; the id of its sample."""
    folder.mkdir()
    (folder / "data.jsonl").write_text(json.dumps({"text": "one row"}) + "\n", encoding="utf-8")
    add = ("add", "data.jsonl", "--origin", "real", "--source", "benchmark")
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"], [*_PROVENANCE, *add]):
        measure(command, folder)
    shown = subprocess.run(
        [*_PROVENANCE, "show", "data.jsonl:1"], cwd=folder, capture_output=True, text=True, check=True
    )
    return shown.stdout.split()[1]


def _best(command: Sequence[str], folder: Path) -> Measured:
    measure(command, folder)
    return min((measure(command, folder) for _ in range(_REPEATS)), key=lambda measured: measured.cpu)
