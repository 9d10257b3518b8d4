"""Closing a sidecar: the records of all ancestors, and what follows from parents (origin, depth, real-rootedness)."""

from __future__ import annotations

from provenance.errors import SidecarError
from provenance.lineage.carrying import SAME_BIRTH_SQL, known_births
from provenance.lineage.database import count
from provenance.lineage.records import ActivityType
from provenance.lineage.rules import FROM_BIRTHS, FROM_PARENTS, TELLS_OF_A_BIRTH_SQL, order_sql, resolved
from provenance.lineage.same_births import make_one
from provenance.lineage.schema import BIRTH_NAMES
from provenance.lineage.tables import Tables

# What tells births apart that are equal by their order. The origin comes last: it may have been worked out only here.
_TIES = (*(f"r.{name}" for name in BIRTH_NAMES if name not in ("origin", "activity", "evidence")), "r.origin")

_RANK = """
    UPDATE records SET rank = ranked.rank FROM ({ranked}) ranked
    WHERE ranked.number = records.number AND ranked.rank <> records.rank"""

# The births that a parent may have had: those of rows that were read, or are written here; else what is known of it.
_PARENTS = """
    CREATE TABLE parent_births AS SELECT number, sample_id, parents FROM (
        SELECT number, sample_id, parents, level, max(level) OVER (PARTITION BY sample_id) AS best FROM (
            SELECT number, sample_id, parents,
                CASE WHEN high > 0 OR held THEN 2 WHEN evidence IS NOT NULL THEN 1 ELSE 0 END AS level
            FROM records WHERE sample_id IN (SELECT unnest(parents) FROM records WHERE pending)))
    WHERE level = best"""
# A model that repeats its parent word for word gives a sample that is its own parent: that parent was born in another
# way, and if there is none, nobody knows how.
_EDGES = """
    CREATE TABLE edges AS
    SELECT n.number, n.parent, p.number AS target FROM (
        SELECT number, sample_id, unnest(parents) AS parent FROM records WHERE pending) n
    LEFT JOIN parent_births p ON p.sample_id = n.parent
        AND NOT (n.parent = n.sample_id AND list_contains(p.parents, n.parent))"""
# The same, through others: what a sample became cannot be how it came to be.
_LOOPING = """
    DELETE FROM edges WHERE target IN (SELECT number FROM records WHERE pending) AND (number, parent) IN (
        SELECT (e.number, e.parent) FROM edges e JOIN records p ON p.number = e.target WHERE NOT p.pending)"""

# What a derivation without a model has from its parents; a licence may be its own.
_FROM_PARENTS_ALONE = ("origin", "kind", "agent", "source")

_RESOLVE = f"""
    UPDATE records SET pending = false,
        {", ".join(f"{name} = {sql}" for name, sql in resolved("records", "f", "a.generation").items())}
    FROM from_parents f, activities a WHERE records.number = f.number AND a.number = records.activity"""


def ranked_sql(records: str, activities: str) -> str:
    """SQL for the rank (from 1) of each record, by its number, among the births of a sample that has several.

    ``records``: a table with sample_id, number and what a birth states. Activities are numbered by their start.
    """
    return f"""
        WITH placed AS (SELECT number, row_number() OVER (ORDER BY started NULLS LAST, id) AS place FROM {activities})
        SELECT r.number, row_number() OVER (PARTITION BY r.sample_id ORDER BY {order_sql()}, {", ".join(_TIES)}) AS rank
        FROM (SELECT r.* REPLACE (p.place AS activity) FROM {records} r LEFT JOIN placed p ON p.number = r.activity
            WHERE r.sample_id IN (SELECT sample_id FROM {records} GROUP BY 1 HAVING count(*) > 1)) r"""


def add_ancestors(tables: Tables) -> int:
    """Enter the records of all ancestors of the records at hand; the number of those that no sidecar knows."""
    execute = tables.connection.execute
    _find_ancestors(tables)
    execute("CREATE TABLE IF NOT EXISTS seen(sample_id BLOB, content_bytes UBIGINT)")
    _enter_other_births(tables)
    execute("DELETE FROM ancestors WHERE sample_id IN (SELECT sample_id FROM records)")
    for where in (TELLS_OF_A_BIRTH_SQL, f"NOT ({TELLS_OF_A_BIRTH_SQL})"):
        execute(
            f"INSERT INTO records BY NAME SELECT *, false AS pending FROM ({known_births(tables, 'ancestors', where)})"
        )
        execute("DELETE FROM ancestors WHERE sample_id IN (SELECT sample_id FROM records)")
    execute("CREATE TABLE dangling AS SELECT sample_id FROM ancestors ANTI JOIN seen USING (sample_id)")
    execute(
        "INSERT INTO records(sample_id, content_bytes, origin, parents, parent_roles, pending) SELECT sample_id, "
        "max(content_bytes), 'unknown', [], [], false FROM ancestors LEFT JOIN seen USING (sample_id) GROUP BY ALL"
    )
    return count(tables.connection, "SELECT count(*) FROM dangling")


def _find_ancestors(tables: Tables) -> None:
    """Make ``ancestors`` of the ids of all ancestors: by ids and parents, which are little."""
    execute = tables.connection.execute
    execute("CREATE TABLE ancestors(sample_id BLOB)")
    children = "records"
    while True:
        execute(
            "CREATE OR REPLACE TABLE frontier AS SELECT DISTINCT parent AS sample_id FROM (SELECT unnest(parents) AS "
            f"parent FROM {children}) WHERE parent NOT IN (SELECT sample_id FROM ancestors)"
        )
        if not count(tables.connection, "SELECT count(*) FROM frontier"):
            return
        execute("INSERT INTO ancestors SELECT sample_id FROM frontier")
        children = "known SEMI JOIN frontier USING (sample_id)"


def _enter_other_births(tables: Tables) -> None:
    """A sample of the dataset that is an ancestor, too, may have been born in more ways than its rows here were."""
    execute = tables.connection.execute
    execute("CREATE TABLE ancestral_members AS SELECT sample_id FROM ancestors SEMI JOIN records USING (sample_id)")
    if not count(tables.connection, "SELECT count(*) FROM ancestral_members SEMI JOIN known USING (sample_id)"):
        return
    execute(
        f"INSERT INTO records BY NAME SELECT k.*, false AS pending FROM ("
        f"{known_births(tables, 'ancestral_members', TELLS_OF_A_BIRTH_SQL)}) k ANTI JOIN records r "
        f"ON r.sample_id = k.sample_id AND {SAME_BIRTH_SQL}"
    )


def first_row_with_dangling_parent(tables: Tables) -> int | None:
    """The first row of the dataset one of whose parents no sidecar knows; None if only ancestors have such parents."""
    ((row,),) = tables.connection.execute(
        "WITH named AS (SELECT sample_id, unnest(parents) AS parent FROM records) SELECT min(row) FROM rows WHERE "
        "sample_id IN (SELECT n.sample_id FROM named n JOIN dangling d ON n.parent = d.sample_id)"
    ).fetchall()
    return None if row is None else int(row)


def follow_parents_anew(tables: Tables) -> None:
    """Let what follows from parents be worked out again for the dataset's own records, which an earlier sidecar has.

    What a model's output says of itself stands. A derivation takes its origin, and what else it takes over, from its
    parents, but where it was aligned: then it may be unknown whatever they are.
    """
    activities = tables.vocabulary.activities.values()
    derived = [each for each in activities if each.type is ActivityType.DERIVATION and each.aligned_on is None]
    numbers = ", ".join(map(str, tables.numbers(derived))) or "NULL"
    columns = ", ".join(
        f"{name} = CASE WHEN activity IN ({numbers}) THEN NULL ELSE {name} END" for name in _FROM_PARENTS_ALONE
    )
    tables.connection.execute(
        f"UPDATE records SET pending = true, {columns}, doubts = NULL WHERE high > 0 AND len(parents) > 0 "
        "AND activity IS NOT NULL"
    )


def resolve(tables: Tables) -> None:
    """Work out origin, depth and what else follows from parents, these first; then order the births of each sample.

    Raises:
        SidecarError: samples are their own ancestors.
    """
    execute = tables.connection.execute
    execute(_PARENTS)
    execute(_EDGES)
    from_parents = _from_parents_sql(tables)
    while pending := count(tables.connection, "SELECT count(*) FROM records WHERE pending"):
        execute(
            "CREATE OR REPLACE TABLE ready AS SELECT number FROM records WHERE pending AND number NOT IN (SELECT "
            "e.number FROM edges e JOIN records p ON p.number = e.target WHERE p.pending)"
        )
        execute(f"CREATE OR REPLACE TABLE from_parents AS {from_parents}")
        execute(_RESOLVE)
        if count(tables.connection, "SELECT count(*) FROM records WHERE pending") == pending:
            _open_a_loop(tables)
    make_one(tables)
    execute(_RANK.format(ranked=ranked_sql("records", "activities")))
    # A sample is no ancestor of its own: that the model echoed it shows in its second birth.
    execute(
        "UPDATE records SET parents = list_filter(parents, lambda parent: parent <> sample_id), parent_roles = "
        "list_filter(parent_roles, lambda role, place: parents[place] <> sample_id) "
        "WHERE list_contains(parents, sample_id)"
    )


def _from_parents_sql(tables: Tables) -> str:
    """SQL for what the records in ``ready`` take from their parents, first from the births that each may have had."""
    births = "(SELECT e.number, e.parent, p.* EXCLUDE (number) FROM edges e LEFT JOIN records p ON p.number = e.target "
    births += "WHERE e.number IN (SELECT number FROM ready))"
    if count(
        tables.connection, "SELECT count(*) FROM (SELECT sample_id FROM parent_births GROUP BY 1 HAVING count(*) > 1)"
    ):
        agreed = ", ".join(f"{sql} AS {name}" for name, sql in FROM_BIRTHS.items())
        births = f"(SELECT number, parent, {agreed} FROM {births} p GROUP BY number, parent)"
    taken = ", ".join(f"{sql} AS {name}" for name, sql in FROM_PARENTS.items())
    return f"SELECT number, {taken} FROM {births} p GROUP BY number"


def _open_a_loop(tables: Tables) -> None:
    edges = count(tables.connection, "SELECT count(*) FROM edges")
    tables.connection.execute(_LOOPING)
    if count(tables.connection, "SELECT count(*) FROM edges") == edges:
        one = tables.connection.execute("SELECT min(hex(sample_id)) FROM records WHERE pending").fetchall()[0][0]
        raise SidecarError(f"sample {one.lower()} is its own ancestor, or comes from one that is: check its parents")
