"""Rows whose parents are found by a key that both have, as `provenance.yaml` says: no `_parents` column is needed.

Where a row names no parents itself, the row with its key in a dependency is entered for them as if it did: all that
follows is as for ``PATH:ROW``. A key that rows of several samples have claims nothing; nor does the key of a row whose
content is that of a row with another key, which was moved and not changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.errors import DataError, SidecarError
from provenance.identity import Scan, scan
from provenance.lineage.births import Dependency, ParentKey
from provenance.lineage.database import count, parquet_rows
from provenance.lineage.dependency_rows import rows_of
from provenance.lineage.tables import Tables

_KEYS = pa.schema([("row", pa.int64()), ("key", pa.large_string())])


def enter_keyed(tables: Tables, data: Path, rows: Scan, dependencies: Sequence[Dependency], key: ParentKey) -> int:
    """Enter in ``resolved`` the parents of rows that name none; how many rows these are.

    Raises:
        DataError: ``data`` has no such column.
        SidecarError: the dataset that the key is of is no dependency, or has no such column.
    """
    if key.column not in {*rows.fields, *rows.beside}:
        if not rows.rows:
            return 0
        raise DataError(data, None, f"has no column {key.column!r}, the key that provenance.yaml names")
    execute = tables.connection.execute
    execute("CREATE TABLE their_keys(path VARCHAR, row BIGINT, key VARCHAR, sample_id BLOB)")
    for dependency in _with_key(tables, dependencies, key):
        assert dependency.data is not None
        keys, theirs = _keys_of(tables, dependency.data, dependency, key.key), rows_of(tables, dependency)[1]
        execute(
            f"INSERT INTO their_keys SELECT $path, row, key, sample_id FROM {keys} k JOIN {parquet_rows(theirs)} t "
            "USING (row) WHERE key IS NOT NULL",
            {"path": dependency.path},
        )
    if not count(tables.connection, "SELECT count(*) FROM their_keys"):
        return 0
    ours = _keys_of(tables, data, dependencies[0], key.column)
    # Also in datasets without the key: a script that numbers the rows of a mix anew gives theirs the keys of others.
    read = " UNION ALL ".join(
        f"SELECT sample_id FROM {parquet_rows(rows_of(tables, each)[1])}"
        for each in dependencies
        if each.data is not None
    )
    execute(
        "INSERT INTO resolved BY NAME SELECT r.row, r.sample_id, 1 AS place, r.model IS NOT NULL AS by_model, "
        "{'path': t.path, 'row': t.row::VARCHAR} AS place_of, t.parent, true AS by_key "
        f"FROM {ours} o JOIN rows r USING (row) JOIN (SELECT key, any_value(sample_id) AS parent, "
        "arg_min(path, (path, row)) AS path, arg_min(row, (path, row)) AS row FROM their_keys GROUP BY key "
        "HAVING count(DISTINCT sample_id) = 1) t USING (key) WHERE coalesce(len(r.parents), 0) = 0 AND (r.sample_id = "
        f"t.parent OR r.sample_id NOT IN ({read}))"
    )
    return count(tables.connection, "SELECT count(*) FROM resolved WHERE by_key")


def _with_key(tables: Tables, dependencies: Sequence[Dependency], key: ParentKey) -> Iterator[Dependency]:
    """The dependencies whose rows may be parents by the key."""
    named = [each for each in dependencies if key.of is None or each.path == key.of]
    if key.of is not None and not named:
        raise SidecarError(
            f"{key.of}: provenance.yaml finds parents there by a key, but the stage does not depend on it"
        )
    for dependency in named:
        if dependency.data is None:
            continue
        theirs, _ = rows_of(tables, dependency)
        if key.key in {*theirs.fields, *theirs.beside}:
            yield dependency
        elif key.of is not None and theirs.rows:
            raise SidecarError(f"{key.of}: has no column {key.key!r}, the key that provenance.yaml names")


def _keys_of(tables: Tables, data: Path, dependency: Dependency, column: str) -> str:
    """The rows of ``data``, each with what it has in ``column``, as text: as SQL. Numbers and text may be one key."""
    file = tables.folder / f"keys-{len(list(tables.folder.glob('keys-*')))}.parquet"
    with pq.ParquetWriter(file, _KEYS) as writer:
        for batch in scan(data, dependency.identity.on((column,)), texts_and=[column]):
            assert batch.texts is not None
            values = batch.texts.values[column]
            numbers = pa.array(range(batch.first_row, batch.first_row + len(values)), pa.int64())
            writer.write_batch(pa.record_batch([numbers, values], schema=_KEYS))
    return parquet_rows(file)
