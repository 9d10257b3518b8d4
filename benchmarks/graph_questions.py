"""The same questions about the reference graph to the index, to recursive SQL on DuckDB and on SQLite.

Each asker runs in a process of its own (`benchmarks.tasks`) and says, for each question, milliseconds (the median of a
few warm runs) and the answer: how many samples, and the smallest and greatest id. Where these differ, it is an error.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

_TAINTED_ROOTS = 10_000
_HUBS = {"descendants of a small hub": 1_000, "descendants of a large hub": 100_000}
_RUNS = 3

# How many samples, the smallest and the greatest id.
Answer = tuple[int, str, str]


def choose_samples(folder: Path, sidecar: Path) -> Mapping[str, list[str]]:
    """The samples that are asked about, by question."""
    import numpy as np

    graph = _graph(folder, sidecar)
    pick = np.random.default_rng(3)
    roots = int(graph.size * 0.1)
    # As many descendants as wanted, as nearly as the most used samples and some of the others give them.
    counts = graph.children.counts
    candidates = np.concatenate([np.argsort(counts)[-40:], pick.integers(0, graph.size, 400)])
    sizes = np.array([len(graph.reached(np.array([n]), _descendants())) for n in candidates])
    chosen = {"point": [graph.size // 2], "ancestors of a leaf": [graph.size - 1]}
    chosen |= {name: [int(candidates[np.argmin(abs(sizes - size))])] for name, size in _HUBS.items()}
    chosen["taint from 10k roots"] = np.unique(pick.integers(0, roots, _TAINTED_ROOTS)).tolist()
    return {name: graph.ids(np.array(numbers)) for name, numbers in chosen.items()}


def build_index(folder: Path, sidecar: Path) -> Mapping[str, Any]:
    started = time.perf_counter()
    graph = _graph(folder, sidecar)
    return {"seconds": time.perf_counter() - started, "bytes": graph.bytes, "samples": graph.size}


def ask_index(folder: Path, sidecar: Path, chosen: Mapping[str, list[str]]) -> Mapping[str, Any]:
    import numpy as np

    from provenance.ledger.graph.graph import Direction
    from provenance.ledger.walks import describe

    graph = _graph(folder, sidecar)

    def reached(ids: list[str], direction: Direction) -> Answer:
        found = graph.reached(graph.numbers(ids), direction)
        ends = graph.in_order_of_ids(found)[[0, -1]]
        return (len(found), *graph.ids(ends))

    def point() -> Answer:
        (node,) = describe(graph, graph.numbers(chosen["point"]))
        return (1, node.sample_id, node.sample_id)

    def depth() -> Answer:
        graph.__dict__.pop("depths", None)
        deepest = np.flatnonzero(graph.depths == graph.depths.max())
        ends = graph.in_order_of_ids(deepest)[[0, -1]]
        return (len(deepest), *graph.ids(ends))

    walks = {
        name: partial(reached, ids, Direction.ANCESTORS if _is_upward(name) else Direction.DESCENDANTS)
        for name, ids in chosen.items()
    }
    return _timed({**walks, "point": point, "depth of all": depth})


def ask_duckdb(sidecar: Path, chosen: Mapping[str, list[str]]) -> Mapping[str, Any]:
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    connection.execute(f"CREATE VIEW samples AS FROM read_parquet('{sidecar}')")
    connection.execute("CREATE VIEW edges AS SELECT sample_id AS child, unnest(parents) AS parent FROM samples")
    answer = "count(*), lower(hex(min(sample_id))), lower(hex(max(sample_id)))"

    def asked(query: str, ids: list[str]) -> Answer:
        start = "SELECT unnest($ids::BLOB[]) AS sample_id"
        found = connection.execute(
            f"WITH RECURSIVE start AS ({start}), {query}", {"ids": [bytes.fromhex(each) for each in ids]}
        ).fetchall()
        (only,) = found
        return only

    up = (
        "walk AS (FROM start UNION SELECT e.parent FROM edges e JOIN walk w ON e.child = w.sample_id) "
        f"SELECT {answer} FROM walk"
    )
    down = (
        "walk AS (FROM start UNION SELECT e.child FROM edges e JOIN walk w ON e.parent = w.sample_id) "
        f"SELECT {answer} FROM walk"
    )
    depths = (
        "walk(sample_id, depth) AS (SELECT sample_id, 0 FROM samples WHERE len(parents) = 0 UNION SELECT e.child, "
        "depth + 1 FROM edges e JOIN walk w ON e.parent = w.sample_id), deepest AS (SELECT sample_id, max(depth) AS "
        "depth FROM walk GROUP BY sample_id) "
        f"SELECT {answer} FROM deepest WHERE depth = (SELECT max(depth) FROM deepest)"
    )
    point = f"found AS (SELECT s.* FROM samples s SEMI JOIN start USING (sample_id)) SELECT {answer} FROM found"
    walks = {name: partial(asked, up if _is_upward(name) else down, ids) for name, ids in chosen.items()}
    return _timed(
        {**walks, "point": partial(asked, point, chosen["point"]), "depth of all": partial(asked, depths, [])}
    )


def ask_sqlite(database: Path, chosen: Mapping[str, list[str]], *, depth: bool) -> Mapping[str, Any]:
    """``depth``: whether to ask for the depth of all samples, which takes minutes where there are many millions."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TEMP TABLE start(number INTEGER PRIMARY KEY)")
        answer = "count(*), lower(hex(min(sample_id))), lower(hex(max(sample_id)))"

        def asked(query: str, ids: list[str]) -> Answer:
            connection.execute("DELETE FROM start")
            connection.executemany(
                "INSERT INTO start SELECT number FROM samples WHERE sample_id = ?", ([bytes.fromhex(i)] for i in ids)
            )
            (only,) = connection.execute(query).fetchall()
            return tuple(only)

        def walk(step: str) -> str:
            recursion = f"WITH RECURSIVE walk(number) AS (SELECT number FROM start UNION {step})"
            return f"{recursion} SELECT {answer} FROM walk JOIN samples USING (number)"

        up = walk("SELECT p.parent FROM walk w JOIN parents p ON p.child = w.number")
        down = walk("SELECT p.child FROM walk w JOIN parents p ON p.parent = w.number")
        depths = (
            "WITH RECURSIVE walk(number, level) AS (SELECT number, 0 FROM samples WHERE number NOT IN "
            "(SELECT child FROM parents) UNION SELECT p.child, level + 1 FROM walk w JOIN parents p "
            "ON p.parent = w.number), deepest AS (SELECT number, max(level) AS level FROM walk GROUP BY number) "
            f"SELECT {answer} FROM deepest JOIN samples USING (number) WHERE level = (SELECT max(level) FROM deepest)"
        )
        point = f"SELECT {answer} FROM samples JOIN start USING (number)"
        questions = {name: partial(asked, up if _is_upward(name) else down, ids) for name, ids in chosen.items()}
        questions["point"] = partial(asked, point, chosen["point"])
        if depth:
            questions["depth of all"] = partial(asked, depths, [])
        return _timed(questions)


def _is_upward(question: str) -> bool:
    return question.startswith("ancestors")


def _timed(questions: Mapping[str, Callable[[], Answer]]) -> Mapping[str, Any]:
    said = {}
    for name, ask in questions.items():
        answer, times = ask(), []
        # What takes seconds is not asked again and again.
        for _ in range(_RUNS):
            started = time.perf_counter()
            again = ask()
            times.append(1000 * (time.perf_counter() - started))
            if again != answer:
                raise ValueError(f"{name}: {answer}, and then {again}")
            if times[0] > 5_000:
                break
        said[name] = {"milliseconds": statistics.median(times), "answer": answer}
    return said


def _graph(folder: Path, sidecar: Path) -> Any:
    from provenance.ledger.graph.opening import open_graph, store_in
    from provenance.ledger.graph.segments import IndexedSidecar

    return open_graph(store_in(folder), [IndexedSidecar("data.jsonl", sidecar, sidecar.name)])


def _descendants() -> Any:
    from provenance.ledger.graph.graph import Direction

    return Direction.DESCENDANTS


def read_chosen(file: str) -> Mapping[str, list[str]]:
    """What `choose_samples` chose."""
    chosen: Mapping[str, list[str]] = json.loads(Path(file).read_text(encoding="ascii"))
    return chosen
