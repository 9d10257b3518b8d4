"""Recording workload W100k through the SDK against plain files and other lineage tools, all in one run."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.peers.interface import FLOORS, PEERS, RECORDER, Tool
from benchmarks.peers.workload import LEVELS, WIDTH
from benchmarks.processes import BenchmarkError, Measured, measure
from benchmarks.results import Result, Settings, Target


def run(settings: Settings) -> Result:
    width = settings.scaled(WIDTH)
    rows: list[list[str]] = []
    speeds: dict[str, float] = {}
    for tool in (RECORDER, *FLOORS, *PEERS):
        python = python_of(tool, settings.venvs)
        if python is None:
            rows.append([tool.name, "not installed", "", "", "", tool.keeps])
            continue
        try:
            found = record(tool, python, settings.folder / tool.driver, width)
        except BenchmarkError as error:
            rows.append([tool.name, f"failed: {str(error)[-80:]}", "", "", "", tool.keeps])
            continue
        speeds[tool.name] = LEVELS * width / found.said["seconds"]
        rows.append(_row(tool, found, LEVELS * width))
    if RECORDER.name not in speeds:
        raise BenchmarkError(rows[0][1])
    return Result(
        f"Recording {LEVELS * width:,} samples in {LEVELS} levels",
        ("tool", "rows/s", "CPU s", "lineage bytes / sample", "peak MiB", "what it keeps of a sample"),
        rows,
        _targets(speeds),
        ["Timed: from the first row to the last file written; not timed: imports and setting up."],
    )


def python_of(tool: Tool, venvs: Path) -> Path | None:
    """The interpreter that has the tool; None where it is not installed."""
    python = venvs / tool.driver / "bin" / "python" if tool.requirements else Path(sys.executable)
    return python if python.exists() else None


def record(tool: Tool, python: Path, folder: Path, width: int) -> Measured:
    folder.mkdir()
    return measure([python, "-m", "benchmarks.peers.run", tool.driver, str(width)], folder, says=True)


def _row(tool: Tool, found: Measured, count: int) -> list[str]:
    said = found.said
    speed, size = count / said["seconds"], said["bytes"] / count
    return [tool.name, f"{speed:,.0f}", f"{said['cpu']:.1f}", f"{size:.0f}", f"{found.peak:.0f}", tool.keeps]


def _targets(speeds: dict[str, float]) -> list[Target]:
    """Against the fastest peer that was measured, and against the fastest that keeps as much of each sample."""
    measured = [tool for tool in PEERS if tool.name in speeds]
    groups = {
        "the fastest peer": measured,
        "the fastest peer that keeps parents, model and prompt": [tool for tool in measured if tool.keeps_prompts],
    }
    targets = []
    for group, tools in groups.items():
        if tools:
            best = max(tools, key=lambda tool: speeds[tool.name])
            ratio = speeds[RECORDER.name] / speeds[best.name]
            targets.append(Target(f"recorder / {group} ({best.name})", ratio, 2.0, at_least=True))
    return targets
