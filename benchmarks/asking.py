"""Ancestors and descendants of samples of workload W100k, asked of the tools that recorded it, all in one run."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.interface import FLOORS, PEERS, RECORDER, Tool
from benchmarks.peers.workload import LEVELS, WIDTH
from benchmarks.processes import BenchmarkError, measure
from benchmarks.recording import python_of, record
from benchmarks.results import Result, Settings


def run(settings: Settings) -> Result:
    width = settings.scaled(WIDTH)
    rows: list[list[str]] = []
    said: dict[str, dict[str, Any]] = {}
    for tool in (RECORDER, *FLOORS, *PEERS):
        if not tool.answers:
            continue
        try:
            found = _ask(tool, settings, width)
        except BenchmarkError as error:
            rows.append([tool.name, f"failed: {str(error)[-80:]}", "", "", tool.answers])
            continue
        if found is None:
            rows.append([tool.name, "not installed", "", "", tool.answers])
            continue
        said[tool.name] = found
        times = (found["first"], found["ancestors_seconds"], found["descendants_seconds"])
        rows.append([tool.name, *(f"{1000 * seconds:,.1f}" for seconds in times), tool.answers])
    counts = {(found["ancestors"], found["descendants"]) for found in said.values()}
    if RECORDER.name not in said or len(counts) != 1:
        raise BenchmarkError(f"the answers differ, or there are none: {counts}")
    ((ancestors, descendants),) = counts
    return Result(
        f"Asking what was recorded of {LEVELS * width:,} samples",
        (
            "tool",
            "first question, ms",
            f"{ancestors:,} ancestors, again, ms",
            f"{descendants:,} descendants, ms",
            "how it is asked",
        ),
        rows,
        notes=[
            "The first question, for the ancestors, also opens what is stored, and builds what is needed to answer; "
            "imports are not timed. The others are asked again in the same process."
        ],
    )


def _ask(tool: Tool, settings: Settings, width: int) -> dict[str, Any] | None:
    """What the tool answered, and in how many seconds; None where it is not installed."""
    python = python_of(tool, settings.venvs)
    if python is None:
        return None
    folder = settings.folder / tool.driver
    record(tool, python, folder, width)
    asked = measure([python, "-m", "benchmarks.peers.ask", tool.driver, str(width)], folder, says=True)
    return dict(asked.said)
