"""Do a sidecar's records contradict the specification, or one another?

What follows from parents (origin, depth, real-rootedness, the chain's evidence) is worked out again for every birth. A
parent may have several births, and the sidecar does not say which of them had rows in the dataset that was read: a
record may have what follows from any choice of one birth for each parent, or, where it is in doubt, nothing. A birth of
a sample with several may be an echo (a model repeated its own parent), which has lost the parent it followed from: the
sample's other births are then taken for one more parent that there may be.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from provenance.lineage.database import count, in_ranges
from provenance.lineage.id_ranges import EVERY_ID, IdRange
from provenance.lineage.records import ActivityType, Evidence, Header, Kind, Origin, SourceType
from provenance.lineage.rules import UNEXPLAINED, made_by_model_sql, strength_sql
from provenance.lineage.words import DOUBTS, OTHER_KIND

_VOCABULARIES = {
    "origin": Origin,
    "kind": Kind,
    "source_type": SourceType,
    "evidence": Evidence,
    "chain_evidence": Evidence,
}

# Every birth; ``births``: of how many of its sample it is one; ``chain``: how weak the chain's evidence is, from 1.
# ``generation`` is a step of a model.
_BIRTHS = f"""
    SELECT place, sample_id, origin, depth, real_rooted, evidence, parents, coalesce(doubts, 0) AS doubts, kind, agent,
        source, license, ({UNEXPLAINED.sql()}) AS unexplained, {strength_sql("evidence")} AS own,
        {strength_sql("chain_evidence")} AS chain, count(*) OVER (PARTITION BY sample_id) AS births,
        coalesce(list_contains($generations, activity), false) AS generation
    FROM in_range WHERE activity IS NULL OR NOT list_contains($purges, activity)"""
# What the births of one sample agree in, or lie between.
_BETWEEN = f"""
    min(p.depth) AS least_depth, max(p.depth) AS most_depth, count(p.depth) = count(*) AS all_have_depth,
    bool_and(coalesce(p.real_rooted, false)) AS rooted, bool_and({made_by_model_sql("p.origin")}) AS made,
    bool_and(p.origin = '{Origin.REAL}') AS real, min(p.chain) AS strongest, max(p.chain) AS weakest,
    count(p.chain) AS chains, count(p.chain) = count(*) AS all_have_chains,
    bool_or(p.births > 1 OR p.doubts > 0) AS doubtful"""
# Samples of several births have ``more``: what the other births say, as an echo came of one of them.
_JUDGED = f"""
    WITH between_births AS (SELECT e.place, e.parent, {_BETWEEN} FROM edges e JOIN births p ON p.sample_id = e.parent
            GROUP BY e.place, e.parent),
        of_parents AS (SELECT place, max(least_depth) AS least_depth, max(most_depth) AS most_depth,
                bool_and(all_have_depth) AS all_have_depth, bool_or(rooted) AS rooted, bool_or(made) AS made,
                bool_and(real) AS real, max(strongest) AS strongest, max(weakest) AS weakest,
                bool_or(chains = 0) AS unexplained_parent, bool_and(all_have_chains) AS all_have_chains,
                bool_or(doubtful) AS doubtful
            FROM between_births GROUP BY place),
        of_samples AS (SELECT sample_id, max(depth) AS depth, count(depth) = count(*) AS all_have_depth,
                max(chain) AS chain, count(chain) = count(*) AS all_have_chains
            FROM births WHERE births > 1 GROUP BY sample_id)
    SELECT b.*, p.* EXCLUDE (place) REPLACE (
            greatest(p.most_depth, s.depth) AS most_depth, greatest(p.weakest, s.chain) AS weakest,
            p.all_have_depth AND coalesce(s.all_have_depth, true) AS all_have_depth,
            p.all_have_chains AND coalesce(s.all_have_chains, true) AS all_have_chains)
    FROM births b JOIN of_parents p ON p.place = b.place LEFT JOIN of_samples s ON s.sample_id = b.sample_id"""


_IS_A_LONE_ECHO = "(births = 1 AND depth IS NULL AND chain IS NULL)"


def _in_doubt(name: str) -> str:
    return f"(doubts >> {DOUBTS.index(name)}) & 1 = 1"


_CONTRADICTIONS = {
    "records are real, but not of depth 0": "origin = 'real' AND depth IS DISTINCT FROM 0",
    "records are real, but not real-rooted": "origin = 'real' AND real_rooted IS DISTINCT FROM true",
    "records state what they are in doubt about": " OR ".join(
        f"{_in_doubt(name)} AND {name} IS DISTINCT FROM {'NULL' if name != 'origin' else repr(str(Origin.UNKNOWN))}"
        for name in DOUBTS
    ),
    "records are in doubt about parents that they do not have": "doubts > 0 AND len(parents) = 0 AND births = 1",
    "records say more of the evidence of their chain than their own evidence does": (
        "chain IS NOT NULL AND (own IS NULL OR chain < own)"
    ),
    "records without parents do not have their own evidence as that of their chain": (
        f"len(parents) = 0 AND births = 1 AND NOT unexplained AND chain IS DISTINCT FROM own AND NOT {_IS_A_LONE_ECHO}"
    ),
}
_CONTRADICTIONS_BY_PARENTS = {
    "records are not one step deeper than their deepest parent": (
        f"generation AND origin = '{Origin.SYNTHETIC}' AND NOT {_in_doubt('depth')} AND all_have_depth "
        f"AND coalesce(depth NOT BETWEEN least_depth + 1 AND most_depth + 1, NOT {_IS_A_LONE_ECHO})"
    ),
    "records are not as deep as the deepest parent they derive from": (
        f"NOT generation AND {made_by_model_sql()} AND NOT {_in_doubt('depth')} AND all_have_depth "
        f"AND coalesce(depth NOT BETWEEN least_depth AND most_depth, NOT {_IS_A_LONE_ECHO})"
    ),
    "records have a real-rooted parent, but are not real-rooted": (
        f"rooted AND NOT {_in_doubt('real_rooted')} AND real_rooted IS DISTINCT FROM true"
    ),
    "records are real, but derive from what a model made": "NOT generation AND origin = 'real' AND made",
    "records are synthetic, but derive only from what is real": (
        "NOT generation AND origin = 'synthetic' AND real AND births = 1"
    ),
    "records are in doubt, but each of their parents has one birth, which is not": (
        "doubts > 0 AND NOT doubtful AND births = 1"
    ),
    "records have evidence of their chain, but a parent that nobody explained": (
        "chain IS NOT NULL AND unexplained_parent"
    ),
    "records do not have the weakest evidence of what they go back to": (
        "own IS NOT NULL AND all_have_chains AND coalesce(chain NOT BETWEEN greatest(own, strongest) "
        f"AND greatest(own, weakest), NOT {_IS_A_LONE_ECHO})"
    ),
}


def contradictions(
    connection: duckdb.DuckDBPyConnection, header: Header, ranges: Sequence[IdRange] = (EVERY_ID,)
) -> list[str]:
    """What does not hold of the records in the view ``records``, in words; empty if all does.

    What is asked of single samples is asked of one of ``ranges``, which are all ids, after the other.
    """
    problems = [_unknown_words(connection, column, [*words]) for column, words in _VOCABULARIES.items()]
    purges = [n for n, activity in enumerate(header.activities) if activity.type is ActivityType.PURGE]
    generations = [n for n, activity in enumerate(header.activities) if activity.type is ActivityType.GENERATION]
    given = {"generations": generations, "purges": purges}
    for number, _ in enumerate(in_ranges(connection, ranges)):
        connection.execute(f"{'INSERT INTO births' if number else 'CREATE TABLE births AS'} {_BIRTHS}", given)
    connection.execute("CREATE TABLE edges AS SELECT DISTINCT place, unnest(parents) AS parent FROM births")
    connection.execute(f"CREATE TABLE judged AS {_JUDGED}")
    for table, checks in (("births", _CONTRADICTIONS), ("judged", _CONTRADICTIONS_BY_PARENTS)):
        for said, condition in checks.items():
            found = count(connection, f"SELECT count(*) FROM {table} WHERE {condition}")
            problems.append(f"{found} {said}" if found else None)
    problems.append(_cycle(connection))
    return [problem for problem in problems if problem is not None]


def _unknown_words(connection: duckdb.DuckDBPyConnection, column: str, words: list[str]) -> str | None:
    is_other = f"regexp_full_match({column}, '{OTHER_KIND}')" if column == "kind" else "false"
    found = connection.execute(
        f"SELECT {column}, count(*) FROM records WHERE {column} IS NOT NULL AND NOT list_contains(?, {column}) "
        f"AND NOT {is_other} GROUP BY 1 ORDER BY 1 LIMIT 1",
        [words],
    ).fetchall()
    return (
        f"{column} {str(found[0][0])[:40]!r} of {found[0][1]} records is not one of {', '.join(words)}"
        if found
        else None
    )


def _cycle(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Take away, again and again, samples of which one birth has no parents that are left; what stays goes in circles.

    That two models answered each other word for word is no contradiction, as long as one answer has another birth.
    """
    connection.execute(
        "CREATE TABLE left_over AS SELECT sample_id FROM births GROUP BY sample_id HAVING min(len(parents)) > 0"
    )
    left = count(connection, "SELECT count(*) FROM left_over")
    while left:
        connection.execute(
            "DELETE FROM left_over WHERE sample_id IN (SELECT b.sample_id FROM births b SEMI JOIN left_over USING "
            "(sample_id) WHERE b.place NOT IN (SELECT e.place FROM edges e JOIN left_over l ON l.sample_id = e.parent))"
        )
        before, left = left, count(connection, "SELECT count(*) FROM left_over")
        if left == before:
            ((one,),) = connection.execute("SELECT lower(hex(min(sample_id))) FROM left_over").fetchall()
            return f"sample {one[:12]} is its own ancestor, or comes from one that is"
    return None
