"""Closing a sidecar: the records of all ancestors, and what follows from parents (origin, depth, real-rootedness)."""

from __future__ import annotations

from provenance.errors import SidecarError
from provenance.lineage.database import count
from provenance.lineage.explaining import enter_known
from provenance.lineage.rules import FROM_PARENTS, UNKNOWN_ORIGIN, order_sql, resolved
from provenance.lineage.schema import BIRTH_NAMES
from provenance.lineage.tables import Tables

# An echo (a model repeats its parent word for word) loses that parent in the end, so it must not decide; nor may what
# is only worked out here.
_TIES = (
    "list_filter(r.parents, lambda parent: parent <> r.sample_id)",
    *(f"r.{name}" for name in BIRTH_NAMES if name not in ("origin", "activity", "evidence", "parents")),
)

# Of a sample that was born more than once, the order of births but for what the origin decides, which may have to be
# worked out first. Activities are numbered by their start.
_ORDERED = f"""
    CREATE TABLE ordered AS WITH placed AS (SELECT number, row_number() OVER (ORDER BY started NULLS LAST, id) AS place
        FROM activities)
    SELECT r.number, row_number() OVER (PARTITION BY r.sample_id ORDER BY {order_sql()}, {", ".join(_TIES)}) AS place
    FROM (SELECT r.* REPLACE (p.place AS activity, NULL::VARCHAR AS origin) FROM records r
        LEFT JOIN placed p ON p.number = r.activity
        WHERE r.sample_id IN (SELECT sample_id FROM records GROUP BY 1 HAVING count(*) > 1)) r"""

# Where an origin follows from parents that are not known yet it is taken to be a known one, which is the best that can
# come of it: a birth that is the first, and whose own origin is known, is the first for good.
_RANK = f"""
    UPDATE records SET rank = ranked.rank FROM (
        SELECT r.number, row_number() OVER (PARTITION BY r.sample_id ORDER BY {UNKNOWN_ORIGIN.sql()}, o.place) AS rank
        FROM records r JOIN ordered o USING (number)) ranked
    WHERE ranked.number = records.number AND ranked.rank <> records.rank"""

# A parent's values are those of its first record. A model that repeats its parent word for word gives a sample that is
# its own parent: then they are those of the sample's first birth that is not such an echo, and unknown if it has none.
_NAMED = """
    CREATE TABLE named AS SELECT n.number, n.parent, n.parent = n.sample_id AS echo FROM (
        SELECT number, sample_id, unnest(parents) AS parent FROM records WHERE pending) n"""
_EDGES = """
    CREATE OR REPLACE TABLE edges AS
    SELECT n.number, p.number AS target FROM named n JOIN records p ON p.sample_id = n.parent AND p.rank = 1
        WHERE NOT n.echo
    UNION ALL SELECT n.number, first.target FROM named n LEFT JOIN (SELECT sample_id, arg_min(number, rank) AS target
        FROM records WHERE NOT list_contains(parents, sample_id) GROUP BY sample_id) first ON first.sample_id = n.parent
        WHERE n.echo"""

_FROM_PARENTS = f"""
    SELECT e.number, {", ".join(f"{sql} AS {name}" for name, sql in FROM_PARENTS.items())}
    FROM edges e LEFT JOIN records p ON p.number = e.target
    WHERE e.number IN (SELECT number FROM ready) GROUP BY e.number"""

_RESOLVE = f"""
    UPDATE records SET pending = false,
        {", ".join(f"{name} = {sql}" for name, sql in resolved("records", "f", "a.generation").items())}
    FROM from_parents f, activities a WHERE records.number = f.number AND a.number = records.activity"""


def add_ancestors(tables: Tables) -> int:
    """Enter the records of all ancestors of the records at hand; the number of those that no sidecar knows."""
    execute = tables.connection.execute
    _find_ancestors(tables)
    execute("CREATE TABLE IF NOT EXISTS seen(sample_id BLOB, content_bytes UBIGINT)")
    for explained in (True, False):
        enter_known(tables, "ancestors", explained=explained)
        execute("DELETE FROM ancestors WHERE sample_id IN (SELECT sample_id FROM records)")
    execute("CREATE TABLE dangling AS SELECT sample_id FROM ancestors ANTI JOIN seen USING (sample_id)")
    execute(
        "INSERT INTO records(sample_id, content_bytes, origin, parents, parent_roles, pending) SELECT sample_id, "
        "max(content_bytes), 'unknown', [], [], false FROM ancestors LEFT JOIN seen USING (sample_id) GROUP BY ALL"
    )
    return count(tables.connection, "SELECT count(*) FROM dangling")


def _find_ancestors(tables: Tables) -> None:
    """Make ``ancestors`` of the ids of all ancestors that have no record here: by ids and parents, which are little."""
    execute = tables.connection.execute
    execute("CREATE TABLE ancestors(sample_id BLOB)")
    children = "records"
    while True:
        execute(
            "CREATE OR REPLACE TABLE frontier AS SELECT DISTINCT parent AS sample_id FROM (SELECT unnest(parents) AS "
            f"parent FROM {children}) WHERE parent NOT IN (SELECT sample_id FROM records) AND parent NOT IN (SELECT "
            "sample_id FROM ancestors)"
        )
        if not count(tables.connection, "SELECT count(*) FROM frontier"):
            return
        execute("INSERT INTO ancestors SELECT sample_id FROM frontier")
        children = "known SEMI JOIN frontier USING (sample_id)"


def first_row_with_dangling_parent(tables: Tables) -> int | None:
    """The first row of the dataset one of whose parents no sidecar knows; None if only ancestors have such parents."""
    ((row,),) = tables.connection.execute(
        "WITH named AS (SELECT sample_id, unnest(parents) AS parent FROM records) SELECT min(row) FROM rows WHERE "
        "sample_id IN (SELECT n.sample_id FROM named n JOIN dangling d ON n.parent = d.sample_id)"
    ).fetchall()
    return None if row is None else int(row)


def resolve(tables: Tables) -> None:
    """Order the births of each sample, and work out origin, depth and what else follows from parents, these first.

    Raises:
        SidecarError: samples are their own ancestors.
    """
    execute = tables.connection.execute
    execute(_ORDERED)
    execute(_RANK)
    execute(_NAMED)
    execute(_EDGES)
    # Which birth comes first may depend on an origin that is yet to be worked out.
    undecided = count(
        tables.connection, "SELECT count(*) FROM records r JOIN ordered USING (number) WHERE r.origin IS NULL"
    )
    while pending := count(tables.connection, "SELECT count(*) FROM records WHERE pending"):
        execute(
            "CREATE OR REPLACE TABLE ready AS SELECT number FROM records WHERE pending AND number NOT IN (SELECT "
            "e.number FROM edges e JOIN records p ON p.number = e.target WHERE p.pending)"
        )
        execute(f"CREATE OR REPLACE TABLE from_parents AS {_FROM_PARENTS}")
        execute(_RESOLVE)
        if count(tables.connection, "SELECT count(*) FROM records WHERE pending") == pending:
            one = tables.connection.execute("SELECT min(hex(sample_id)) FROM records WHERE pending").fetchall()[0][0]
            raise SidecarError(
                f"sample {one.lower()} is its own ancestor, or comes from one that is: check its parents"
            )
        if undecided:
            execute(_RANK)
            execute(_EDGES)
    # A sample is no ancestor of its own: that the model echoed it shows in its second birth.
    execute(
        "UPDATE records SET parents = list_filter(parents, lambda parent: parent <> sample_id), parent_roles = "
        "list_filter(parent_roles, lambda role, place: parents[place] <> sample_id) "
        "WHERE list_contains(parents, sample_id)"
    )
