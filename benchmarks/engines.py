"""What questions cost by engine, in CPU seconds of all processes that take part: `python -m benchmarks.engines`.

SIDECAR is one of the reference graph (`benchmarks.graph`), written where it is not there; SIZE its samples.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from benchmarks.graph import ReferenceGraph, write_sidecar_file
from provenance.engines.duckdb import duckdb_engine
from provenance.engines.samples_view import merged_vocabulary
from provenance.engines.spark import spark_engine, spark_relations
from provenance.ledger.descent.by_graph import GraphDescent
from provenance.ledger.descent.by_relations import RelationalDescent
from provenance.ledger.descent.interface import Descent, Named
from provenance.ledger.graph.opening import open_graph, store_in
from provenance.ledger.graph.segments import IndexedSidecar
from provenance.ledger.models.links import ModelLinks
from provenance.lineage.sidecar import Sidecar, open_sidecar

# Few samples and all that came of them; and one source in seven of all that is real.
SAMPLES = 100
SOURCE = 0


def main(engine: str, file: str, size: str) -> None:
    """Ask every question once, and write a line of JSON for each."""
    path = Path(file)
    if not path.exists():
        write_sidecar_file(path, ReferenceGraph(int(size)))
    sidecar = open_sidecar(path)
    with TemporaryDirectory(dir=path.parent) as temporary:
        folder = Path(temporary)
        measured = _by_spark(sidecar, folder) if engine == "spark" else _by_duckdb(sidecar, folder)
        for task, seconds, wall, answer in measured:
            line = {"engine": engine, "size": int(size), "task": task, "cpu_seconds": seconds, "wall": wall}
            print(json.dumps(line | {"answer": answer}), flush=True)


Measured = Iterator[tuple[str, float, float, Any]]


def _by_duckdb(sidecar: Sidecar, folder: Path) -> Measured:
    with duckdb_engine([sidecar], merged_vocabulary([sidecar]), folder) as engine:
        yield _measured("composition", lambda: len(engine.of(0).cells()))
        yield _measured("conflicts", lambda: engine.of(0).conflicts().samples)
    indexed = [IndexedSidecar("data", sidecar.path, "digest")]
    built: list[Descent] = []

    def build() -> int:
        graph = open_graph(store_in(folder), indexed)
        built.append(GraphDescent(ModelLinks(graph, None), 1))
        return graph.size

    yield _measured("index", build)
    yield from _impacts(built[0])


def _by_spark(sidecar: Sidecar, folder: Path) -> Measured:
    with _timed_entry(spark_engine([sidecar], merged_vocabulary([sidecar]), folder)) as (start, engine):
        yield start
        yield _measured("composition", lambda: len(engine.of(0).cells()))
        yield _measured("conflicts", lambda: engine.of(0).conflicts().samples)
        built: list[Descent] = []
        with spark_relations(folder) as relations:
            yield _measured(
                "born and stated",
                lambda: built.append(RelationalDescent(relations, [sidecar], 1, ["digest"], None)),
            )
            yield from _impacts(built[0])


def _impacts(descent: Descent) -> Measured:
    few = Named(sample_ids=tuple(descent.beginning_with("00", SAMPLES)))
    source = Named(fits=lambda born: born.source == SOURCE)
    for task, named in (("impact of a few", few), ("impact of a source", source)):
        yield _measured(task, lambda named=named: _counts(descent, [named]))  # type: ignore[misc]


def _counts(descent: Descent, named: Sequence[Named]) -> list[int]:
    came = descent.came_of(named)
    return [came.selected, len(came.direct), came.rows[0].direct, came.rows[0].certain_direct]


def _measured(task: str, work: Callable[[], Any]) -> tuple[str, float, float, Any]:
    cpu, wall = _cpu_seconds(), time.perf_counter()
    answer = work()
    return task, round(_cpu_seconds() - cpu, 2), round(time.perf_counter() - wall, 1), answer


@contextmanager
def _timed_entry(opened: Any) -> Iterator[tuple[tuple[str, float, float, Any], Any]]:
    cpu, wall = _cpu_seconds(), time.perf_counter()
    with opened as entered:
        yield ("start", round(_cpu_seconds() - cpu, 2), round(time.perf_counter() - wall, 1), None), entered


def _cpu_seconds() -> float:
    """Of this process and all that it has started."""
    own = psutil.Process()
    total = 0.0
    for process in (own, *own.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


if __name__ == "__main__":
    main(*sys.argv[1:])
