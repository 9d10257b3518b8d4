"""The other direction of contamination by lineage: evaluation rows that were made from rows of the audited dataset."""

from __future__ import annotations

import numpy as np

from provenance.auditing.measure import (
    Measured,
    Needs,
    NotMeasured,
    Outstanding,
    Subject,
    ambiguity,
    both_doubts,
)
from provenance.auditing.measures.lineage_contamination import doubts_of_ancestry, problem_of_evaluations
from provenance.engines.interface import MOST_SHOWN
from provenance.ledger.composition.ancestry import Members, Reached, partly_unknown
from provenance.ledger.graph.graph import Direction, Graph
from provenance.ledger.graph.reaching import Selection
from provenance.ledger.graph.store import Array
from provenance.ledger.part import Part
from provenance.plurals import counted


class EvaluationFromTraining:
    """evaluation_rows = rows of evaluation sets of which an ancestor is a row of the audited dataset.

    An evaluation row that is itself a row of the audited dataset is counted by `lineage_contamination`.
    """

    name = "evaluation_from_training"
    definition = "evaluation rows that were made from rows of the dataset"
    unit = "evaluation rows"
    source = "what an evaluation was made from, a model that was trained on it has seen; found by ids, not by text"
    needs: Needs = "graph"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{evaluation_rows, fraction, unknown_rows, samples, evaluations{PATH: {rows, samples}}}``.

        ``fraction`` and ``unknown_rows`` are of evaluation rows, ``samples`` those of the audited dataset that
        evaluation rows were made from.
        """
        problem = problem_of_evaluations(subject)
        if problem is not None:
            return NotMeasured(problem)
        audited = Members.of(subject.audited)
        ids = audited.graph.ids_as_bytes(audited.numbers)
        found, bounds, outstanding = {}, {}, []
        least = most = unknown = total = 0
        used = np.zeros(len(audited.numbers), bool)
        for evaluation in subject.evaluations:
            path, members = evaluation.dataset.path, Members.of(evaluation)
            made, sources, rows = _made_from(members, ids)
            used |= sources
            found[path] = {"rows": rows.rows, "samples": int(sources.sum())}
            bounds[f"evaluations.{path}.rows"] = rows.bounds["rows"]
            least, most, total = least + rows.rows, most + rows.at_most_rows, total + members.total
            unknown += int(members.rows[partly_unknown(members) & ~made].sum())
            outstanding += _shown(audited.graph, audited.numbers[sources], evaluation)
        every = Reached.of(least, most, total)
        bounds |= {"evaluation_rows": every.bounds["rows"], "fraction": every.bounds["fraction"]}
        return Measured(
            {
                "evaluation_rows": every.rows,
                "fraction": every.fraction,
                "unknown_rows": unknown,
                "samples": int(used.sum()),
                "evaluations": found,
            },
            tuple(outstanding[:MOST_SHOWN]),
            doubts=both_doubts(
                doubts_of_ancestry(unknown, total, counted(unknown, "evaluation row"), rows="evaluation_rows"),
                ambiguity(bounds),
            ),
        )


def _made_from(members: Members, ids: Array) -> tuple[Array, Array, Reached]:
    """Which evaluation members (bool) were made from samples with these ids, which of ``ids`` these are, and rows."""
    graph = members.graph
    numbers = graph.numbers_of_bytes(ids)
    known = numbers >= 0
    start = np.sort(numbers[known])
    reached = np.isin(members.numbers, graph.reached(start, Direction.DESCENDANTS), assume_unique=True)
    made = reached & ~np.isin(members.numbers, start, assume_unique=True)
    behind = graph.reached(members.numbers[made], Direction.ANCESTORS)
    least, most = members.rows_reached(Selection.of_samples(graph, start))
    rows = Reached.of(int(least[made].sum()), int(most[made].sum()), members.total)
    return made, known & np.isin(numbers, behind), rows


def _shown(graph: Graph, samples: Array, evaluation: Part) -> list[Outstanding]:
    ids = graph.ids_as_bytes(samples[:MOST_SHOWN])
    return [Outstanding(each.tobytes().hex(), f"a row of {evaluation.dataset.path} was made from it") for each in ids]


MEASURE = EvaluationFromTraining()
