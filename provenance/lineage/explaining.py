"""The ways to explain a row, one function each; `completion` calls them in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from provenance.identity import Identity, scan
from provenance.lineage.births import Dependency, RecordedBirths
from provenance.lineage.database import count, parquet_rows
from provenance.lineage.records import Activity
from provenance.lineage.rules import UNEXPLAINED, Root, root_sql
from provenance.lineage.schema import BIRTH_NAMES
from provenance.lineage.tables import Tables, places, renumbered, write_rows

DERIVED_ROLE = "derived_from"

# Canonical form of a record without members: there is nothing in it to align on.
_EMPTY_CONTENT_BYTES = 1

# What follows from a birth that has no parents; with parents, `ancestors.resolve` works it out.
_ROOT_COLUMNS = ", ".join(
    [
        *(f"CASE WHEN len(parents) = 0 THEN {root_sql(name)} END AS {name}" for name in Root._fields),
        f"CASE WHEN len(parents) = 0 AND NOT ({UNEXPLAINED.sql()}) THEN evidence END AS chain_evidence",
        "len(parents) > 0 AS pending",
    ]
)


def by_births(tables: Tables, births: RecordedBirths) -> int:
    """Enter the births that were recorded for the dataset's own rows; the number of these rows."""
    given = births.vocabulary
    tables.vocabulary.add(
        given.activities.values(), given.agents.values(), given.plans.values(), given.sources.values()
    )
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
    # A model may give the same row twice in the same way: that is one birth, and two calls.
    repeated = count(tables.connection, "SELECT count(*) FROM members WHERE rows > 1")
    rows, grouping = ("count(*)", "GROUP BY ALL") if repeated else ("1", "")
    born = f"FROM rows JOIN {parquet_rows(births.file)} b USING (row)"
    tables.connection.execute(
        f"INSERT INTO records(sample_id, {', '.join(BIRTH_NAMES)}, agent, source, low, high, calls, depth, "
        f"real_rooted, chain_evidence, pending) SELECT *, rows, nullif(rows, 1), {_ROOT_COLUMNS} "
        f"FROM (SELECT sample_id, {birth}, {agent}, {source}, {rows}::UINTEGER AS rows {born} {grouping})"
    )
    # Whether rows that an earlier sidecar knows were born as is stated now, `dividing` decides.
    known = "WHERE sample_id NOT IN (SELECT sample_id FROM known WHERE rows > 0 OR ambiguous_rows > 0)"
    tables.account_for(f"SELECT sample_id, count(*) {born} {known if tables.is_restated else ''} GROUP BY 1")
    return count(tables.connection, f"SELECT count(*) {born}")


def by_alignment(
    tables: Tables,
    data: Path,
    fields: tuple[str, ...],
    dependencies: Sequence[Dependency],
    derivation: Activity,
) -> None:
    """Enter a derivation for rows that agree with exactly one sample of the dependencies on the fields they share.

    Where the row has content beyond the shared fields, nobody knows who made that: its origin is unknown.
    """
    for number, dependency in enumerate(dependencies):
        if dependency.sidecar is None or dependency.data is None:
            continue
        if not count(tables.connection, "SELECT count(*) FROM left_over"):
            return
        own = scan(dependency.data, dependency.identity)
        write_rows(own, tables.folder / f"own-{number}.parquet")
        shared = tuple(sorted(set(own.fields) & set(fields)))
        if not shared or set(own.fields) == set(fields):
            continue
        _align(tables, data, dependency, number, shared)
        activity = derivation.model_copy(update={"aligned_on": shared})
        enter_derivations(tables, activity, "aligned", origin="NULL" if set(fields) == set(shared) else "'unknown'")
        tables.connection.execute("DROP TABLE aligned")


def _align(tables: Tables, data: Path, dependency: Dependency, number: int, shared: tuple[str, ...]) -> None:
    """Make ``aligned``: sample_id, parents, parent_roles of the members that fit exactly one sample."""
    assert dependency.data is not None
    identity = Identity(digest=dependency.identity.digest, fields=shared, column_types=dependency.identity.column_types)
    files = {"own": tables.folder / f"own-{number}.parquet"}
    for name, path in (("theirs", dependency.data), ("ours", data)):
        files[name] = tables.folder / f"{name}-{number}.parquet"
        write_rows(scan(path, identity), files[name])
    own, theirs, ours = (parquet_rows(files[name]) for name in ("own", "theirs", "ours"))
    tables.connection.execute(
        f"CREATE TABLE aligned AS WITH candidates AS (SELECT t.sample_id AS key, any_value(o.sample_id) AS parent "
        f"FROM {theirs} t JOIN {own} o USING (row) WHERE t.content_bytes > {_EMPTY_CONTENT_BYTES} "
        "GROUP BY t.sample_id HAVING count(DISTINCT o.sample_id) = 1) "
        f"SELECT r.sample_id, [any_value(parent)] AS parents, ['{DERIVED_ROLE}'] AS parent_roles, "
        f"any_value(left_over.rows) AS rows FROM {ours} u JOIN rows r USING (row) JOIN candidates ON key = u.sample_id "
        "JOIN left_over ON left_over.sample_id = r.sample_id GROUP BY r.sample_id"
    )


def enter_derivations(tables: Tables, activity: Activity, table: str, *, origin: str) -> None:
    """Enter derivations by ``activity`` of the rows in ``table``: sample_id, parents, parent_roles, rows."""
    number = tables.numbers([activity])[0]
    tables.connection.execute(
        "INSERT INTO records(sample_id, origin, activity, parents, parent_roles, evidence, pending, low, high) "
        f"SELECT sample_id, {origin}, {number}, parents, parent_roles, 'observed', true, sum(rows), sum(rows) "
        f"FROM {table} GROUP BY ALL"
    )
    tables.account_for(f"SELECT sample_id, sum(rows) FROM {table} GROUP BY 1")


def by_nothing(tables: Tables) -> None:
    """Enter an ``unknown`` record for the rows that nothing explained."""
    tables.connection.execute(
        "INSERT INTO records(sample_id, origin, parents, parent_roles, pending, low, high) "
        "SELECT sample_id, 'unknown', [], [], false, rows, rows FROM left_over"
    )
    tables.account_for("SELECT sample_id, rows FROM left_over")
