"""Rows whose `_parents` name what they were made from: references are resolved, and derivations entered.

A row that names other samples is derived from these. One that names only itself is unchanged, and may say by its
``PATH:ROW`` in which dataset it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from provenance.identity import Scan
from provenance.lineage.births import Dependency, ParentKey, RecordedBirths
from provenance.lineage.database import count, parquet_rows
from provenance.lineage.dependency_rows import rows_of
from provenance.lineage.explaining import DERIVED_ROLE, enter_derivations
from provenance.lineage.key_column import enter_keyed
from provenance.lineage.records import Activity
from provenance.lineage.row_references import remember_seen, resolve_references
from provenance.lineage.tables import Tables
from provenance.lineage.words import Evidence

# In bytes. No path is as long; matching what is much longer takes time.
_LONGEST_REFERENCE = 8192
_ROWS_GATHERED = 500_000


def by_parents_column(
    tables: Tables,
    data: Path,
    rows: Scan,
    dependencies: Sequence[Dependency],
    derivation: Activity | None,
    key: ParentKey | None = None,
    births: RecordedBirths | None = None,
) -> int:
    """Enter a derivation for each row whose `_parents` name other samples than itself, and that names no model; count.

    Makes ``derived``: the parents of each row, of a row that names a model also itself. Rows without `_parents` may
    have them by a ``key``, which is declared, where `_parents` are observed. What ``births`` state is no derivation,
    see `key_column.with_keyed_parents`; without a ``derivation``, none is entered.

    Raises:
        DataError: a reference that is neither a sample id nor a row of a dependency; no such key.
        SidecarError: the key is of a dataset that is no dependency, or that does not have it.
    """
    tables.require_rows("rows name what they came from" if rows.reserved else "parents are found by a key")
    execute = tables.connection.execute
    execute(
        "CREATE TABLE derived(row BIGINT, sample_id BLOB, parents BLOB[], parent_roles VARCHAR[], by_model BOOLEAN, "
        "by_key BOOLEAN)"
    )
    execute(
        "CREATE VIEW refs AS SELECT * REPLACE (CASE WHEN starts_with(reference, './') THEN "
        "regexp_replace(reference, '^([.]/+)+', '') ELSE reference END AS reference) FROM (SELECT row, sample_id, "
        "unnest(parents) AS reference, generate_subscripts(parents, 1) AS place, parent_roles, model IS NOT NULL "
        "AS by_model FROM rows WHERE len(parents) > 0)"
    )
    if key is None and not count(tables.connection, "SELECT count(*) FROM (FROM refs LIMIT 1)"):
        return 0
    hex_digits = 2 * tables.digest_size
    execute(
        "CREATE TABLE pending AS SELECT *, regexp_extract(CASE WHEN strlen(reference) <= "
        f"{_LONGEST_REFERENCE} THEN reference END, '^(.+):([1-9][0-9]{{0,17}})$', ['path', 'row']) AS place_of, "
        f"CASE WHEN regexp_full_match(reference, '[0-9a-fA-F]{{{hex_digits}}}') THEN unhex(reference) END AS "
        "parent, false AS by_key FROM refs"
    )
    resolve_references(tables, rows, dependencies)
    if key is not None and enter_keyed(tables, data, rows, dependencies, key, births):
        for dependency in dependencies:
            if dependency.path in tables.scanned:
                remember_seen(tables, rows_of(tables, dependency)[1])
    _gather_parents(tables)
    if derivation is None:
        return 0
    _remember_unchanged(tables, dependencies)
    stated = "(SELECT sample_id, parents, parent_roles, 1 AS rows FROM derived WHERE NOT by_model AND by_key = {})"
    entered = enter_derivations(tables, derivation, stated.format("false"), Evidence.OBSERVED)
    if key is None:
        return entered
    keyed = derivation.model_copy(update={"keyed_on": key.column})
    own = "" if births is None else f" AND row NOT IN (SELECT row FROM {parquet_rows(births.written())})"
    return entered + enter_derivations(tables, keyed, stated.format(f"true{own}"), Evidence.DECLARED)


def _gather_parents(tables: Tables) -> None:
    """Fill ``derived`` with the parents of each row; by parts, as lists that are gathered do not spill to disk."""
    last = count(tables.connection, "SELECT coalesce(max(row), 0) FROM resolved")
    for first in range(1, last + 1, _ROWS_GATHERED):
        tables.connection.execute(
            "INSERT INTO derived SELECT row, sample_id, list(parent ORDER BY place), list("
            f"coalesce(parent_roles[place], '{DERIVED_ROLE}') ORDER BY place), any_value(by_model), any_value(by_key) "
            "FROM resolved WHERE (by_model OR parent <> sample_id) AND row BETWEEN ? AND ? GROUP BY row, sample_id",
            [first, first + _ROWS_GATHERED - 1],
        )


def _remember_unchanged(tables: Tables, dependencies: Sequence[Dependency]) -> None:
    """Enter in ``unchanged`` the rows that name themselves where they were, and whether one place was named twice.

    Only rows that name themselves are gathered: of most that name anything, there is nothing to find out.
    """
    for dependency in dependencies:
        names = [dependency.path, dependency.name, str(dependency.data)]
        tables.connection.execute(
            "INSERT INTO unchanged SELECT sample_id, $path, count(*), count(*) > count(DISTINCT place_of.row) FROM ("
            "SELECT row, any_value(sample_id) AS sample_id, any_value(place_of) AS place_of FROM resolved "
            "WHERE NOT by_model AND row IN (SELECT row FROM resolved WHERE parent = sample_id) "
            "GROUP BY row HAVING bool_and(parent = sample_id) "
            "AND bool_and(list_contains($names, place_of.path))) GROUP BY sample_id",
            {"path": dependency.path, "names": names},
        )
