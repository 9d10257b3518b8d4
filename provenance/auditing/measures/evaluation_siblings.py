"""Leakage by siblings: rows that were made from the same real documents as rows of an evaluation set."""

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
from provenance.auditing.measures.lineage_contamination import (
    derived_from,
    doubts_of_ancestry,
    problem_of_evaluations,
)
from provenance.engines.interface import MOST_SHOWN
from provenance.ledger.composition.ancestry import Members, Reached, partly_unknown
from provenance.ledger.graph.graph import Direction, Graph, SampleSet
from provenance.ledger.graph.reaching import Selection
from provenance.ledger.graph.store import Array
from provenance.ledger.part import Part
from provenance.lineage.records import Origin
from provenance.plurals import counted


class EvaluationSiblings:
    """rows = rows of the audited dataset that go back to a real root to which a sample of an evaluation set goes back,
    too, where neither was made from the other.

    A root is an ancestor, or the sample itself, that has no parents; its origin is real. What was derived from
    evaluation rows is counted by `lineage_contamination`, what evaluation rows were made from by
    `evaluation_from_training`.
    """

    name = "evaluation_siblings"
    definition = "rows that share a real root with an evaluation row, where neither was made from the other"
    unit = "rows"
    source = "test and training data that are not independent: Kapoor and Narayanan 2023 (10.1016/j.patter.2023.100804)"
    needs: Needs = "graph"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{rows, fraction, unknown_rows, roots, evaluations{PATH: {rows, roots}}}``.

        ``roots`` count the real documents that are shared.
        """
        problem = problem_of_evaluations(subject)
        if problem is not None:
            return NotMeasured(problem)
        members = Members.of(subject.audited)
        siblings, unsure = np.zeros(len(members.numbers), bool), partly_unknown(members)
        found, bounds, outstanding, all_roots = {}, {}, [], np.zeros(0, np.int64)
        for evaluation in subject.evaluations:
            path = evaluation.dataset.path
            roots = _shared_roots(members.graph, evaluation)
            of_set = _are_siblings(members, evaluation, roots)
            rows = _reached(members, roots, of_set)
            found[path] = {"rows": rows.rows, "roots": len(roots)}
            bounds[f"evaluations.{path}.rows"] = rows.bounds["rows"]
            outstanding += _shown(members.graph, members.numbers[of_set], evaluation)
            all_roots, siblings = np.union1d(all_roots, roots), siblings | of_set
            if partly_unknown(Members.of(evaluation)).any():
                # Any row may be the sibling of an evaluation row that nobody knows the parents of.
                unsure = np.ones(len(members.numbers), bool)
        every = _reached(members, all_roots, siblings)
        unknown = int(members.rows[unsure & ~siblings].sum())
        return Measured(
            {
                "rows": every.rows,
                "fraction": every.fraction,
                "unknown_rows": unknown,
                "roots": len(all_roots),
                "evaluations": found,
            },
            tuple(outstanding[:MOST_SHOWN]),
            doubts=both_doubts(
                doubts_of_ancestry(unknown, members.total, f"{counted(unknown, 'row')}, or of evaluation rows,"),
                ambiguity({**every.bounds, **bounds}),
            ),
        )


def _reached(members: Members, roots: Array, siblings: Array) -> Reached:
    """The rows of ``siblings`` (bool) that certainly, and at most those that may, come from ``roots``."""
    least, most = members.rows_reached(Selection.of_samples(members.graph, roots))
    return Reached.of(int(least[siblings].sum()), int(most[siblings].sum()), members.total)


def _shared_roots(graph: Graph, evaluation: Part) -> Array:
    """The samples of ``graph`` that are real roots there and in the evaluation set's own sidecar."""
    other = Members.of(evaluation)
    ids = other.graph.ids_as_bytes(_real_roots(other.graph, other.numbers))
    numbers = graph.numbers_of_bytes(ids)
    return np.intersect1d(numbers[numbers >= 0], _real_roots(graph, np.arange(graph.size)))


def _real_roots(graph: Graph, samples: Array) -> Array:
    """The real samples without parents that ``samples`` go back to, themselves among them."""
    ancestors = graph.reached(samples, Direction.ANCESTORS)
    are_real = np.array([born.origin == Origin.REAL for born in graph.classes], bool)[graph.class_of[ancestors]]
    roots: Array = ancestors[are_real & (graph.parents.counts[ancestors] == 0)]
    return roots


def _are_siblings(members: Members, evaluation: Part, roots: Array) -> Array:
    """Which members (bool) come from ``roots``, but neither from evaluation rows nor these from them."""
    graph, own = members.graph, members.numbers
    related = np.isin(own, graph.reached(roots, Direction.DESCENDANTS), assume_unique=True)
    other = Members.of(evaluation)
    behind = other.graph.ids_as_bytes(other.graph.reached(other.numbers, Direction.ANCESTORS))
    numbers = graph.numbers_of_bytes(behind)
    made_into = np.isin(own, numbers[numbers >= 0])
    found: Array = related & ~derived_from(members, evaluation) & ~made_into
    return found


def _shown(graph: Graph, samples: Array, evaluation: Part) -> list[Outstanding]:
    why = f"is a sibling of a row of {evaluation.dataset.path}: both go back to one real root"
    return [
        Outstanding(sample_id, why) for sample_id, _ in zip(SampleSet(graph, samples), range(MOST_SHOWN), strict=False)
    ]


MEASURE = EvaluationSiblings()
