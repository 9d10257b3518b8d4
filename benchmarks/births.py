"""What counting rows by the births they may have had costs: bytes of the columns, CPU of a stage that carries rows."""

from __future__ import annotations

from benchmarks.processes import measure_task
from benchmarks.results import Result, Settings, Target

_ROWS = 200_000
# How many in a hundred samples both inputs have, each with another model; how many of the rows a script draws; and
# whether rows have an id besides.
_CASES = (
    *((0, 100, False), (0, 80, False), (5, 100, False), (5, 80, False), (60, 80, False)),
    *((0, 80, True), (5, 80, True), (60, 80, True)),
)


def run(settings: Settings) -> Result:
    rows = settings.scaled(_ROWS)
    table = []
    columns = {}
    for shared, drawn, marked in _CASES:
        words = "marked" if marked else "unmarked"
        folder = settings.folder / f"{shared}-{drawn}-{words}"
        folder.mkdir()
        said = measure_task("carry_births", folder, rows, shared, drawn, words, folder=folder).said
        columns[shared, drawn, marked] = (said["bytes"]["possible_rows"] + said["bytes"]["ambiguous_rows"]) / said[
            "samples"
        ]
        table.append(
            [
                f"{shared} %",
                f"{drawn} %",
                "yes" if marked else "no",
                f"{said['ambiguous'] / said['rows']:.1%}",
                *(f"{said['bytes'][name] / said['samples']:.2f}" for name in said["bytes"]),
                f"{said['all_bytes'] / said['samples']:.1f}",
                f"{1e6 * said['cpu'] / said['rows']:.1f}",
            ]
        )
    return Result(
        f"A stage over two datasets of {rows:,} answers",
        (
            "samples that both have",
            "rows drawn",
            "ids",
            "ambiguous rows",
            "possible_rows, bytes / sample",
            "ambiguous_rows",
            "marks",
            "calls",
            "doubts",
            "chain_evidence",
            "sidecar",
            "CPU µs / row",
        ),
        table,
        [Target("rows in doubt, 5 % in both, 80 % drawn", columns[5, 80, False], 0.1, unit="bytes / sample")],
        notes=[
            "CPU is that of the whole completion: reading the rows, their ids, and writing the sidecar.",
            "Where rows have an id, those of equal content are told apart by it; both inputs are then read again.",
        ],
    )
