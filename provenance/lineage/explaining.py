"""Births of rows as the tables have them: those that were recorded, and those that the rows state themselves."""

from __future__ import annotations

from provenance.lineage.births import RecordedBirths
from provenance.lineage.database import count, parquet_rows
from provenance.lineage.records import Activity
from provenance.lineage.rules import UNEXPLAINED, Root, root_sql
from provenance.lineage.schema import BIRTH_NAMES
from provenance.lineage.tables import Tables, renumbered
from provenance.lineage.words import Evidence

DERIVED_ROLE = "derived_from"

# What follows from a birth that has no parents; with parents, `merging.resolving` works it out.
ROOT_COLUMNS = ", ".join(
    [
        *(f"CASE WHEN len(parents) = 0 THEN {root_sql(name)} END AS {name}" for name in Root._fields),
        f"CASE WHEN len(parents) = 0 AND NOT ({UNEXPLAINED.sql()}) THEN evidence END AS chain_evidence",
        "len(parents) > 0 AS pending",
    ]
)


def born_sql(tables: Tables, births: RecordedBirths) -> str:
    """SQL for the births that were recorded: row, sample_id, and what a birth says."""
    tables.require_rows("births of single rows are told apart")
    columns = {
        "activity": renumbered("b.activity", [*tables.numbers(births.activities)], "activity"),
        "parents": "coalesce(b.parents, []::BLOB[]) AS parents",
        "parent_roles": "coalesce(b.parent_roles, []::VARCHAR[]) AS parent_roles",
    }
    birth = ", ".join(columns.get(name, f"b.{name}") for name in BIRTH_NAMES)
    return f"SELECT row, sample_id, {birth} FROM rows JOIN {parquet_rows(births.written())} b USING (row)"


def enter_derivations(tables: Tables, activity: Activity, table: str, evidence: Evidence) -> int:
    """Enter derivations by ``activity`` of the rows in ``table`` (sample_id, parents, parent_roles, rows); how many."""
    number = tables.numbers([activity])[0]
    tables.connection.execute(
        "INSERT INTO records(sample_id, origin, activity, parents, parent_roles, evidence, pending, low, high) "
        f"SELECT sample_id, NULL, {number}, parents, parent_roles, '{evidence}', true, sum(rows), sum(rows) "
        f"FROM {table} GROUP BY ALL"
    )
    return count(tables.connection, f"SELECT coalesce(sum(rows), 0) FROM {table}")
