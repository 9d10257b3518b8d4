"""The report of a large dataset that many models wrote: what it takes, and how large the page is."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

from benchmarks.adding import make_repository
from benchmarks.processes import measure
from benchmarks.results import Result, Settings, Target

_ROWS, _MODELS = 1_000_000, 5_000
_DATA, _PAGE = "data.jsonl", "report.html"
_WORDS, _WORDS_A_ROW = 3_000, 20
_MOST_KB = 300


def run(settings: Settings) -> Result:
    rows, models = settings.scaled(_ROWS), settings.scaled(_MODELS)
    folder = settings.folder / "repository"
    make_repository(folder)
    _write(folder / _DATA, rows, models)
    python = [sys.executable, "-m"]
    subprocess.run([*python, "dvc", "add", "--quiet", _DATA], cwd=folder, check=True)
    stated = ["--from", "columns", "--map", "model=model_name", "--set", "kind=answer"]
    declaring = measure([*python, "provenance", "declare", "--quiet", _DATA, *stated], folder)
    _commit(folder)
    command = [*python, "provenance", "report", "--quiet", _DATA, "--policy", "baseline", "-o", _PAGE]
    first, again = measure(command, folder), measure(command, folder)
    size = (folder / _PAGE).stat().st_size
    measured = {"`provenance declare`": declaring, "the report": first, "the report once more": again}
    return Result(
        f"Report of {rows:,} rows by {models:,} models",
        ("what", "wall s", "CPU s", "peak MiB"),
        [[what, f"{one.wall:.1f}", f"{one.cpu:.1f}", f"{one.peak:.0f}"] for what, one in measured.items()],
        [Target("the page", size / 1000, _MOST_KB, unit="kB")],
        ["The first report also builds the index of the lineage, and counts the dataset at its only commit."],
    )


def _write(file: Path, rows: int, models: int) -> None:
    """Text of words drawn at random, a fifth of it by nobody who is named."""
    draw = random.Random(1)
    words = [f"word{number}" for number in range(_WORDS)]
    with file.open("w", encoding="utf-8") as opened:
        for number in range(rows):
            text = f"{number} {' '.join(draw.choices(words, k=_WORDS_A_ROW))}"
            named = {} if number % 5 == 0 else {"model_name": f"model-{number % models}"}
            opened.write(json.dumps({"text": text, **named}) + "\n")


def _commit(folder: Path) -> None:
    who = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org"]
    for step in (["add", "--all"], [*who, "commit", "--quiet", "--message=data"]):
        subprocess.run(["git", *step], cwd=folder, check=True)
