"""Parent fan-out: how evenly the parents of the made rows were used."""

from __future__ import annotations

import numpy as np

from provenance.auditing.measure import AMBIGUITY, Doubt, Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.ledger.composition.ancestry import Members
from provenance.ledger.graph.store import Array
from provenance.ledger.part import Part
from provenance.lineage.rules import made_by_model
from provenance.plurals import counted

_SHOWN = 10
_TOP = (1, 10, 100)

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
        found = subject.audited.questions.parent_uses(_TOP[-1])
        if not found.parents:
            return NotMeasured(f"{subject.audited.dataset.path}: none of its made rows has a parent")
        effective = float(np.exp(np.log(found.uses) - found.uses_by_logarithm / found.uses))
        pool = _pool(subject.audited)
        values = {
            "parents": found.parents,
            "uses": found.uses,
            "effective_parents": effective,
            "effective_of_parents": effective / found.parents,
            **{f"top_{k}": sum(each.rows for each in found.most[:k]) / found.uses for k in _TOP},
            "pool": pool,
            "effective_of_pool": effective / pool if pool else None,
        }
        in_doubt = counted(found.ambiguous_rows, "row")
        unsure = Doubt(None, f"{in_doubt} may have come from other parents: {AMBIGUITY}")
        return Measured(
            values,
            tuple(
                Outstanding(each.sample_id, f"{each.rows:,} of {found.uses:,} uses of a parent")
                for each in found.most[:_SHOWN]
                if each.rows > 1
            ),
            doubts={
                **(dict.fromkeys(values, unsure) if found.ambiguous_rows else {}),
                **({} if pool else dict.fromkeys(("pool", "effective_of_pool"), _NO_POOL)),
            },
        )


def _made(members: Members) -> Array:
    """The numbers of those that are synthetic or mixed by a birth."""
    graph = members.graph
    is_made = np.array([made_by_model(born.origin) for born in graph.classes], bool)
    chosen = is_made[graph.class_of]
    samples, classes = graph.other_births
    chosen[samples[is_made[classes]]] = True
    made: Array = members.numbers[chosen[members.numbers]]
    return made


def _pool(part: Part) -> int | None:
    """How many samples there were to choose parents from; None where no dataset of the ledger is known to be one."""
    members = Members.of(part)
    own, graph, made = members.graph, part.ledger.graph, _made(members)
    numbers = {own.classes[number].activity for number in np.unique(own.class_of[made]).tolist()}
    described = (own.descriptions.activities[number]["id"] for number in numbers if number is not None)
    stages = [part.ledger.vocabulary.activities[identifier].stage for identifier in described]
    read = {path for stage in stages if stage is not None for path in stage.dependencies} - {part.dataset.path}
    used = np.zeros(graph.size, bool)
    parents = np.unique(own.parents.next_to(made))
    used[graph.numbers_of_bytes(own.ids_as_bytes(parents))] = True
    in_pool = np.zeros(graph.size, bool)
    for place, dataset in enumerate(graph.datasets):
        held, _ = graph.members(place)
        if dataset.path in read and used[held].any():
            in_pool[held] = True
    return int(in_pool.sum()) or None


MEASURE = FanOut()
