"""References of the form PATH:ROW, or to files that are samples: which samples they mean.

Rows are looked up range by range of the datasets that are named, and put to the rows that name them range by range of
these: nothing has to fit into memory. No statement updates a table, as what is updated does not spill to disk.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import pyarrow as pa

from provenance.identity import Scan
from provenance.lineage.births import Dependency
from provenance.lineage.database import count, parquet_rows
from provenance.lineage.dependency_rows import rows_of
from provenance.lineage.id_ranges import ranges_for
from provenance.lineage.tables import Tables

_LONGEST_SHOWN = 80
# Of a dataset that is named, and of the rows that name others.
_ROWS_LOOKED_UP = 2_000_000
_ROWS_JOINED = 500_000


def resolve_references(tables: Tables, rows: Scan, dependencies: Sequence[Dependency]) -> None:
    """Make ``resolved`` of ``pending``, with the parent of each reference where only its place is known yet.

    Raises:
        DataError: a reference is neither a sample id nor a row of a dependency; a dependency cannot be read.
    """
    named = {
        name: dependency
        for dependency in dependencies
        for name in (dependency.path, dependency.name, str(dependency.data))
    }
    tables.connection.execute("CREATE TABLE found(row BIGINT, place BIGINT, parent BLOB)")
    files = []
    for path, dependency in named.items():
        if dependency.data is None or not _is_named(tables, path):
            continue
        theirs, file = rows_of(tables, dependency)
        _want(tables, path, theirs)
        _look_up(tables, theirs.rows, file)
        files.append(file)
    _put_to_rows(tables)
    for file in files:
        remember_seen(tables, file)
    _require_resolved(tables, rows, named)


def remember_seen(tables: Tables, file: Path) -> None:
    """Keep the sizes of named parents, so that a parent without any sidecar is known to exist."""
    parents = count(tables.connection, "SELECT count(parent) FROM resolved")
    for each in ranges_for(parents):
        tables.connection.execute(
            f"INSERT INTO seen SELECT DISTINCT sample_id, content_bytes FROM {parquet_rows(file)} WHERE {each.sql()} "
            f"AND sample_id IN (SELECT parent FROM resolved WHERE {each.sql('parent')})"
        )


def _is_named(tables: Tables, path: str) -> bool:
    is_in = "place_of.path = $1 OR starts_with(reference, $1 || '/')"
    query = f"SELECT 1 FROM pending WHERE parent IS NULL AND ({is_in}) LIMIT 1"
    return bool(tables.connection.execute(query, [path]).fetchall())


def _want(tables: Tables, path: str, theirs: Scan) -> None:
    """Make ``wanted``: which rows of the dataset that is called ``path`` are named, by their numbers in it.

    ``theirs``: its scan. A reference to a file of a directory, or to a row of one, is turned into the number of a row
    of the directory.
    """
    firsts = [row for row, _ in theirs.files]
    ends = [*firsts[1:], theirs.rows + 1]
    names = pa.table(
        {
            "first_row": pa.array(firsts, pa.int64()),
            "end_row": pa.array(ends if firsts else [], pa.int64()),
            "name": pa.array([name for _, name in theirs.files], pa.string()),
        }
    )
    named, number = (
        ("reference", "f.first_row")
        if theirs.samples_are_files
        else ("place_of.path", "f.first_row + try_cast(place_of.row AS BIGINT) - 1")
    )
    tables.connection.register("names", names)
    tables.connection.execute(
        "CREATE OR REPLACE TABLE wanted AS "
        "SELECT row, place, try_cast(place_of.row AS BIGINT) AS theirs FROM pending "
        "WHERE parent IS NULL AND place_of.path = $1 "
        f"UNION ALL SELECT row, place, {number} FROM pending, names f "
        f"WHERE parent IS NULL AND {named} = $1 || '/' || f.name AND {number} < f.end_row",
        [path],
    )
    tables.connection.unregister("names")


def _look_up(tables: Tables, rows: int, file: Path) -> None:
    """Enter in ``found`` the samples that ``wanted`` names; ``file`` has the ``rows`` of the dataset, in order."""
    for first in range(1, rows + 1, _ROWS_LOOKED_UP):
        tables.connection.execute(
            f"INSERT INTO found SELECT w.row, w.place, d.sample_id FROM wanted w, {parquet_rows(file)} d "
            "WHERE d.row = w.theirs AND d.row BETWEEN $1 AND $2 AND w.theirs BETWEEN $1 AND $2",
            [first, first + _ROWS_LOOKED_UP - 1],
        )
    tables.connection.execute("DROP TABLE wanted")


def _put_to_rows(tables: Tables) -> None:
    """Make ``resolved`` of ``pending`` and ``found``."""
    execute = tables.connection.execute
    if not count(tables.connection, "SELECT count(*) FROM (FROM found LIMIT 1)"):
        execute("ALTER TABLE pending RENAME TO resolved")
        return
    execute("CREATE TABLE resolved AS FROM pending LIMIT 0")
    last = count(tables.connection, "SELECT max(row) FROM pending")
    for first in range(1, last + 1, _ROWS_JOINED):
        execute(
            "INSERT INTO resolved SELECT p.* REPLACE (coalesce(p.parent, f.parent) AS parent) FROM pending p "
            "LEFT JOIN (SELECT row, place, any_value(parent) AS parent FROM found WHERE row BETWEEN $1 AND $2 "
            "GROUP BY row, place) f ON f.row = p.row AND f.place = p.place WHERE p.row BETWEEN $1 AND $2",
            [first, first + _ROWS_JOINED - 1],
        )
    execute("DROP TABLE pending")
    execute("DROP TABLE found")


def _require_resolved(tables: Tables, rows: Scan, named: Collection[str]) -> None:
    unresolved = (
        f"SELECT row, left(reference, {_LONGEST_SHOWN + 1}), place_of.path FROM resolved WHERE parent IS NULL "
        "ORDER BY row LIMIT 1"
    )
    for row, reference, path in tables.connection.execute(unresolved).fetchall():
        if not path:
            problem = "which is neither a sample id nor PATH:ROW, nor a file that is a sample"
        elif path not in named and not any(path.startswith(f"{name}/") for name in named):
            problem = f"but {_shown(path)} is not a dataset this stage depends on"
        else:
            problem = f"but {path} has no such row"
        raise rows.error(row, f"_parents names {_shown(reference)}, {problem}")


def _shown(reference: str) -> str:
    """``reference`` fit for a message of one line: it may be anything that a row holds."""
    return repr(reference) if len(reference) <= _LONGEST_SHOWN else f"{reference[:_LONGEST_SHOWN]!r}…"
