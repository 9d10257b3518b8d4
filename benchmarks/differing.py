"""Rows added, removed and kept between two revisions of a dataset, against a plain SQL join of the two sidecars."""

from __future__ import annotations

from benchmarks.processes import BenchmarkError, Measured, measure_task
from benchmarks.results import Result, Settings, Target

_REPEATS = 2
# Rows, and the most CPU and memory that the difference may take, as a share of what the join does.
_SIZES = ((1_000_000, 0.8, None), (10_000_000, 0.7, 0.25))


def run(settings: Settings) -> Result:
    """Whole processes, with start-up and imports."""
    lines, targets = [], []
    for size, most_time, most_memory in _SIZES:
        rows = settings.scaled(size)
        ranges, join = _measured(settings, rows)
        for name, found in (("**range by range of the ids**", ranges), ("SQL full join on DuckDB", join)):
            lines.append([name, f"{rows:,}", f"{found.wall:.2f}", f"{found.cpu:.2f}", f"{found.peak:.0f}"])
        targets.append(Target(f"ranges / join, CPU, {rows:,} rows", ranges.cpu / join.cpu, most_time))
        if most_memory is not None:
            targets.append(Target(f"ranges / join, peak memory, {rows:,} rows", ranges.peak / join.peak, most_memory))
    return Result(
        "Difference of two sidecars",
        ("how", "rows", "wall s", "CPU s", "peak MiB"),
        lines,
        tuple(targets),
        (f"A tenth of the rows was removed and as many were added. Of {_REPEATS} runs the one that took least CPU.",),
    )


def _measured(settings: Settings, rows: int) -> tuple[Measured, Measured]:
    measure_task("write_revisions", settings.folder, rows, folder=settings.folder)
    sidecars = [settings.folder / f"{name}.parquet" for name in ("old", "new")]
    ranges, join = (
        measure_task(task, *sidecars, folder=settings.folder, repeats=_REPEATS)
        for task in ("compare_revisions", "join_revisions")
    )
    if ranges.said != join.said:
        raise BenchmarkError(f"the answers differ: {ranges.said} and {join.said}")
    return ranges, join
