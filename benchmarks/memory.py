"""Peak memory of `provenance add`, of a recorder and of `provenance run` as rows grow tenfold."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.adding import PROVENANCE_ADD, make_repository
from benchmarks.processes import Measured, measure
from benchmarks.results import Result, Settings, Target
from benchmarks.workloads import text_rows, write_jsonl

_SMALL, _LARGE = 1_000_000, 10_000_000
# What peak memory may vary by without growing with the rows.
_FLAT = 1.1
_RECORD = ("-m", "benchmarks.tasks", "record_from", "data.jsonl", "recorded.jsonl")
_HALF = "half.jsonl"
_STAGE = f"""stages:
  half:
    cmd: {{python}} -m provenance run -- {{python}} -m benchmarks.tasks every_second_row data.jsonl {_HALF}
    deps: [data.jsonl, data.jsonl.lineage.parquet]
    outs: [{_HALF}, {_HALF}.lineage.parquet]
"""
_WAYS = {"add": PROVENANCE_ADD, "record": _RECORD, "run": ("-m", "dvc", "repro", "--quiet", "half")}


def run(settings: Settings) -> Result:
    sizes = [settings.scaled(count) for count in (_SMALL, _LARGE)]
    found = {count: _measured(settings.folder / "memory", count) for count in sizes}
    small, large = found.values()
    return Result(
        "Peak memory of `provenance add`, a recorder and `provenance run`",
        ("what", "rows", "peak MiB", "wall s", "rows/s"),
        [
            [way, f"{count:,}", f"{one.peak:.0f}", f"{one.wall:.1f}", f"{count / one.wall:,.0f}"]
            for way in _WAYS
            for count, one in ((count, of_size[way]) for count, of_size in found.items())
        ],
        [
            Target(
                f"{way}: peak memory at {sizes[1]:,} rows / at {sizes[0]:,}", large[way].peak / small[way].peak, _FLAT
            )
            for way in _WAYS
        ],
        [
            "`record`: a sample is recorded from each row, which it names as its parent. `run`: a stage leaves out "
            "every second row.",
        ],
    )


def _measured(folder: Path, count: int) -> dict[str, Measured]:
    make_repository(folder)
    write_jsonl(folder / "data.jsonl", text_rows(count))
    (folder / "dvc.yaml").write_text(_STAGE.format(python=sys.executable), encoding="utf-8")
    found = {way: measure([sys.executable, *command], folder) for way, command in _WAYS.items()}
    shutil.rmtree(folder)
    return found
