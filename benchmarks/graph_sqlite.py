"""The reference graph as a careful SQLite database: integer keys, an edge table, an index for each direction."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.graph import Graph

_BATCH_ROWS = 50_000
# Text that recurs is kept once; these columns hold its number.
_WORDS = ("origin", "kind", "license", "evidence")
_NUMBERS = ("rows", "content_bytes", "activity", "agent", "source", "seed", "input_tokens", "output_tokens")
_OTHERS = ("cost", "depth", "real_rooted", "prompt")
_COLUMNS = (*_WORDS, *_NUMBERS, *_OTHERS)

_SCHEMA = f"""
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE words(number INTEGER PRIMARY KEY, word TEXT UNIQUE);
    CREATE TABLE samples(number INTEGER PRIMARY KEY, sample_id BLOB UNIQUE, {", ".join(_COLUMNS)});
    CREATE TABLE parents(child INTEGER, place INTEGER, parent INTEGER, role INTEGER, PRIMARY KEY(child, place))
        WITHOUT ROWID;"""


def write_database(path: Path, graph: Graph) -> Mapping[str, Any]:
    """Write the records and index them; how long that took."""
    # Parents are found by number; giving out the numbers is not what is measured.
    numbers = {sample_id: number for number, sample_id in enumerate(graph.table["sample_id"].to_pylist())}
    started = time.perf_counter()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_SCHEMA)
        words: dict[str, int] = {}
        first = 0
        for batch in graph.table.to_batches(_BATCH_ROWS):
            marks = ", ".join("?" * (len(_COLUMNS) + 2))
            connection.executemany(f"INSERT INTO samples VALUES ({marks})", _samples(batch, first, words))
            connection.executemany("INSERT INTO parents VALUES (?, ?, ?, ?)", _edges(batch, first, numbers, words))
            first += batch.num_rows
        connection.executemany("INSERT INTO words VALUES (?, ?)", ((number, word) for word, number in words.items()))
        connection.execute("CREATE INDEX children ON parents(parent, child)")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return {"seconds": time.perf_counter() - started, "bytes": path.stat().st_size, "edges": graph.edges}


def _samples(batch: pa.RecordBatch, first: int, words: dict[str, int]) -> Iterator[tuple[Any, ...]]:
    columns = [[_number(word, words) for word in batch[name].to_pylist()] for name in _WORDS]
    columns += [batch[name].to_pylist() for name in _NUMBERS]
    costs = [None if cost is None else int(cost) for cost in batch["cost"].to_pylist()]
    columns += [costs, *(batch[name].to_pylist() for name in _OTHERS[1:])]
    numbers = range(first, first + batch.num_rows)
    return zip(numbers, batch["sample_id"].to_pylist(), *columns, strict=True)


def _edges(
    batch: pa.RecordBatch, first: int, numbers: Mapping[bytes, int], words: dict[str, int]
) -> Iterator[tuple[int, int, int, int | None]]:
    named = zip(batch["parents"].to_pylist(), batch["parent_roles"].to_pylist(), strict=True)
    for child, (parents, roles) in enumerate(named, start=first):
        for place, (parent, role) in enumerate(zip(parents, roles, strict=True)):
            yield child, place, numbers[parent], _number(role, words)


def _number(word: str | None, words: dict[str, int]) -> int | None:
    return None if word is None else words.setdefault(word, len(words))
