"""All measures that read data, on 1 GB of text: one process, as an audit takes them."""

from __future__ import annotations

import sys

from benchmarks.adding import make_repository
from benchmarks.processes import measure, measure_task
from benchmarks.results import Result, Settings, Target

_ROWS = {"data": 1_500_000, "reference": 150_000, "evaluation": 10_000}
_FEWEST_ROWS = 100
_MOST_SECONDS, _MOST_MEBIBYTES = 180, 2048


def run(settings: Settings) -> Result:
    folder = settings.folder / "repository"
    make_repository(folder)
    counts = {name: max(settings.scaled(rows), _FEWEST_ROWS) for name, rows in _ROWS.items()}
    for seed, (name, count) in enumerate(counts.items()):
        measure_task("write_prose_rows", folder / f"{name}.jsonl", count, seed, folder=folder)
        origin = "synthetic" if name == "data" else "real"
        add = ("add", "--quiet", f"{name}.jsonl", "--origin", origin, "--source", "benchmark")
        measure([sys.executable, "-m", "provenance", *add], folder)
    size = (folder / "data.jsonl").stat().st_size / 1e9
    found = measure_task("take_data_measures", folder=folder)
    return Result(
        f"Measures on {size:.2f} GB of text, {counts['data']:,} rows",
        ("measure", "wall s"),
        [
            *([name, f"{seconds:.1f}"] for name, seconds in found.said.items()),
            ["**all, whole process**", f"{found.wall:.1f}"],
        ],
        [
            Target("all measures that read data (wall)", found.wall, _MOST_SECONDS, unit="s"),
            Target("peak memory", found.peak, _MOST_MEBIBYTES, unit="MiB"),
        ],
        [
            f"Reference: {counts['reference']:,} rows; evaluation: {counts['evaluation']:,} rows; {found.cpu:.1f} s of "
            "CPU. The first measure that reads a dataset pays for reading it and for telling its words apart.",
        ],
    )
