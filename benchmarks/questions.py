"""Who came from whom: the graph index against recursive SQL, and `provenance trace` as a whole command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.processes import Measured, measure, measure_task
from benchmarks.results import Result, Settings, Target

_SIZES = (1_000_000, 10_000_000, 100_000_000)
# Beyond, each of the others takes hours or more memory than there is.
_MOST_FOR_OTHERS = 10_000_000
# SQLite takes minutes beyond for the depth of all samples.
_MOST_FOR_DEPTH_IN_SQLITE = 1_000_000
_ASKED = ("index", "DuckDB", "SQLite")


def run(settings: Settings) -> Result:
    rows: list[list[str]] = []
    targets: list[Target] = []
    notes: list[str] = []
    for size in dict.fromkeys(map(settings.scaled, _SIZES)):
        folder = settings.folder / str(size)
        folder.mkdir()
        _ask_all(size, folder, rows, targets, notes)
    return Result(
        "Who came from whom, reference graph",
        ("samples", "question", "answer", "index ms", "DuckDB ms", "SQLite ms"),
        rows,
        targets,
        notes,
    )


def _ask_all(size: int, folder: Path, rows: list[list[str]], targets: list[Target], notes: list[str]) -> None:
    sidecar, database = folder / "data.jsonl.lineage.parquet", folder / "graph.db"
    measure_task("write_graph_as_sidecar", sidecar, size, folder=folder)
    built = measure_task("build_index", folder, sidecar, folder=folder)
    chosen = folder / "chosen.json"
    chosen.write_text(json.dumps(measure_task("choose_samples", folder, sidecar, folder=folder).said), encoding="ascii")
    asked = {"index": measure_task("ask_index", folder, sidecar, chosen, folder=folder)}
    if size <= _MOST_FOR_OTHERS:
        measure_task("write_graph_as_sqlite", database, size, folder=folder)
        with_depth = int(size <= _MOST_FOR_DEPTH_IN_SQLITE)
        asked["DuckDB"] = measure_task("ask_duckdb", sidecar, chosen, folder=folder)
        asked["SQLite"] = measure_task("ask_sqlite", database, chosen, with_depth, folder=folder)
    times = _compared(asked)
    for question, by in times.items():
        found = asked["index"].said[question]["answer"][0]
        rows.append([f"{size:,}", question, f"{found:,}", *(_shown(by.get(name)) for name in _ASKED)])
    for question, name, bound in (("depth of all", "depth of all", 50), ("taint from 10k roots", "taint", 20)):
        if "SQLite" in times[question]:
            targets.append(_ratio(f"SQLite / index, {name}, {size:,}", times[question], bound))
    traced, bare = _whole_command(folder, sidecar, json.loads(chosen.read_text())["ancestors of a leaf"][0])
    targets.append(Target(f"`provenance trace`, whole command, {size:,}", traced.wall, 0.35, unit="s"))
    said = built.said
    notes.append(
        f"{size:,} samples: index built in {said['seconds']:.1f} s with a peak of {built.peak:,.0f} MiB; "
        f"{said['bytes'] / size:.1f} bytes a sample. Peak while asked: "
        + ", ".join(f"{name} {one.peak:,.0f} MiB" for name, one in asked.items())
        + f". `provenance trace` took {traced.cpu:.2f} s of CPU, a bare interpreter {bare.cpu:.3f} s."
    )


def _compared(asked: dict[str, Measured]) -> dict[str, dict[str, float]]:
    """Milliseconds by question and asker.

    Raises:
        ValueError: two of them answer differently.
    """
    times: dict[str, dict[str, float]] = {}
    for question, of_index in asked["index"].said.items():
        for name, measured in asked.items():
            found: dict[str, Any] | None = measured.said.get(question)
            if found is not None:
                if found["answer"] != of_index["answer"]:
                    raise ValueError(f"{question}: {name} answers {found['answer']}, the index {of_index['answer']}")
                times.setdefault(question, {})[name] = found["milliseconds"]
    return times


def _ratio(what: str, times: dict[str, float], bound: float) -> Target:
    return Target(what, times["SQLite"] / times["index"], bound, at_least=True)


def _shown(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "-"
    return f"{milliseconds:,.1f}" if milliseconds < 100 else f"{milliseconds:,.0f}"


def _whole_command(folder: Path, sidecar: Path, sample_id: str) -> tuple[Measured, Measured]:
    """`provenance trace` of one sample in a repository with that sidecar and a current index; a bare interpreter."""
    project = folder / "project"
    project.mkdir()
    command = [sys.executable, "-m"]
    for step in (["git", "init", "--quiet"], [*command, "dvc", "init", "--quiet"]):
        measure(step, project)
    (project / "data.jsonl").write_text('{"text": "the rows are not asked"}\n', encoding="utf-8")
    sidecar.rename(project / sidecar.name)
    measure([*command, "dvc", "add", "--quiet", "data.jsonl", sidecar.name], project)
    trace = [*command, "provenance", "trace", sample_id]
    measure(trace, project)
    runs = [measure(trace, project) for _ in range(5)]
    bare = min((measure([sys.executable, "-c", "pass"], project) for _ in range(5)), key=lambda one: one.wall)
    return sorted(runs, key=lambda one: one.wall)[2], bare
