"""The ways to explain a row, one function each; `completion` calls them in order."""

from __future__ import annotations

from provenance.lineage.births import RecordedBirths
from provenance.lineage.database import count, parquet_rows
from provenance.lineage.records import Activity
from provenance.lineage.rules import UNEXPLAINED, Root, root_sql
from provenance.lineage.schema import BIRTH_NAMES
from provenance.lineage.tables import Tables, places, renumbered
from provenance.lineage.words import Evidence

DERIVED_ROLE = "derived_from"

# What follows from a birth that has no parents; with parents, `ancestors.resolve` works it out.
ROOT_COLUMNS = ", ".join(
    [
        *(f"CASE WHEN len(parents) = 0 THEN {root_sql(name)} END AS {name}" for name in Root._fields),
        f"CASE WHEN len(parents) = 0 AND NOT ({UNEXPLAINED.sql()}) THEN evidence END AS chain_evidence",
        "len(parents) > 0 AS pending",
    ]
)


def born_sql(tables: Tables, births: RecordedBirths) -> str:
    """SQL for the births that were recorded: row, sample_id, and what a birth says, agent and source with it."""
    activities = births.activities
    agents, sources = places(tables.vocabulary.agents), places(tables.vocabulary.sources)
    numbers: dict[str, list[int | None]] = {
        "activity": [*tables.numbers(activities)],
        "agent": [agents[activity.agent] if activity.agent else None for activity in activities],
        "source": [sources[activity.source] if activity.source else None for activity in activities],
    }
    columns = {
        "activity": renumbered("b.activity", numbers["activity"], "activity"),
        "parents": "coalesce(b.parents, []::BLOB[]) AS parents",
        "parent_roles": "coalesce(b.parent_roles, []::VARCHAR[]) AS parent_roles",
    }
    birth = ", ".join(columns.get(name, f"b.{name}") for name in BIRTH_NAMES)
    agent, source = (renumbered("b.activity", numbers[name], name) for name in ("agent", "source"))
    born = f"FROM rows JOIN {parquet_rows(births.file)} b USING (row)"
    return f"SELECT row, sample_id, {birth}, {agent}, {source} {born}"


def by_births(tables: Tables, births: RecordedBirths) -> int:
    """Enter the births that were recorded for the dataset's own rows; the number of these rows."""
    given = births.vocabulary
    tables.vocabulary.add(
        given.activities.values(), given.agents.values(), given.plans.values(), given.sources.values()
    )
    # A model may give the same row twice in the same way: that is one birth, and two calls.
    repeated = count(tables.connection, "SELECT count(*) FROM members WHERE rows > 1")
    rows, grouping = ("count(*)", "GROUP BY ALL") if repeated else ("1", "")
    born = f"FROM rows JOIN {parquet_rows(births.file)} b USING (row)"
    tables.connection.execute(
        f"INSERT INTO records(sample_id, {', '.join(BIRTH_NAMES)}, agent, source, low, high, calls, depth, "
        f"real_rooted, chain_evidence, pending) SELECT *, rows, nullif(rows, 1), {ROOT_COLUMNS} "
        f"FROM (SELECT * EXCLUDE (row), {rows}::UINTEGER AS rows FROM ({born_sql(tables, births)}) {grouping})"
    )
    # Whether rows that an earlier sidecar knows were born as is stated now, `dividing` decides.
    known = "WHERE sample_id NOT IN (SELECT sample_id FROM known WHERE rows > 0 OR ambiguous_rows > 0)"
    tables.account_for(f"SELECT sample_id, count(*) {born} {known if tables.is_restated else ''} GROUP BY 1")
    return count(tables.connection, f"SELECT count(*) {born}")


def enter_derivations(tables: Tables, activity: Activity, table: str, evidence: Evidence) -> int:
    """Enter derivations by ``activity`` of the rows in ``table`` (sample_id, parents, parent_roles, rows); how many."""
    number = tables.numbers([activity])[0]
    tables.connection.execute(
        "INSERT INTO records(sample_id, origin, activity, parents, parent_roles, evidence, pending, low, high) "
        f"SELECT sample_id, NULL, {number}, parents, parent_roles, '{evidence}', true, sum(rows), sum(rows) "
        f"FROM {table} GROUP BY ALL"
    )
    return tables.account_for(f"SELECT sample_id, sum(rows) FROM {table} GROUP BY 1")


def by_nothing(tables: Tables) -> int:
    """Enter an ``unknown`` record for the rows that nothing explained; the number of these rows."""
    tables.connection.execute(
        "INSERT INTO records(sample_id, origin, parents, parent_roles, pending, low, high) "
        "SELECT sample_id, 'unknown', [], [], false, rows, rows FROM left_over"
    )
    return tables.account_for("SELECT sample_id, rows FROM left_over")
