"""The reference graph as a careful SQLite database: integer keys, an edge table, an index for each direction."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.graph import ReferenceGraph

_BATCH_ROWS = 50_000
# Text that recurs is kept once; these columns hold its number.
_WORDS = ("origin", "kind", "license", "evidence")
_NUMBERS = ("rows", "content_bytes", "activity", "agent", "source", "seed", "input_tokens", "output_tokens")
_OTHERS = ("cost", "depth", "real_rooted", "prompt")
_COLUMNS = (*_WORDS, *_NUMBERS, *_OTHERS)
_MARKS = ", ".join("?" * (len(_COLUMNS) + 2))

_SCHEMA = f"""
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE words(number INTEGER PRIMARY KEY, word TEXT UNIQUE);
    CREATE TABLE samples(number INTEGER PRIMARY KEY, sample_id BLOB UNIQUE, {", ".join(_COLUMNS)});
    CREATE TABLE parents(child INTEGER, place INTEGER, parent INTEGER, role INTEGER, PRIMARY KEY(child, place))
        WITHOUT ROWID;"""


def write_database(path: Path, graph: ReferenceGraph) -> Mapping[str, Any]:
    """Write the records and index them; how long writing alone took."""
    making = 0.0
    started = time.perf_counter()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_SCHEMA)
        words: dict[str, int] = {}
        for first in range(0, graph.size, _BATCH_ROWS):
            began = time.perf_counter()
            numbers = np.arange(first, min(first + _BATCH_ROWS, graph.size))
            batch, (parents, _, offsets) = graph.records(numbers), graph.parents(numbers)
            making += time.perf_counter() - began
            connection.executemany(f"INSERT INTO samples VALUES ({_MARKS})", _samples(batch, first, words))
            edges = _edges(first, parents.tolist(), offsets.tolist(), batch["parent_roles"].to_pylist(), words)
            connection.executemany("INSERT INTO parents VALUES (?, ?, ?, ?)", edges)
        connection.executemany("INSERT INTO words VALUES (?, ?)", ((number, word) for word, number in words.items()))
        connection.execute("CREATE INDEX children ON parents(parent, child)")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return {"seconds": time.perf_counter() - started - making, "bytes": path.stat().st_size}


def _samples(batch: pa.RecordBatch, first: int, words: dict[str, int]) -> Iterator[tuple[Any, ...]]:
    columns = [[_number(word, words) for word in batch[name].to_pylist()] for name in _WORDS]
    columns += [batch[name].to_pylist() for name in _NUMBERS]
    costs = [None if cost is None else int(cost) for cost in batch["cost"].to_pylist()]
    columns += [costs, *(batch[name].to_pylist() for name in _OTHERS[1:])]
    numbers = range(first, first + batch.num_rows)
    return zip(numbers, batch["sample_id"].to_pylist(), *columns, strict=True)


def _edges(
    first: int, parents: list[int], offsets: list[int], roles: list[list[str]], words: dict[str, int]
) -> Iterator[tuple[int, int, int, int | None]]:
    for child, (start, spoken) in enumerate(zip(offsets, roles, strict=False)):
        for place, role in enumerate(spoken):
            yield first + child, place, parents[start + place], _number(role, words)


def _number(word: str | None, words: dict[str, int]) -> int | None:
    return None if word is None else words.setdefault(word, len(words))
