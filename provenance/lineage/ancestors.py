"""Closing a sidecar: the records of all ancestors, and what follows from parents (origin, depth, real-rootedness)."""

from __future__ import annotations

from provenance.errors import SidecarError
from provenance.lineage.database import count
from provenance.lineage.explaining import enter_known
from provenance.lineage.tables import Tables

_EVIDENCE_RANK = "CASE evidence WHEN 'observed' THEN 0 WHEN 'declared' THEN 1 WHEN 'inferred' THEN 2 ELSE 3 END"

# A parent's values are those of its first record. A model that repeats its parent word for word gives a sample that is
# its own parent: then they are those of the sample's first birth that is not such an echo, and unknown if it has none.
_EDGES = """
    CREATE TABLE edges AS WITH named AS (SELECT number, sample_id, unnest(parents) AS parent FROM records WHERE pending)
    SELECT n.number, p.number AS target FROM named n JOIN records p ON p.sample_id = n.parent AND p.rank = 1
        WHERE n.parent <> n.sample_id
    UNION ALL SELECT n.number, first.target FROM named n LEFT JOIN (SELECT sample_id, arg_min(number, rank) AS target
        FROM records WHERE NOT list_contains(parents, sample_id) GROUP BY sample_id) first USING (sample_id)
        WHERE n.parent = n.sample_id"""

# What a record takes from its parents. A license is null where one parent's is; kind, agent and source are taken where
# those parents that can have one agree.
_FROM_PARENTS = """
    SELECT e.number,
        CASE WHEN bool_or(coalesce(p.origin, 'unknown') = 'unknown') THEN 'unknown' WHEN min(p.origin) = max(p.origin)
            THEN min(p.origin) ELSE 'mixed' END AS origin,
        CASE WHEN bool_or(p.depth IS NULL) THEN NULL ELSE max(p.depth) END AS depth,
        CASE WHEN bool_or(coalesce(p.real_rooted, false)) THEN true WHEN bool_or(p.real_rooted IS NULL) THEN NULL
            ELSE false END AS real_rooted,
        CASE WHEN bool_or(p.license IS NULL) THEN NULL WHEN count(DISTINCT p.license) = 1 THEN min(p.license)
            ELSE string_agg(DISTINCT CASE WHEN contains(p.license, ' ') THEN '(' || p.license || ')' ELSE p.license END,
                ' AND ' ORDER BY CASE WHEN contains(p.license, ' ') THEN '(' || p.license || ')' ELSE p.license END)
            END AS license,
        CASE WHEN min(p.kind) = max(p.kind) AND count(p.kind) = count(*) FILTER (p.origin <> 'real') THEN min(p.kind)
            END AS kind,
        CASE WHEN min(p.agent) = max(p.agent) AND count(p.agent) = count(*) FILTER (p.origin <> 'real') THEN
            min(p.agent) END AS agent,
        CASE WHEN min(p.source) = max(p.source) AND count(p.source) = count(*) FILTER (p.origin = 'real') THEN
            min(p.source) END AS source
    FROM edges e LEFT JOIN records p ON p.number = e.target
    WHERE e.number IN (SELECT number FROM ready) GROUP BY e.number"""

# A model's output is synthetic whatever its parents, and one step deeper; a derivation without a model takes all of it
# from its parents. An origin that is already stated stands.
_RESOLVE = """
    UPDATE records SET pending = false,
        origin = coalesce(records.origin, f.origin),
        depth = CASE coalesce(records.origin, f.origin) WHEN 'real' THEN 0 WHEN 'unknown' THEN NULL
            ELSE f.depth + a.generation::USMALLINT END,
        real_rooted = CASE WHEN coalesce(records.origin, f.origin) = 'real' THEN true ELSE f.real_rooted END,
        license = CASE WHEN a.generation THEN records.license ELSE coalesce(records.license, f.license) END,
        kind = CASE WHEN a.generation THEN records.kind ELSE coalesce(records.kind, f.kind) END,
        agent = CASE WHEN a.generation THEN records.agent ELSE coalesce(records.agent, f.agent) END,
        source = CASE WHEN a.generation THEN records.source ELSE coalesce(records.source, f.source) END
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


def rank(tables: Tables) -> None:
    """Order the births of a sample that was born more than once: best evidence, then the earliest."""
    tables.connection.execute(
        "CREATE TABLE ranked AS SELECT r.number, row_number() OVER (PARTITION BY r.sample_id ORDER BY "
        f"{_EVIDENCE_RANK}, a.started NULLS LAST, a.id, r.parents, r.parent_roles, r.prompt, r.response_id, r.seed, "
        "r.input_tokens, r.output_tokens, r.verdict, r.origin, r.license) AS rank "
        "FROM records r LEFT JOIN activities a ON a.number = r.activity "
        "WHERE r.sample_id IN (SELECT sample_id FROM records GROUP BY 1 HAVING count(*) > 1)"
    )
    tables.connection.execute("UPDATE records SET rank = ranked.rank FROM ranked WHERE ranked.number = records.number")


def resolve(tables: Tables) -> None:
    """Work out origin, depth, real-rootedness and what is inherited, parents before children.

    Raises:
        SidecarError: samples are their own ancestors.
    """
    execute = tables.connection.execute
    execute(_EDGES)
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
    # A sample is no ancestor of its own: that the model echoed it shows in its second birth.
    execute(
        "UPDATE records SET parents = list_filter(parents, lambda parent: parent <> sample_id), parent_roles = "
        "list_filter(parent_roles, lambda role, place: parents[place] <> sample_id) "
        "WHERE list_contains(parents, sample_id)"
    )
