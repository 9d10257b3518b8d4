"""Rows added, removed and kept between two revisions of a dataset, against a plain SQL join of the two sidecars."""

from __future__ import annotations

from benchmarks.processes import BenchmarkError, measure_task
from benchmarks.results import Result, Settings, Target

_ROWS = 10_000_000
_REPEATS = 2
# No slower than what one would write in a line of SQL, and in less memory.
_MOST_TIME, _MOST_MEMORY = 1.0, 0.5


def run(settings: Settings) -> Result:
    """Whole processes, with start-up and imports."""
    rows = settings.scaled(_ROWS)
    measure_task("write_revisions", settings.folder, rows, folder=settings.folder)
    sidecars = [settings.folder / f"{name}.parquet" for name in ("old", "new")]
    merge, join = (
        measure_task(task, *sidecars, folder=settings.folder, repeats=_REPEATS)
        for task in ("merge_revisions", "join_revisions")
    )
    if merge.said != join.said:
        raise BenchmarkError(f"the answers differ: {merge.said} and {join.said}")
    return Result(
        f"Difference of two sidecars of {rows:,} rows",
        ("how", "wall s", "CPU s", "peak MiB"),
        [
            [name, f"{measured.wall:.2f}", f"{measured.cpu:.2f}", f"{measured.peak:.0f}"]
            for name, measured in (("**merge in the order of ids**", merge), ("SQL full join on DuckDB", join))
        ],
        (
            Target("merge / join, CPU", merge.cpu / join.cpu, _MOST_TIME),
            Target("merge / join, peak memory", merge.peak / join.peak, _MOST_MEMORY),
        ),
        (f"A tenth of the rows was removed and as many were added. Of {_REPEATS} runs the one that took least CPU.",),
    )
