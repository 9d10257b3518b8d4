"""Peak memory of `provenance add` as rows grow tenfold."""

from __future__ import annotations

import shutil
import sys

from benchmarks.adding import PROVENANCE_ADD, make_repository
from benchmarks.processes import Measured, measure
from benchmarks.results import Result, Settings, Target
from benchmarks.workloads import text_rows, write_jsonl

_SMALL, _LARGE = 1_000_000, 10_000_000
# What peak memory may vary by without growing with the rows.
_FLAT = 1.25


def run(settings: Settings) -> Result:
    sizes = [settings.scaled(count) for count in (_SMALL, _LARGE)]
    found = {count: _add(settings, count) for count in sizes}
    (_, small), (_, large) = found.values()
    return Result(
        "Peak memory of `provenance add`",
        ("rows", "GB", "peak MiB", "wall s", "rows/s"),
        [
            [f"{count:,}", f"{size:.2f}", f"{one.peak:.0f}", f"{one.wall:.1f}", f"{count / one.wall:,.0f}"]
            for count, (size, one) in found.items()
        ],
        [Target(f"peak memory at {sizes[1]:,} rows / at {sizes[0]:,}", large.peak / small.peak, _FLAT)],
    )


def _add(settings: Settings, count: int) -> tuple[float, Measured]:
    """The file's size in GB, and the run."""
    folder = settings.folder / "memory"
    make_repository(folder)
    data = folder / "data.jsonl"
    write_jsonl(data, text_rows(count))
    size = data.stat().st_size / 1e9
    measured = measure([sys.executable, *PROVENANCE_ADD], folder)
    shutil.rmtree(folder)
    return size, measured
