"""No tool: the least that a database does. Integer keys, a table of texts that recur, an index for each direction."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.peers.interface import Asking, Recording
from benchmarks.peers.workload import Level, Sample

_SCHEMA = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE texts(number INTEGER PRIMARY KEY, text TEXT UNIQUE);
    CREATE TABLE samples(number INTEGER PRIMARY KEY, id BLOB UNIQUE, model INT, prompt INT, level INT, cost REAL);
    CREATE TABLE parents(child INT, parent INT, PRIMARY KEY(child, parent)) WITHOUT ROWID;"""


_ANCESTORS = """
    WITH RECURSIVE reached(number) AS (
        SELECT parent FROM parents WHERE child = (SELECT number FROM samples WHERE id = ?)
        UNION SELECT parent FROM parents JOIN reached ON child = number)
    SELECT count(*) FROM reached"""
_DESCENDANTS = """
    WITH RECURSIVE reached(number) AS (
        SELECT child FROM parents WHERE parent = (SELECT number FROM samples WHERE id = ?)
        UNION SELECT child FROM parents JOIN reached ON parent = number)
    SELECT count(*) FROM reached"""


def prepare(folder: Path) -> Recording:
    return Recording(lambda levels: _record(folder / "lineage.db", levels), ["lineage.db*"])


def open_asking(folder: Path) -> Asking:
    connection = sqlite3.connect(folder / "lineage.db")

    def count(query: str, sample: Sample) -> int:
        return int(connection.execute(query, [bytes.fromhex(sample.id)]).fetchone()[0])

    return Asking(lambda sample, _: count(_ANCESTORS, sample), lambda sample, _: count(_DESCENDANTS, sample))


def _record(path: Path, levels: list[Level]) -> None:
    texts: dict[str, int] = {}
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_SCHEMA)
        for number, level in enumerate(levels):
            first = number * len(level)
            samples, edges = [], []
            for place, sample in enumerate(level):
                words = [texts.setdefault(text, len(texts)) for text in (sample.model, sample.prompt)]
                samples.append((first + place, bytes.fromhex(sample.id), *words, number, sample.cost))
                edges += [(first + place, first - len(level) + parent) for parent in sample.parents]
            connection.executemany("INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?)", samples)
            connection.executemany("INSERT INTO parents VALUES (?, ?)", edges)
        connection.executemany("INSERT INTO texts VALUES (?, ?)", ((place, text) for text, place in texts.items()))
        connection.execute("CREATE INDEX children ON parents(parent, child)")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
