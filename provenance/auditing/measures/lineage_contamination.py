"""Contamination by lineage: rows that are, or were made from, rows of an evaluation set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from provenance.auditing.measure import (
    Doubt,
    Measured,
    Needs,
    NotMeasured,
    Outstanding,
    Subject,
    ambiguity,
    both_doubts,
)
from provenance.engines.interface import MOST_SHOWN
from provenance.errors import SidecarError
from provenance.ledger.composition.ancestry import Members, partly_unknown
from provenance.ledger.graph.graph import Direction, Graph, SampleSet
from provenance.ledger.graph.reaching import Selection
from provenance.ledger.models.passages import reached
from provenance.ledger.part import Part
from provenance.plurals import counted

if TYPE_CHECKING:
    from provenance.ledger.graph.store import Array


class LineageContamination:
    """rows = rows of the audited dataset of which any ancestor, or the row itself, is a sample of an evaluation set.

    Ancestors are followed through every stated parent; candidates that were only inferred are not. Nothing is read but
    sidecars, so that rephrased and translated rows are found as surely as copies. What lineage does not say is not
    found: rows that may go back to more than they are known to are counted as unknown. Rows that came of evaluation
    rows only in that a registered model was trained on these are counted apart.
    """

    name = "lineage_contamination"
    definition = "rows of which an ancestor, or the row itself, is a row of an evaluation set (one id)"
    unit = "rows"
    source = "rephrased samples escape text rules: Yang et al. 2023 (arXiv 2311.04850); found by ids, not by text"
    needs: Needs = "graph"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{rows, fraction, unknown_rows, rows_through_models, evaluation_samples, evaluations{PATH: {rows,
        samples}}}``.

        ``evaluation_samples`` and ``samples`` count those of the evaluation sets that rows were derived from.
        """
        problem = problem_of_evaluations(subject)
        if problem is not None:
            return NotMeasured(problem)
        members = Members.of(subject.audited)
        graph, own = members.graph, members.numbers
        among_all = subject.audited.ledger.graph.numbers_of_bytes(graph.ids_as_bytes(own))
        derived, through = np.zeros(len(own), bool), np.zeros(len(own), bool)
        found, outstanding, doubts, selected = {}, [], {}, []
        for evaluation in subject.evaluations:
            start = members_in(graph, evaluation)
            selected.append(Selection.of_samples(graph, start))
            from_it = derived_from(members, evaluation)
            sources = np.intersect1d(start, graph.reached(own[from_it], Direction.ANCESTORS), assume_unique=True)
            rows = members.reached(selected[-1]).bounds["rows"]
            found[evaluation.dataset.path] = {"rows": int(rows[0]), "samples": len(sources)}
            doubts[f"evaluations.{evaluation.dataset.path}.rows"] = rows
            outstanding += _shown(graph, own[from_it], evaluation)
            derived |= from_it
            all_of_it = members_in(subject.audited.ledger.graph, evaluation)
            reach = reached(subject.audited.ledger.models, all_of_it)
            through |= np.isin(among_all, reach.through_models, assume_unique=True)
        come_of_it = members.reached(Selection.all_of(graph, selected))
        unknown = int(members.rows[partly_unknown(members) & ~derived].sum())
        return Measured(
            {
                "rows": come_of_it.rows,
                "fraction": come_of_it.fraction,
                "unknown_rows": unknown,
                "rows_through_models": int(members.rows[through & ~derived].sum()),
                "evaluation_samples": sum(each["samples"] for each in found.values()),
                "evaluations": found,
            },
            tuple(outstanding[:MOST_SHOWN]),
            doubts=both_doubts(doubts_of_ancestry(unknown, members.total), ambiguity({**come_of_it.bounds, **doubts})),
        )


def doubts_of_ancestry(unknown: int, total: int, whose: str = "", *, rows: str = "rows") -> dict[str, Doubt]:
    """The doubts about ``rows`` (a value's name) and ``fraction``: of ``unknown`` of ``total``, ancestry is incomplete.

    ``whose``: what these are in words, where that is not rows.
    """
    if not unknown:
        return {}
    why = f"the ancestry of {whose or counted(unknown, 'row')} is incomplete"
    return {rows: Doubt(unknown, why), "fraction": Doubt(unknown / total, why)}


def problem_of_evaluations(subject: Subject) -> str | None:
    """Why nothing can be said by ids of the evaluation sets that are named."""
    if not subject.evaluations:
        return "no evaluation set is named; name one with --evaluation"
    problems = (problem_of(subject.audited, evaluation) for evaluation in subject.evaluations)
    return next((problem for problem in problems if problem is not None), None)


def problem_of(audited: Part, evaluation: Part) -> str | None:
    """Why ids of the evaluation set say nothing of the audited dataset."""
    try:
        evaluation.dataset.require_current()
    except SidecarError as error:
        return str(error)
    if not evaluation.dataset.rows:
        return f"{evaluation.dataset.path}: has no rows, so that nothing can go back to them"
    own, other = (part.dataset.sidecar.header.identity for part in (audited, evaluation))
    if (own.digest, own.canonical_form) == (other.digest, other.canonical_form):
        return None
    return f"{evaluation.dataset.path}: its sample ids are {other.digest}, those of {audited.dataset.path} {own.digest}"


def derived_from(members: Members, evaluation: Part) -> Array:
    """Which members (bool) are, or were made from, samples of the evaluation set."""
    graph = members.graph
    reached = graph.reached(members_in(graph, evaluation), Direction.DESCENDANTS)
    found: Array = np.isin(members.numbers, reached, assume_unique=True)
    return found


def members_in(graph: Graph, evaluation: Part) -> Array:
    """The samples of the evaluation set that ``graph`` knows, in order."""
    other = evaluation.ledger.graph
    members, _ = other.members(evaluation.dataset.place)
    if other is graph:
        return members
    # Samples have other numbers there.
    numbers = graph.numbers_of_bytes(other.ids_as_bytes(members))
    return np.sort(numbers[numbers >= 0])


def _shown(graph: Graph, samples: Array, evaluation: Part) -> list[Outstanding]:
    why = f"is, or comes from, a row of {evaluation.dataset.path}"
    shown = SampleSet(graph, samples)
    return [Outstanding(sample_id, why) for sample_id, _ in zip(shown, range(MOST_SHOWN), strict=False)]


MEASURE = LineageContamination()
