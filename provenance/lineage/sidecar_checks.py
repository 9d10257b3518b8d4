"""Do a sidecar's records contradict the specification, or one another?

What follows from parents (origin, depth, real-rootedness) is worked out again from each sample's first record, as
completion did. An echo (a second birth of a sample that a model repeated) has lost the parent it followed from, so only
first records are judged.
"""

from __future__ import annotations

import duckdb

from provenance.lineage.database import count
from provenance.lineage.records import ActivityType, Evidence, Header, Kind, Origin, SourceType
from provenance.lineage.rules import FROM_PARENTS, made_by_model_sql

_VOCABULARIES = {"origin": Origin, "kind": Kind, "source_type": SourceType, "evidence": Evidence}

# Derivations that take their origin from their parents; `generation` is a step of a model.
_JUDGED = f"""
    SELECT f.sample_id, f.origin, f.depth, f.real_rooted, list_contains($generations, f.activity) AS generation,
        {FROM_PARENTS["origin"]} AS parents_origin, {FROM_PARENTS["depth"]} AS parents_depth,
        {FROM_PARENTS["real_rooted"]} AS parents_real_rooted, bool_or({made_by_model_sql("p.origin")}) AS some_made
    FROM first_records f JOIN edges e ON e.child = f.sample_id JOIN first_records p ON p.sample_id = e.parent
    GROUP BY ALL"""

_CONTRADICTIONS = {
    "records are real, but not of depth 0": "origin = 'real' AND depth IS DISTINCT FROM 0",
    "records are real, but not real-rooted": "origin = 'real' AND real_rooted IS DISTINCT FROM true",
}
_CONTRADICTIONS_BY_PARENTS = {
    "records are not one step deeper than their deepest parent": (
        "generation AND origin = 'synthetic' AND depth IS DISTINCT FROM parents_depth + 1 AND parents_depth IS NOT NULL"
    ),
    "records are not as deep as the deepest parent they derive from": (
        f"NOT generation AND {made_by_model_sql()} AND depth IS DISTINCT FROM parents_depth "
        "AND parents_depth IS NOT NULL"
    ),
    "records have a real-rooted parent, but are not real-rooted": (
        "parents_real_rooted AND real_rooted IS DISTINCT FROM true"
    ),
    "records are real, but derive from what a model made": "NOT generation AND origin = 'real' AND some_made",
    "records are synthetic, but derive only from what is real": (
        "NOT generation AND origin = 'synthetic' AND parents_origin = 'real'"
    ),
}


def contradictions(connection: duckdb.DuckDBPyConnection, header: Header) -> list[str]:
    """What does not hold of the records in the view ``records``, in words; empty if all does."""
    problems = [_unknown_words(connection, column, [*words]) for column, words in _VOCABULARIES.items()]
    purges = [n for n, activity in enumerate(header.activities) if activity.type is ActivityType.PURGE]
    connection.execute(
        "CREATE TABLE first_records AS SELECT DISTINCT ON (sample_id) sample_id, origin, depth, real_rooted, activity, "
        "parents FROM records WHERE activity IS NULL OR NOT list_contains($purges, activity) "
        "ORDER BY sample_id, rows DESC",
        {"purges": purges},
    )
    connection.execute(
        "CREATE TABLE edges AS SELECT DISTINCT sample_id AS child, unnest(parents) AS parent FROM first_records"
    )
    generations = [n for n, activity in enumerate(header.activities) if activity.type is ActivityType.GENERATION]
    connection.execute(f"CREATE TABLE judged AS {_JUDGED}", {"generations": generations})
    for table, checks in (("first_records", _CONTRADICTIONS), ("judged", _CONTRADICTIONS_BY_PARENTS)):
        for said, condition in checks.items():
            found = count(connection, f"SELECT count(*) FROM {table} WHERE {condition}")
            problems.append(f"{found} {said}" if found else None)
    problems.append(_cycle(connection))
    return [problem for problem in problems if problem is not None]


def _unknown_words(connection: duckdb.DuckDBPyConnection, column: str, words: list[str]) -> str | None:
    found = connection.execute(
        f"SELECT {column}, count(*) FROM records WHERE {column} IS NOT NULL AND NOT list_contains(?, {column}) "
        "GROUP BY 1 ORDER BY 1 LIMIT 1",
        [words],
    ).fetchall()
    return (
        f"{column} {str(found[0][0])[:40]!r} of {found[0][1]} records is not one of {', '.join(words)}"
        if found
        else None
    )


def _cycle(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Take away, again and again, the edges from samples that no edge leads to; what stays goes in circles."""
    left = count(connection, "SELECT count(*) FROM edges")
    while left:
        connection.execute("DELETE FROM edges WHERE parent NOT IN (SELECT child FROM edges)")
        before, left = left, count(connection, "SELECT count(*) FROM edges")
        if left == before:
            ((one,),) = connection.execute("SELECT lower(hex(min(child))) FROM edges").fetchall()
            return f"sample {one[:12]} is its own ancestor, or comes from one that is"
    return None
