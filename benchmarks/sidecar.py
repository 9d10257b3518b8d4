"""Size and write speed of a sidecar on the reference lineage graph, against SQLite with the same content."""

from __future__ import annotations

from benchmarks.processes import measure_task
from benchmarks.results import Result, Settings, Target

_SAMPLES = 1_000_000


def run(settings: Settings) -> Result:
    count = settings.scaled(_SAMPLES)
    found = {
        "sidecar": measure_task(
            "write_graph_as_sidecar", settings.folder / "graph.lineage.parquet", count, folder=settings.folder
        ),
        "SQLite": measure_task("write_graph_as_sqlite", settings.folder / "graph.db", count, folder=settings.folder),
    }
    sizes = {what: one.said["bytes"] / count for what, one in found.items()}
    edges = found["sidecar"].said["edges"] / count
    return Result(
        f"Lineage of {count:,} samples, {edges:.2f} parents a sample",
        ("format", "bytes / sample", "write s", "samples/s"),
        [
            [what, f"{sizes[what]:.1f}", f"{one.said['seconds']:.1f}", f"{count / one.said['seconds']:,.0f}"]
            for what, one in found.items()
        ],
        [
            Target("sidecar", sizes["sidecar"], 66, unit="bytes / sample"),
            Target("sidecar / SQLite", sizes["sidecar"] / sizes["SQLite"], 1 / 3),
        ],
        ["Both hold per-row seeds and costs, which a recorder leaves out where a rule or a price gives them."],
    )
