"""Parent fan-out: how evenly the parents of the made rows were used."""

from __future__ import annotations

import numpy as np

from provenance.auditing.measure import Doubt, Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.ledger.composition.ancestry import Members
from provenance.ledger.graph.store import Array
from provenance.ledger.part import Part
from provenance.lineage.rules import made_by_model

_SHOWN = 10

_NO_POOL = Doubt(
    None,
    "what the parents were chosen from is known only of rows that a recorded stage made, with the parents' dataset "
    "among its dependencies",
)


class FanOut:
    """effective parents = exp(-Σ p ln p), where p is a parent's part of all uses: n if n parents are used evenly.

    The pool is what could have been used: the samples of those datasets that the stages of the rows' activities
    depended on, of this ledger, and that hold at least one of the parents.
    """

    name = "fan_out"
    definition = "the part of all uses that falls to the 1, 10 and 100 most used parents; exp of the uses' entropy"
    unit = "fraction of uses; parents"
    source = "Hill number of order 1, Hill 1973; self-instruct grew 52,445 rows from 175 seeds (arXiv 2212.10560)"
    needs: Needs = "graph"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{parents, uses, effective_parents, effective_of_parents, top_1, top_10, top_100, pool,
        effective_of_pool}``; the most used parents stand out. ``pool`` is None where the ledger does not hold it."""
        members = _made(Members.of(subject.audited))
        uses = _uses(members)
        used = np.flatnonzero(uses)
        if not len(used):
            return NotMeasured(f"{subject.audited.dataset.path}: none of its made rows has a parent")
        counts = uses[used]
        total = int(counts.sum())
        shares = counts / total
        effective = float(np.exp(-(shares * np.log(shares)).sum()))
        top = used[np.lexsort((used, -counts))[:100]]
        pool = _pool(subject.audited, members, uses)
        ids = members.graph.ids(top[:_SHOWN])
        return Measured(
            {
                "parents": len(used),
                "uses": total,
                "effective_parents": effective,
                "effective_of_parents": effective / len(used),
                **{f"top_{k}": int(uses[top[:k]].sum()) / total for k in (1, 10, 100)},
                "pool": pool,
                "effective_of_pool": effective / pool if pool else None,
            },
            tuple(
                Outstanding(sample_id, f"{int(uses[number]):,} of {total:,} uses of a parent")
                for sample_id, number in zip(ids, top.tolist(), strict=False)
                if uses[number] > 1
            ),
            doubts={} if pool else dict.fromkeys(("pool", "effective_of_pool"), _NO_POOL),
        )


def _made(members: Members) -> Members:
    """Those that are synthetic or mixed."""
    made = np.array([made_by_model(born.origin) for born in members.graph.classes], bool)
    chosen = made[members.graph.class_of[members.numbers]]
    return Members(members.graph, members.numbers[chosen], members.rows[chosen])


def _uses(members: Members) -> Array:
    """How often each sample of the graph is a parent: once for each row of a child, in however many roles (int64)."""
    places, counts = members.graph.parents.edges_of(members.numbers)
    children = np.repeat(np.arange(len(members.numbers), dtype=np.uint64), counts)
    pairs = np.unique((children << np.uint64(32)) | members.graph.parents.targets[places].astype(np.uint64))
    parents = (pairs & np.uint64(2**32 - 1)).astype(np.int64)
    rows = members.rows[(pairs >> np.uint64(32)).astype(np.int64)]
    # Added up as floats, which are exact for as many rows as there can be.
    uses: Array = np.bincount(parents, weights=rows, minlength=members.graph.size).astype(np.int64)
    return uses


def _pool(part: Part, members: Members, uses: Array) -> int | None:
    """How many samples there were to choose parents from; None where no dataset of the ledger is known to be one."""
    own, graph = members.graph, part.ledger.graph
    numbers = {own.classes[number].activity for number in np.unique(own.class_of[members.numbers]).tolist()}
    described = (own.descriptions.activities[number]["id"] for number in numbers if number is not None)
    stages = [part.ledger.vocabulary.activities[identifier].stage for identifier in described]
    read = {path for stage in stages if stage is not None for path in stage.dependencies} - {part.dataset.path}
    used = np.zeros(graph.size, bool)
    used[graph.numbers_of_bytes(own.ids_as_bytes(np.flatnonzero(uses)))] = True
    in_pool = np.zeros(graph.size, bool)
    for place, dataset in enumerate(graph.datasets):
        held, _ = graph.members(place)
        if dataset.path in read and used[held].any():
            in_pool[held] = True
    return int(in_pool.sum()) or None


MEASURE = FanOut()
