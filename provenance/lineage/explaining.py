"""The ways to explain a row, one function each; `completion` calls them in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from provenance.identity import Identity, Scan, scan
from provenance.lineage.births import Dependency, RecordedBirths
from provenance.lineage.database import count, parquet_rows
from provenance.lineage.records import Activity
from provenance.lineage.rules import TELLS_OF_A_BIRTH_SQL, UNEXPLAINED, Root, root_sql
from provenance.lineage.schema import BIRTH_NAMES
from provenance.lineage.tables import RECORD_COLUMNS, Tables, places, renumbered, write_rows

DERIVED_ROLE = "derived_from"

# Canonical form of a record without members: there is nothing in it to align on.
_EMPTY_CONTENT_BYTES = 1

# In bytes. No path is as long; matching what is much longer takes time.
_LONGEST_REFERENCE = 8192
_LONGEST_SHOWN = 80

_ROWS_GATHERED = 500_000

# What follows from a birth that has no parents; with parents, `ancestors.resolve` works it out.
_ROOT_COLUMNS = ", ".join(
    [
        *(f"CASE WHEN len(parents) = 0 THEN {root_sql(name)} END AS {name}" for name in Root._fields),
        f"CASE WHEN len(parents) = 0 AND NOT ({UNEXPLAINED.sql()}) THEN evidence END AS chain_evidence",
        "len(parents) > 0 AS pending",
    ]
)


def by_births(tables: Tables, births: RecordedBirths) -> None:
    """Enter the births that were recorded for the dataset's own rows."""
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
    # A model may give the same row twice in the same way: that is one birth.
    grouping = "GROUP BY ALL" if count(tables.connection, "SELECT count(*) FROM members WHERE rows > 1") else ""
    tables.connection.execute(
        f"INSERT INTO records(sample_id, {', '.join(BIRTH_NAMES)}, agent, source, depth, real_rooted, chain_evidence, "
        "pending) "
        f"SELECT *, {_ROOT_COLUMNS} FROM (SELECT sample_id, {birth}, {agent}, {source} FROM rows JOIN "
        f"{parquet_rows(births.file)} b USING (row) {grouping})"
    )


def by_known_records(tables: Tables) -> None:
    """Carry the records that the dependencies have of the dataset's samples."""
    enter_known(tables, "members", explained=True)


def enter_known(tables: Tables, wanted: str, *, explained: bool) -> None:
    """Enter the known records of the samples in table ``wanted``: those that explain a birth, or those that do not."""
    births = ", ".join(BIRTH_NAMES)
    wants = TELLS_OF_A_BIRTH_SQL if explained else f"NOT ({TELLS_OF_A_BIRTH_SQL})"
    columns, grouping = ", ".join(RECORD_COLUMNS), ""
    if tables.known_sidecars > 1:
        # The same birth may stand in several sidecars, one of which knows more of its ancestors.
        grouped = {"sample_id", *BIRTH_NAMES}
        columns = ", ".join(
            name if name in grouped else f"{'bool_or' if name == 'real_rooted' else 'max'}({name})"
            for name in RECORD_COLUMNS
        )
        grouping = f"GROUP BY sample_id, {births}"
    tables.connection.execute(
        f"INSERT INTO records({', '.join(RECORD_COLUMNS)}, pending) SELECT {columns}, false "
        f"FROM known SEMI JOIN {wanted} USING (sample_id) WHERE {wants} {grouping}"
    )


def by_parents_column(tables: Tables, rows: Scan, dependencies: Sequence[Dependency], derivation: Activity) -> None:
    """Enter a derivation for each row whose `_parents` name other samples than itself.

    Raises:
        DataError: a reference that is neither a sample id nor a row of a dependency.
    """
    execute = tables.connection.execute
    execute(
        "CREATE TABLE refs AS SELECT * REPLACE (CASE WHEN starts_with(reference, './') THEN "
        "regexp_replace(reference, '^([.]/+)+', '') ELSE reference END AS reference) FROM (SELECT row, sample_id, "
        "unnest(parents) AS reference, generate_subscripts(parents, 1) AS place, parent_roles FROM rows "
        "WHERE len(parents) > 0)"
    )
    if not count(tables.connection, "SELECT count(*) FROM refs"):
        return
    hex_digits = 2 * tables.digest_size
    execute(
        "CREATE TABLE resolved AS SELECT *, regexp_extract(CASE WHEN strlen(reference) <= "
        f"{_LONGEST_REFERENCE} THEN reference END, '^(.+):([1-9][0-9]{{0,17}})$', ['path', 'row']) AS place_of, "
        f"CASE WHEN regexp_full_match(reference, '[0-9a-fA-F]{{{hex_digits}}}') THEN unhex(reference) END AS "
        "parent FROM refs"
    )
    _resolve_rows(tables, rows, dependencies)
    execute("CREATE TABLE derived(row BIGINT, sample_id BLOB, parents BLOB[], parent_roles VARCHAR[])")
    last = count(tables.connection, "SELECT max(row) FROM resolved")
    # By parts: lists that are being gathered do not spill to disk.
    for first in range(1, last + 1, _ROWS_GATHERED):
        execute(
            "INSERT INTO derived SELECT row, sample_id, list(parent ORDER BY place), list("
            f"coalesce(parent_roles[place], '{DERIVED_ROLE}') ORDER BY place) FROM resolved "
            "WHERE parent <> sample_id AND row BETWEEN ? AND ? GROUP BY row, sample_id",
            [first, first + _ROWS_GATHERED - 1],
        )
    _enter_derivations(tables, derivation, "derived", origin="NULL")


def _resolve_rows(tables: Tables, rows: Scan, dependencies: Sequence[Dependency]) -> None:
    """Fill in ``resolved.parent`` for references of the form PATH:ROW, or to files that are samples."""
    named = {
        name: dependency
        for dependency in dependencies
        for name in (dependency.path, dependency.name, str(dependency.data))
    }
    unresolved = (
        f"SELECT row, left(reference, {_LONGEST_SHOWN + 1}), place_of.path FROM resolved WHERE parent IS NULL "
        "ORDER BY row LIMIT 1"
    )
    for number, (path, dependency) in enumerate(named.items()):
        if dependency.data is None or not _is_named(tables, path):
            continue
        file = tables.folder / f"dependency-{number}.parquet"
        theirs = scan(dependency.data, dependency.identity)
        write_rows(theirs, file)
        tables.connection.execute(
            f"UPDATE resolved SET parent = d.sample_id FROM {parquet_rows(file)} d "
            "WHERE place_of.path = ? AND d.row = try_cast(place_of.row AS BIGINT)",
            [path],
        )
        if theirs.files:
            _resolve_files(tables, path, theirs, file)
        _remember_seen(tables, file)
    for row, reference, path in tables.connection.execute(unresolved).fetchall():
        if not path:
            problem = "which is neither a sample id nor PATH:ROW, nor a file that is a sample"
        elif path not in named and not any(path.startswith(f"{name}/") for name in named):
            problem = f"but {_shown(path)} is not a dataset this stage depends on"
        else:
            problem = f"but {path} has no such row"
        raise rows.error(row, f"_parents names {_shown(reference)}, {problem}")


def _resolve_files(tables: Tables, path: str, rows: Scan, file: Path) -> None:
    """The same for references to files, and rows of files, of the directory that is called ``path``.

    ``rows``: its scan, which ``file`` holds.
    """
    names = pa.table({"first_row": [row for row, _ in rows.files], "name": [name for _, name in rows.files]})
    named = "resolved.reference" if rows.samples_are_files else "resolved.place_of.path"
    same_row = (
        "" if rows.samples_are_files else "AND r.row - f.first_row + 1 = try_cast(resolved.place_of.row AS BIGINT)"
    )
    tables.connection.register("names", names)
    tables.connection.execute(
        f"UPDATE resolved SET parent = r.sample_id FROM {parquet_rows(file)} r ASOF JOIN names f ON r.row >= "
        f"f.first_row WHERE {named} = ? || '/' || f.name {same_row}",
        [path],
    )
    tables.connection.unregister("names")


def _shown(reference: str) -> str:
    """``reference`` fit for a message of one line: it may be anything that a row holds."""
    return repr(reference) if len(reference) <= _LONGEST_SHOWN else f"{reference[:_LONGEST_SHOWN]!r}…"


def _is_named(tables: Tables, path: str) -> bool:
    is_in = "place_of.path = $1 OR starts_with(reference, $1 || '/')"
    query = f"SELECT 1 FROM resolved WHERE parent IS NULL AND ({is_in}) LIMIT 1"
    return bool(tables.connection.execute(query, [path]).fetchall())


def _remember_seen(tables: Tables, file: Path) -> None:
    """Keep the sizes of named parents, so that a parent without any sidecar is known to exist."""
    tables.connection.execute(
        "CREATE TABLE IF NOT EXISTS seen(sample_id BLOB, content_bytes UBIGINT);"
        f"INSERT INTO seen SELECT DISTINCT sample_id, content_bytes FROM {parquet_rows(file)} "
        "WHERE sample_id IN (SELECT parent FROM resolved)"
    )


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
        if not count(tables.connection, "SELECT count(*) FROM members ANTI JOIN records USING (sample_id)"):
            return
        own = scan(dependency.data, dependency.identity)
        write_rows(own, tables.folder / f"own-{number}.parquet")
        shared = tuple(sorted(set(own.fields) & set(fields)))
        if not shared or set(own.fields) == set(fields):
            continue
        _align(tables, data, dependency, number, shared)
        activity = derivation.model_copy(update={"aligned_on": shared})
        _enter_derivations(tables, activity, "aligned", origin="NULL" if set(fields) == set(shared) else "'unknown'")
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
        f"SELECT DISTINCT r.sample_id, [parent] AS parents, ['{DERIVED_ROLE}'] AS parent_roles "
        f"FROM {ours} u JOIN rows r USING (row) JOIN candidates ON key = u.sample_id "
        "WHERE r.sample_id NOT IN (SELECT sample_id FROM records)"
    )


def _enter_derivations(tables: Tables, activity: Activity, table: str, *, origin: str) -> None:
    number = tables.numbers([activity])[0]
    tables.connection.execute(
        "INSERT INTO records(sample_id, origin, activity, parents, parent_roles, evidence, pending) "
        f"SELECT DISTINCT sample_id, {origin}, {number}, parents, parent_roles, 'observed', true FROM {table}"
    )


def by_nothing(tables: Tables) -> None:
    """Enter an ``unknown`` record for each member that nothing explained."""
    tables.connection.execute(
        "INSERT INTO records(sample_id, origin, parents, parent_roles, pending) "
        "SELECT sample_id, 'unknown', [], [], false FROM members ANTI JOIN records USING (sample_id)"
    )
