"""Rows whose parents are found by a key that both have, as `provenance.yaml` says: no `_parents` column is needed.

Where a row names no parents itself, the row with its key in a dependency is entered for them as if it did: all that
follows is as for ``PATH:ROW``. Where a birth of the row is stated without parents, that row is what it was made from. A
key that rows of several samples have claims nothing; nor does the key of a row whose
content is that of a row with another key, which was moved and not changed. Why changed rows got no parent is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.arguments import shown, warn
from provenance.errors import DataError, SidecarError
from provenance.identity import Scan, scan
from provenance.lineage.births import Dependency, ParentKey, RecordedBirths
from provenance.lineage.database import count, parquet_rows, stream
from provenance.lineage.dependency_rows import rows_of
from provenance.lineage.schema import birth_schema
from provenance.lineage.tables import Tables
from provenance.lineage.words import Evidence
from provenance.plurals import counted

_KEYS = pa.schema([("row", pa.int64()), ("key", pa.large_string())])
_ROWS_AT_ONCE = 65536


def enter_keyed(
    tables: Tables,
    data: Path,
    rows: Scan,
    dependencies: Sequence[Dependency],
    key: ParentKey,
    births: RecordedBirths | None = None,
) -> int:
    """Enter in ``resolved`` the parents of rows that name none, nor have any in ``births``; how many rows these are.

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
    for dependency in _with_key(tables, data, dependencies, key):
        assert dependency.data is not None
        keys, theirs = _keys_of(tables, dependency.data, dependency, key.key), rows_of(tables, dependency)[1]
        execute(
            f"INSERT INTO their_keys SELECT $path, row, key, sample_id FROM {keys} k JOIN {parquet_rows(theirs)} t "
            "USING (row) WHERE key IS NOT NULL",
            {"path": dependency.path},
        )
    if not count(tables.connection, "SELECT count(*) FROM their_keys"):
        if any(each.data is not None for each in dependencies):
            warn(f"{data}: no parents by key: no dataset that the stage depends on has values in a column {key.key!r}")
        return 0
    # Also in datasets without the key: a script that numbers the rows of a mix anew gives theirs the keys of others.
    read = [f"SELECT sample_id FROM {parquet_rows(rows_of(tables, each)[1])}" for each in dependencies if each.data]
    ours = _keys_of(tables, data, dependencies[0], key.column)
    named = (
        ""
        if births is None
        else f" AND r.row NOT IN (SELECT row FROM {parquet_rows(births.written())} WHERE len(parents) > 0)"
    )
    execute(
        "CREATE TABLE keyed AS SELECT r.row, r.sample_id, r.model IS NOT NULL AS by_model, key, t.* EXCLUDE (key), "
        f"r.sample_id IN ({' UNION ALL '.join(read)}) AS is_read FROM {ours} o JOIN rows r USING (row) "
        "LEFT JOIN (SELECT key, any_value(sample_id) AS "
        "parent, count(DISTINCT sample_id) AS samples, arg_min(path, (path, row)) AS path, arg_min(row, (path, row)) "
        "AS place FROM their_keys GROUP BY key) t USING (key) WHERE coalesce(len(r.parents), 0) = 0" + named
    )
    _say_what_is_not_claimed(tables, data, key)
    execute(
        "INSERT INTO resolved BY NAME SELECT row, sample_id, 1 AS place, by_model, {'path': path, 'row': "
        "place::VARCHAR} AS place_of, parent, true AS by_key FROM keyed WHERE samples = 1 AND (sample_id = parent OR "
        "NOT is_read)"
    )
    return count(tables.connection, "SELECT count(*) FROM resolved WHERE by_key")


def with_keyed_parents(tables: Tables, births: RecordedBirths) -> RecordedBirths:
    """``births``, in which those without parents have what the key found, in ``derived``; these are declared then."""
    file = tables.folder / "keyed-births.parquet"
    schema = birth_schema()
    keyed = "d.row IS NOT NULL"
    changed = {
        "parents": f"CASE WHEN {keyed} THEN d.parents ELSE b.parents END",
        "parent_roles": f"CASE WHEN {keyed} THEN d.parent_roles ELSE b.parent_roles END",
        "evidence": f"CASE WHEN {keyed} THEN '{Evidence.DECLARED}' ELSE b.evidence END",
    }
    columns = ", ".join(f"{changed.get(name, f'b.{name}')} AS {name}" for name in schema.names)
    query = (
        f"SELECT {columns} FROM {parquet_rows(births.written())} b LEFT JOIN (SELECT * FROM derived WHERE by_key) d "
        "ON b.row = d.row ORDER BY b.row"
    )
    with pq.ParquetWriter(file, schema, compression="lz4") as writer:
        for batch in stream(tables.connection, query, _ROWS_AT_ONCE):
            writer.write_batch(batch.cast(schema))
    return replace(births, file=file, held=None)


def _say_what_is_not_claimed(tables: Tables, data: Path, key: ParentKey) -> None:
    """Warn of changed rows that have a key and get no parent by it."""
    reasons = {"samples IS NULL": "no row that was read has", "samples > 1": "rows of several samples have"}
    for condition, whose in reasons.items():
        ((rows, first),) = tables.connection.execute(
            f"SELECT count(*), arg_min(key, row) FROM keyed WHERE key IS NOT NULL AND NOT is_read AND {condition}"
        ).fetchall()
        if rows:
            what, which = ("its", "it is") if rows == 1 else ("their", "the first is")
            warn(
                f"{data}: no parents by key for {counted(rows, 'row')}: {whose} {what} {key.column!r}; {which} "
                f"{shown(first)}"
            )


def _with_key(tables: Tables, data: Path, dependencies: Sequence[Dependency], key: ParentKey) -> Iterator[Dependency]:
    """The dependencies whose rows may be parents by the key."""
    named = [each for each in dependencies if key.of is None or each.path == key.of]
    if key.of is not None and not named:
        raise SidecarError(
            f"{key.of}: provenance.yaml finds the parents of {data.name} there by a key, but the stage does not depend "
            "on it; add it to the stage's deps, or name a dataset that it reads"
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
