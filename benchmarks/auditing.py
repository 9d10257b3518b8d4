"""The composition of a dataset from its lineage alone, against joining the data with its lineage."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.adding import make_repository
from benchmarks.processes import measure, measure_task
from benchmarks.results import Result, Settings, Target

_SAMPLES = 10_000_000
_DATA = "data.jsonl"
_REPEATS = 3


def run(settings: Settings) -> Result:
    count = settings.scaled(_SAMPLES)
    folder = settings.folder / "repository"
    make_repository(folder)
    sidecar, data = folder / f"{_DATA}.lineage.parquet", settings.folder / "data.parquet"
    measure_task("write_graph_as_sidecar", sidecar, count, folder=settings.folder)
    measure_task("write_data_of_sidecar", data, sidecar, folder=settings.folder)
    # What the audit never reads need not be large; the sidecar's footer has no hash of it.
    (folder / _DATA).write_text('{"text": "stands for the data"}\n')
    for path in (_DATA, sidecar.name):
        subprocess.run([sys.executable, "-m", "dvc", "add", "--quiet", path], cwd=folder, check=True)
    found = {
        "composition from lineage alone": measure_task(
            "composition_from_lineage", _DATA, folder=folder, repeats=_REPEATS
        ),
        "the same from a join with the data": measure_task(
            "composition_from_join", data, sidecar, settings.folder, folder=folder, repeats=_REPEATS
        ),
    }
    command = measure([sys.executable, "-m", "provenance", "audit", _DATA, "--json"], folder)
    lineage, joined = found.values()
    rows = [
        [what, f"{one.said['wall']:.2f}", f"{one.said['cpu']:.2f}", f"{one.peak:.0f}"] for what, one in found.items()
    ]
    rows.append(["`provenance audit`, all of it", f"{command.wall:.2f}", f"{command.cpu:.2f}", f"{command.peak:.0f}"])
    return Result(
        f"Audit of {count:,} rows",
        ("what", "wall s", "CPU s", "peak MiB"),
        rows,
        [
            Target("join / lineage alone", joined.said["wall"] / lineage.said["wall"], 5, at_least=True),
            Target("the whole command", command.wall, 2, unit="s"),
        ],
        [
            f"Of {_REPEATS} runs the one that took least CPU, with the ledger open. The join counts rows and bytes by "
            "what composition counts them by; the data has the sample ids as a column, which spares it computing them. "
            "Both are DuckDB with the same 512 MB. The whole command also starts Python and takes "
            "the measures that need no data."
        ],
    )
