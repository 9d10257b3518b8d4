"""PROV of one sample's ancestry out of a large ledger, and of all samples of a smaller one."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.processes import Measured, measure, measure_task
from benchmarks.results import Result, Settings, Target

_LARGE, _SMALL = 10_000_000, 100_000
_PROVENANCE = (sys.executable, "-m", "provenance")
_REPEATS = 5


def run(settings: Settings) -> Result:
    large, small = settings.scaled(_LARGE), settings.scaled(_SMALL)
    project = _repository(settings.folder / "large", large)
    sample = measure_task("a_deep_sample", project / "data.jsonl.lineage.parquet", folder=settings.folder).said["id"]
    asked = (*_PROVENANCE, "export", "data.jsonl", "--format", "prov-json", "--sample", sample, "-o", "prov.json")
    measure([*_PROVENANCE, "index"], project)
    runs = sorted((measure([*asked], project) for _ in range(_REPEATS)), key=lambda one: one.cpu)
    one = runs[_REPEATS // 2]
    size = (project / "prov.json").stat().st_size
    rows = [_row(f"{large:,}", "PROV of one sample's ancestry", one, size)]
    whole = _repository(settings.folder / "small", small)
    every = [*_PROVENANCE, "export", "data.jsonl", "--format", "prov-json", "--sample", "all", "-o", "prov.json"]
    written = measure(every, whole)
    rows.append(_row(f"{small:,}", "PROV of all samples", written, (whole / "prov.json").stat().st_size))
    return Result(
        "Exports of the reference graph",
        ("samples", "what", "wall s", "CPU s", "peak MiB", "bytes"),
        rows,
        [
            Target(f"PROV of one sample, {large:,} (CPU)", one.cpu, 2, unit="s"),
            Target(f"PROV of one sample, {large:,} (peak)", one.peak, 300, unit="MiB"),
            Target(f"PROV of all of {small:,} (peak)", written.peak, 300, unit="MiB"),
        ],
        ["One sample: the median of five runs with a current index, the interpreter's start included."],
    )


def _row(samples: str, what: str, one: Measured, size: int) -> list[str]:
    return [samples, what, f"{one.wall:.2f}", f"{one.cpu:.2f}", f"{one.peak:,.0f}", f"{size:,}"]


def _repository(folder: Path, size: int) -> Path:
    """A repository whose dataset has the reference graph as its lineage; its rows are not read."""
    folder.mkdir()
    for step in (["git", "init", "--quiet"], [sys.executable, "-m", "dvc", "init", "--quiet"]):
        measure(step, folder)
    (folder / "data.jsonl").write_text('{"text": "the rows are not asked"}\n', encoding="utf-8")
    sidecar = folder / "data.jsonl.lineage.parquet"
    measure_task("write_graph_as_sidecar", sidecar, size, folder=folder)
    measure([sys.executable, "-m", "dvc", "add", "--quiet", "data.jsonl", sidecar.name], folder)
    return folder
