"""Do a sidecar's records contradict the specification, or one another?

What follows from parents (origin, depth, real-rootedness, the chain's evidence) is worked out again for every birth. A
parent may have several births, and the sidecar does not say which of them had rows in the dataset that was read: a
record may have what follows from any choice of one birth for each parent, or, where it is in doubt, nothing. A birth of
a sample with several may be an echo (a model repeated its own parent), which has lost the parent it followed from: the
sample's other births are then taken for one more parent that there may be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from provenance.lineage.database import count
from provenance.lineage.id_ranges import EVERY_ID, IdRange
from provenance.lineage.record_rows import in_ranges
from provenance.lineage.records import ActivityType, Evidence, Kind, Origin, SourceType
from provenance.lineage.rules import UNEXPLAINED, made_by_model_sql, strength_sql
from provenance.lineage.sidecar import Sidecar
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
# Of births, those that are looked at beside others: of samples with parents or several births, and of parents.
WITH_RELATIVES = "births > 1 OR len(parents) > 0"
RELATED = f"{WITH_RELATIVES} OR sample_id IN (SELECT parent FROM edges WHERE {{parents_in_range}})"
# What the births of one sample agree in, or lie between; ``begins``: one of them has no parents.
_BETWEEN = f"""
    min(p.depth) AS least_depth, max(p.depth) AS most_depth, count(p.depth) = count(*) AS all_have_depth,
    bool_and(coalesce(p.real_rooted, false)) AS rooted, bool_and({made_by_model_sql("p.origin")}) AS made,
    bool_and(p.origin = '{Origin.REAL}') AS real, min(p.chain) AS strongest, max(p.chain) AS weakest,
    count(p.chain) AS chains, count(p.chain) = count(*) AS all_have_chains,
    bool_or(p.births > 1 OR p.doubts > 0) AS doubtful, coalesce(min(len(p.parents)) = 0, true) AS begins"""
# Of each sample that records name as a parent.
_FACTS = f"""
    SELECT p.sample_id, {_BETWEEN} FROM births p
    WHERE p.sample_id IN (SELECT parent FROM named) GROUP BY p.sample_id"""
# Samples of several births have ``more``: what the other births say, as an echo came of one of them.
_JUDGED = """
    WITH of_parents AS (SELECT e.place, max(least_depth) AS least_depth, max(most_depth) AS most_depth,
                bool_and(all_have_depth) AS all_have_depth, bool_or(rooted) AS rooted, bool_or(made) AS made,
                bool_and(real) AS real, max(strongest) AS strongest, max(weakest) AS weakest,
                bool_or(chains = 0) AS unexplained_parent, bool_and(all_have_chains) AS all_have_chains,
                bool_or(doubtful) AS doubtful
            FROM edges e JOIN facts f ON f.sample_id = e.parent GROUP BY e.place),
        of_samples AS (SELECT sample_id, max(depth) AS depth, count(depth) = count(*) AS all_have_depth,
                max(chain) AS chain, count(chain) = count(*) AS all_have_chains
            FROM births WHERE births > 1 GROUP BY sample_id)
    SELECT b.*, p.* EXCLUDE (place) REPLACE (
            greatest(p.most_depth, s.depth) AS most_depth, greatest(p.weakest, s.chain) AS weakest,
            p.all_have_depth AND coalesce(s.all_have_depth, true) AS all_have_depth,
            p.all_have_chains AND coalesce(s.all_have_chains, true) AS all_have_chains)
    FROM births b JOIN of_parents p ON p.place = b.place LEFT JOIN of_samples s ON s.sample_id = b.sample_id"""
# Edges of births of samples that may go in circles: those without a birth that has no parents.
_GOING = """
    SELECT b.place, b.sample_id, e.parent FROM births b JOIN edges e ON e.place = b.place
    WHERE b.sample_id IN (SELECT sample_id FROM births GROUP BY sample_id HAVING min(len(parents)) > 0)"""
# Without samples of which one birth has no parents that may.
_STILL_GOING = """
    SELECT * FROM going WHERE parent IN (SELECT sample_id FROM may_go) AND sample_id NOT IN (
        SELECT sample_id FROM going
        WHERE place NOT IN (SELECT place FROM going WHERE parent IN (SELECT sample_id FROM may_go)))"""

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


@dataclass
class Contradictions:
    """What does not hold of some records, or of all: they can be added up over ranges of ids.

    ``words``: for a column, its first value that is not in the vocabulary, and how many records have it; ``counts``:
    how many records contradict each rule; ``in_circles``: see `circle`.
    """

    words: dict[str, tuple[str, int]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    in_circles: str | None = None

    def add(self, more: Contradictions) -> None:
        for column, (word, number) in more.words.items():
            known, before = self.words.get(column, (word, 0))
            self.words[column] = min((known, before + number * (known == word)), (word, number), key=_by_word)
        self.counts.update(more.counts)
        self.in_circles = self.in_circles or more.in_circles

    def said(self) -> list[str]:
        """In words; empty if all holds."""
        problems = [
            f"{column} {word[:40]!r} of {number} records is not one of {', '.join(_VOCABULARIES[column])}"
            for column in _VOCABULARIES
            if column in self.words
            for word, number in [self.words[column]]
        ]
        every = (*_CONTRADICTIONS, *_CONTRADICTIONS_BY_PARENTS)
        problems += [f"{self.counts[said]} {said}" for said in every if self.counts[said]]
        return problems + [problem for problem in [self.in_circles] if problem is not None]


def _by_word(found: tuple[str, int]) -> str:
    return found[0]


def contradictions(
    connection: duckdb.DuckDBPyConnection, sidecar: Sidecar, ranges: Sequence[IdRange] = (EVERY_ID,)
) -> list[str]:
    """What does not hold of the records of ``sidecar``, which are the view ``records`` too, in words; empty if all
    does.

    What is asked of single samples is asked of one of ``ranges``, which are all ids, after the other, and only births
    that are looked at beside others are kept: most of a large dataset's samples are nobody's parents and have none.
    """
    found = by_themselves(connection, sidecar, ranges, keeping=RELATED)
    connection.execute("CREATE VIEW named AS FROM edges")
    enter_facts(connection)
    found.add(by_parents(connection))
    enter_going(connection)
    found.in_circles = circle(connection)
    return found.said()


def by_themselves(
    connection: duckdb.DuckDBPyConnection, sidecar: Sidecar, ranges: Sequence[IdRange], *, keeping: str
) -> Contradictions:
    """What does not hold of the records of ``ranges``, which are the view ``records`` too, whatever others say.

    Makes the tables ``edges``, and ``births`` of those for which the condition ``keeping`` holds.
    """
    found = Contradictions()
    for column, words in _VOCABULARIES.items():
        if unknown := _unknown_word(connection, column, [*words]):
            found.words[column] = unknown
    activities = sidecar.header.activities
    numbers = {
        name: [number for number, activity in enumerate(activities) if activity.type is kind]
        for name, kind in (("generations", ActivityType.GENERATION), ("purges", ActivityType.PURGE))
    }
    # In order, as one range after the other is looked up there.
    connection.execute(
        "CREATE TABLE edges AS SELECT place, unnest(list_distinct(parents)) AS parent FROM records "
        "WHERE activity IS NULL OR NOT list_contains($purges, activity) ORDER BY parent",
        {"purges": numbers["purges"]},
    )
    for number, each in enumerate(in_ranges(connection, sidecar, ranges)):
        connection.execute(f"CREATE OR REPLACE TABLE some_births AS {_BIRTHS}", numbers)
        found.counts.update(_counted(connection, "some_births", _CONTRADICTIONS))
        kept = keeping.format(parents_in_range=each.sql("parent"))
        into = "INSERT INTO births" if number else "CREATE TABLE births AS"
        connection.execute(f"{into} FROM some_births WHERE {kept}")
    connection.execute("DROP TABLE some_births")
    return found


def enter_facts(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table ``facts`` of those ``births`` whose samples are ``named`` as a ``parent``."""
    connection.execute(f"CREATE TABLE facts AS {_FACTS}")


def by_parents(connection: duckdb.DuckDBPyConnection) -> Contradictions:
    """What does not hold of the ``births`` beside the ``facts`` of their parents, which are at their ``edges``."""
    connection.execute(f"CREATE TABLE judged AS {_JUDGED}")
    return Contradictions(counts=Counter(_counted(connection, "judged", _CONTRADICTIONS_BY_PARENTS)))


def _counted(connection: duckdb.DuckDBPyConnection, table: str, checks: Mapping[str, str]) -> dict[str, int]:
    """How many lines of ``table`` each of the conditions holds of."""
    counts = ", ".join(f"count(*) FILTER ({condition})" for condition in checks.values())
    (found,) = connection.execute(f"SELECT {counts} FROM {table}").fetchall()
    return dict(zip(checks, found, strict=True))


def _unknown_word(connection: duckdb.DuckDBPyConnection, column: str, words: list[str]) -> tuple[str, int] | None:
    is_other = f"regexp_full_match({column}, '{OTHER_KIND}')" if column == "kind" else "false"
    found = connection.execute(
        f"SELECT {column}, count(*) FROM records WHERE {column} IS NOT NULL AND NOT list_contains(?, {column}) "
        f"AND NOT {is_other} GROUP BY 1 ORDER BY 1 LIMIT 1",
        [words],
    ).fetchall()
    return (str(found[0][0]), int(found[0][1])) if found else None


def circle(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Take away, again and again, samples of which one birth has no parents that are left; what stays goes in circles.

    The view ``going`` has the edges of samples that may. That two models answered each other word for word is no
    contradiction, as long as one answer has another birth.
    """
    before = None
    while True:
        connection.execute("CREATE OR REPLACE TEMP TABLE may_go AS SELECT DISTINCT sample_id FROM going")
        left = count(connection, "SELECT count(*) FROM may_go")
        if not left:
            return None
        if left == before:
            ((one,),) = connection.execute("SELECT min(sample_id) FROM may_go").fetchall()
            return goes_in_circles(one)
        before = left
        go_on(connection)


def goes_in_circles(sample_id: bytes) -> str:
    return f"sample {sample_id.hex()[:12]} is its own ancestor, or comes from one that is"


def enter_going(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the view ``going`` of the ``births`` and their ``edges``."""
    connection.execute(f"CREATE VIEW going AS {_GOING}")


def go_on(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``going`` what is left of it, now that only parents that ``may_go`` in circles do."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE still_going AS {_STILL_GOING}")
    connection.execute("DROP TABLE IF EXISTS goes")
    connection.execute("ALTER TABLE still_going RENAME TO goes")
    connection.execute("CREATE OR REPLACE VIEW going AS FROM goes")
