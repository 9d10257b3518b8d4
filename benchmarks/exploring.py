"""The pages of the explorer on the reference graph, and on a large file with its text: CPU time, first and warm."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.adding import make_repository
from benchmarks.processes import measure, measure_task
from benchmarks.results import Result, Settings, Target

_SIZES = (1_000_000, 10_000_000)
_ROWS = 1_000_000
_DATA = "data.jsonl"
_WARM_MS = 300
_RUNS = 3


def run(settings: Settings) -> Result:
    rows: list[list[str]] = []
    targets: list[Target] = []
    for size in map(settings.scaled, _SIZES):
        found = _of_graph(settings.folder / f"graph-{size}", size)
        rows += _table(f"{size:,} samples", found)
        targets.append(_slowest(f"slowest page of {size:,} samples, warm", found))
    count = settings.scaled(_ROWS)
    folder = settings.folder / "text"
    found = _of_text(folder, count)
    rows += _table(f"{count:,} rows of text", found)
    targets.append(_slowest(f"slowest page of {count:,} rows of text, warm", found))
    kept = sum(file.stat().st_size for file in (folder / ".dvc/tmp/provenance/rows").iterdir())
    targets.append(Target("row places", kept / count, 4.5, unit="bytes a row"))
    return Result(
        "Pages of the explorer",
        ("of", "page", "first, ms", "warm, ms"),
        rows,
        targets,
        [
            f"CPU time without HTTP; warm: the median of {_RUNS}. The graph's data is not on the machine, so its rows "
            "are shown by their lineage. The target for row places allows for what is said of a file besides."
        ],
    )


def _table(of: str, found: Mapping[str, Any]) -> list[list[str]]:
    return [[of, page, *(f"{1000 * each:,.0f}" for each in times)] for page, times in found.items()]


def _slowest(what: str, found: Mapping[str, Any]) -> Target:
    return Target(what, 1000 * max(warm for _, warm in found.values()), _WARM_MS, unit="ms")


def _of_graph(folder: Path, size: int) -> Mapping[str, Any]:
    make_repository(folder)
    sidecar = folder / f"{_DATA}.lineage.parquet"
    measure_task("write_graph_as_sidecar", sidecar, size, folder=folder)
    (folder / _DATA).write_text('{"text": "stands for the data"}\n')
    for path in (_DATA, sidecar.name):
        subprocess.run([sys.executable, "-m", "dvc", "add", "--quiet", path], cwd=folder, check=True)
    _remove_data(folder)
    measure([sys.executable, "-m", "provenance", "index", "--quiet"], folder)
    return measure_task("explore_graph", _DATA, folder=folder).said


def _remove_data(folder: Path) -> None:
    """Leave the data's hash alone: it is elsewhere."""
    (folder / _DATA).unlink()
    for file in (folder / ".dvc/cache/files/md5").glob("*/*"):
        if file.stat().st_size < 100:
            file.unlink()


def _of_text(folder: Path, rows: int) -> Mapping[str, Any]:
    make_repository(folder)
    with (folder / _DATA).open("w", encoding="utf-8") as file:
        for number in range(rows):
            file.write(json.dumps({"text": f"row {number} " + "says something " * 20}) + "\n")
    command = [sys.executable, "-m", "provenance", "add", "--quiet", "--origin", "real", "--source", "a", _DATA]
    measure(command, folder)
    measure([sys.executable, "-m", "provenance", "index", "--quiet"], folder)
    return measure_task("explore_text", _DATA, rows, folder=folder).said


def explore_graph(dataset: str) -> Mapping[str, Any]:
    """Seconds of CPU for each page, the first time and warm."""
    import numpy as np

    from provenance.explorer.site import Site
    from provenance.repository import Repository

    with Site.open(Repository.open(), None) as site:
        graph = site.at(None).ledger.graph
        hub = graph.ids(np.array([int(np.argmax(graph.children.counts))]))[0]
        leaf = graph.ids(np.array([graph.size - 1]))[0]
        rows = f"/d/{dataset}"
        pages = {
            "overview": "/",
            "rows": rows,
            "rows from the middle": f"{rows}?after={graph.size // 2}",
            "rows by origin, model and steps": f"{rows}?origin=synthetic&model=model-7&depth=3",
            "rows that came from a source": f"{rows}?from=source:source-1",
            "the same of a model and steps": f"{rows}?from=source:source-1&model=model-7&depth=3",
            "what is in it": f"{rows}?view=composition",
            "where it came from": f"{rows}?view=lineage",
            "sample, a leaf": f"/s/{leaf}",
            "sample, the greatest hub": f"/s/{hub}",
            "model": "/m/model-7",
            "source": "/src/source-1",
            "licence": "/l/Apache-2.0",
            "impact of a model": "/impact?selector=model:model-8",
            "search": "/find?q=model-3",
        }
        return timed(site, pages)


def explore_text(dataset: str, rows: str) -> Mapping[str, Any]:
    """The same of a dataset with its text."""
    from provenance.explorer.site import Site
    from provenance.repository import Repository

    middle, page = int(rows) // 2, f"/d/{dataset}"
    pages = {
        "rows": page,
        "rows from the middle": f"{page}?after={middle}",
        "rows that came from one of the last": f"{page}?from=sample:{dataset}:{rows}",
        "words, from the middle": f"{page}?after={middle}&q=row",
        "sample in the middle": f"/s/{dataset}:{middle}",
    }
    with Site.open(Repository.open(), None) as site:
        return timed(site, pages)


def timed(site: Any, pages: Mapping[str, str]) -> Mapping[str, Any]:
    """Seconds of CPU for each of ``pages``, by their names: the first time, and warm."""
    return {name: _seconds(site, page) for name, page in pages.items()}


def _seconds(site: Any, page: str) -> tuple[float, float]:
    first, *warm = (_once(site, page) for _ in range(1 + _RUNS))
    return first, statistics.median(warm)


def _once(site: Any, page: str) -> float:
    from starlette.requests import Request
    from starlette.routing import Match, Route

    from provenance.explorer.routes import ROUTES
    from provenance.explorer.serving import answered

    path, _, query = page.partition("?")
    sent = {"path": path, "raw_path": path.encode(), "query_string": query.encode()}
    scope = {"type": "http", "method": "GET", "headers": [], **sent}
    for pattern, view in ROUTES:
        matched, more = Route(pattern, lambda request: None).matches(scope)
        if matched is Match.FULL:
            began = time.process_time()
            response = answered(site, Request({**scope, **more}), view)
            spent = time.process_time() - began
            if response.status_code >= 400:
                said = re.sub("<[^>]+>|\\s+", " ", bytes(response.body).decode().partition("<main")[2])
                raise RuntimeError(f"{page}: {response.status_code} {said}")
            return spent
    raise RuntimeError(f"{page}: no such page")
