"""Recording workload W100k through the SDK against plain files and other lineage tools, all in one run."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.peers.interface import FLOORS, IN_BATCHES, PEERS, RECORDER, Tool
from benchmarks.peers.workload import LEVELS, WIDTH
from benchmarks.processes import BenchmarkError, Measured, measure
from benchmarks.results import Result, Settings, Target


def run(settings: Settings) -> Result:
    width = settings.scaled(WIDTH)
    rows: list[list[str]] = []
    speeds: dict[str, float] = {}
    for tool in (RECORDER, IN_BATCHES, *FLOORS, *PEERS):
        python = python_of(tool, settings.venvs)
        if python is None:
            rows.append([tool.name, "not installed", "", "", "", "", tool.keeps])
            continue
        try:
            found = record(tool, python, settings.folder / tool.driver, width)
        except BenchmarkError as error:
            rows.append([tool.name, f"failed: {str(error)[-80:]}", "", "", "", "", tool.keeps])
            continue
        speeds[tool.name] = LEVELS * width / found.said["cpu"]
        rows.append(_row(tool, found, LEVELS * width))
    if not {RECORDER.name, IN_BATCHES.name} <= speeds.keys():
        raise BenchmarkError(rows[0][1])
    return Result(
        f"Recording {LEVELS * width:,} samples in {LEVELS} levels",
        ("tool", "rows / CPU s", "CPU s", "wall s", "lineage bytes / sample", "peak MiB", "what it keeps of a sample"),
        rows,
        _targets(speeds),
        ["CPU is that of all threads, from the first row to the last file written, without imports and setting up."],
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
    speed, size = count / said["cpu"], said["bytes"] / count
    times = (f"{said['cpu']:.1f}", f"{said['seconds']:.1f}")
    return [tool.name, f"{speed:,.0f}", *times, f"{size:.0f}", f"{found.peak:.0f}", tool.keeps]


def _targets(speeds: dict[str, float]) -> list[Target]:
    """Against the fastest peer that keeps parents, of those that were measured."""
    peers = [tool.name for tool in PEERS if tool.keeps_parents and tool.name in speeds]
    if not peers:
        return []
    best = max(peers, key=speeds.__getitem__)
    return [
        Target(
            f"{how} / the fastest peer that keeps parents ({best})",
            speeds[tool.name] / speeds[best],
            goal,
            at_least=True,
        )
        for how, tool, goal in (("row by row", RECORDER, 0.8), ("in batches", IN_BATCHES, 1.1))
    ]
