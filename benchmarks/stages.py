"""`provenance run` before a stage's command, as a whole process, against the command alone.

The command is the shortest that does something: it reads each row and writes it again. One that asks a model, or that
imports a large library, takes longer, and the ratio is then smaller; what `provenance run` takes stays the same.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.processes import Measured, measure
from benchmarks.results import Result, Settings, Target

_ROWS = (10, 10_000, 100_000)
_REPEATS = 5
_PROVENANCE = [sys.executable, "-m", "provenance"]
_SCRIPT = """\
import json
with open("read.jsonl") as read, open("written.jsonl", "w") as written:
    for line in read:
        written.write(json.dumps(json.loads(line)) + "\\n")
"""


def run(settings: Settings) -> Result:
    """A stage that copies rows, at several sizes: the command alone, and with `provenance run`."""
    rows, found = [], {}
    for size in _ROWS:
        count = max(1, int(size * settings.scale))
        folder = settings.folder / str(size)
        _prepare(folder, count)
        command = [sys.executable, "copies.py"]
        stage = {"DVC_STAGE": "dvc.yaml:copy", "DVC_ROOT": str(folder)}
        alone = min((measure(command, folder) for _ in range(_REPEATS)), key=_cpu)
        wrapped = [*_PROVENANCE, "run", "-q", "--", *command]
        # Its CPU has the command's in it, as the command is its child.
        with_it = min((measure(wrapped, folder, more=stage) for _ in range(_REPEATS)), key=_cpu)
        found[size] = with_it.cpu - alone.cpu
        rows.append(
            (
                f"{count:,}",
                f"{alone.cpu:.2f}",
                f"{with_it.cpu:.2f}",
                f"{with_it.cpu - alone.cpu:.2f}",
                f"{with_it.cpu / alone.cpu:.1f}",
                f"{alone.wall:.2f}",
                f"{with_it.wall:.2f}",
                f"{with_it.peak:.0f}",
            )
        )
    of_a_row = (found[_ROWS[-1]] - found[_ROWS[0]]) / max(1, int(_ROWS[-1] * settings.scale)) * 1e6
    return Result(
        "A stage under `provenance run`",
        (
            "rows",
            "alone, CPU s",
            "with it, CPU s",
            "more CPU s",
            "ratio",
            "alone, wall s",
            "with it, wall s",
            "peak MiB",
        ),
        rows,
        [
            Target("CPU beyond the command, of a small stage", found[_ROWS[0]], 2, unit="CPU s"),
            Target("CPU of a row more", of_a_row, 10, unit="µs"),
        ],
        [f"Whole processes, the stage's command among them; of {_REPEATS} runs, the one that took least CPU."],
    )


def _cpu(measured: Measured) -> float:
    return measured.cpu


def _prepare(folder: Path, rows: int) -> None:
    """A repository with a stage that copies ``rows`` rows of about 500 bytes."""
    folder.mkdir()
    text = "what a row says, " * 28
    lines = (json.dumps({"id": number, "text": f"{number} {text}"}) + "\n" for number in range(rows))
    (folder / "read.jsonl").write_text("".join(lines), encoding="utf-8")
    (folder / "copies.py").write_text(_SCRIPT, encoding="utf-8")
    add = ("add", "read.jsonl", "--origin", "real", "--source", "benchmark")
    stage = ("stage", "add", "-q", "-n", "copy", "-d", "copies.py", "-d", "read.jsonl", "-o", "written.jsonl")
    for command in (
        ["git", "init", "-q"],
        [sys.executable, "-m", "dvc", "init", "-q"],
        [*_PROVENANCE, "init", "-q"],
        [*_PROVENANCE, *add],
        [*_PROVENANCE, *stage, "python", "copies.py"],
    ):
        measure(command, folder)
