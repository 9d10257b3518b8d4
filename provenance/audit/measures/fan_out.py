"""Parent fan-out: how evenly the parents of the made rows were used."""

from __future__ import annotations

import math

from provenance.audit.measures.interface import Measured, Needs, NotMeasured, Outstanding, Part, Subject

_SHOWN = 10
# Each parent of a row counts once for each row. A guessed parent is a candidate, never lineage.
_USES = """
    SELECT parent AS sample_id, sum(rows)::BIGINT AS uses FROM (
        SELECT unnest(list_distinct(parents)) AS parent, rows FROM samples
        WHERE sidecar = ? AND rows > 0 AND origin IN ('synthetic', 'mixed') AND evidence IS DISTINCT FROM 'inferred')
    GROUP BY parent"""
_ACTIVITIES = (
    "SELECT DISTINCT activity FROM samples WHERE sidecar = ? AND rows > 0 AND origin IN ('synthetic', 'mixed') AND "
    "activity IS NOT NULL"
)
_MOST_USED = "SELECT lower(hex(sample_id)), uses FROM parent_uses ORDER BY uses DESC, sample_id LIMIT 100"
_SAMPLES_OF_POOL = """
    SELECT count(DISTINCT sample_id) FROM samples WHERE rows > 0 AND sidecar IN (
        SELECT DISTINCT sidecar FROM samples
        WHERE rows > 0 AND list_contains(?::BIGINT[], sidecar) AND sample_id IN (SELECT sample_id FROM parent_uses))"""


class FanOut:
    """effective parents = exp(-Σ p ln p), where p is a parent's part of all uses: n if n parents are used evenly.

    The pool is what could have been used: the samples of those datasets that the stages of the rows' activities
    depended on, of this ledger, and that hold at least one of the parents.
    """

    name = "fan_out"
    definition = "the part of all uses that falls to the 1, 10 and 100 most used parents; exp of the uses' entropy"
    unit = "fraction of uses; parents"
    source = "Hill number of order 1, Hill 1973; self-instruct grew 52,445 rows from 175 seeds (arXiv 2212.10560)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{parents, uses, effective_parents, effective_of_parents, top_1, top_10, top_100, pool,
        effective_of_pool}``; the most used parents stand out. ``pool`` is None where the ledger does not hold it."""
        part = subject.audited
        execute, place = part.ledger.connection.execute, part.dataset.place
        execute(f"CREATE OR REPLACE TEMP TABLE parent_uses AS {_USES}", [place])
        parents, total, weighted = execute(
            "SELECT count(*), coalesce(sum(uses), 0)::BIGINT, sum(uses * ln(uses)) FROM parent_uses"
        ).fetchall()[0]
        if not parents:
            return NotMeasured(f"{part.dataset.path}: none of its made rows has a parent")
        effective = math.exp(math.log(total) - weighted / total)
        most_used = execute(
            "SELECT lower(hex(sample_id)), uses FROM parent_uses ORDER BY uses DESC, sample_id LIMIT 100"
        )
        top = most_used.fetchall()
        pool = _pool(part)
        return Measured(
            {
                "parents": parents,
                "uses": total,
                "effective_parents": effective,
                "effective_of_parents": effective / parents,
                **{f"top_{k}": sum(count for _, count in top[:k]) / total for k in (1, 10, 100)},
                "pool": pool,
                "effective_of_pool": effective / pool if pool else None,
            },
            tuple(
                Outstanding(sample_id, f"{count:,} of {total:,} uses of a parent")
                for sample_id, count in top[:_SHOWN]
                if count > 1
            ),
        )


def _pool(part: Part) -> int | None:
    """How many samples there were to choose parents from; None where no dataset of the ledger is known to be one."""
    ledger = part.ledger
    found = ledger.connection.execute(_ACTIVITIES, [part.dataset.place]).fetchall()
    stages = [ledger.activities[number].stage for (number,) in found]
    read = {path for stage in stages if stage is not None for path in stage.dependencies}
    places = [each.place for each in ledger.recorded if each.path in read and each.place != part.dataset.place]
    samples = ledger.connection.execute(_SAMPLES_OF_POOL, [places]).fetchall()[0][0]
    return int(samples) or None


MEASURE = FanOut()
