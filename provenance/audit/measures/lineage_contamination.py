"""Contamination by lineage: rows that are, or were made from, rows of an evaluation set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from provenance.audit.measures.interface import Measured, Needs, NotMeasured, Outstanding, Part, Subject
from provenance.errors import SidecarError
from provenance.ledger.graph.graph import Direction, SampleSet
from provenance.ledger.through_models import reached

if TYPE_CHECKING:
    from provenance.ledger.graph.store import Array

_SHOWN = 20


class LineageContamination:
    """rows = rows of the audited dataset of which any ancestor, or the row itself, is a sample of an evaluation set.

    Ancestors are followed through every stated parent; candidates that were only inferred are not. Nothing is read but
    sidecars, so that rephrased and translated rows are found as surely as copies, and what has no lineage is not. Rows
    that came of evaluation rows only in that a registered model was trained on these are counted apart.
    """

    name = "lineage_contamination"
    definition = "rows of which an ancestor, or the row itself, is a row of an evaluation set (one id)"
    unit = "rows"
    source = "rephrased samples escape text rules: Yang et al. 2023 (arXiv 2311.04850); found by ids, not by text"
    needs: Needs = "graph"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{rows, fraction, rows_through_models, evaluation_samples, evaluations{PATH: {rows, samples}}}``.

        ``evaluation_samples`` and ``samples`` count those of the evaluation sets that rows were derived from.
        """
        if not subject.evaluations:
            return NotMeasured("no evaluation set is named; name one with --evaluation")
        graph, audited = subject.audited.ledger.graph, subject.audited.dataset
        own, rows = graph.members(audited.place)
        derived, through = np.zeros(len(own), bool), np.zeros(len(own), bool)
        found, outstanding = {}, []
        for evaluation in subject.evaluations:
            problem = _incomparable(subject.audited, evaluation)
            if problem is not None:
                return NotMeasured(problem)
            start = _members(subject.audited, evaluation)
            reach = reached(subject.audited.ledger.models, start)
            from_it = np.isin(own, reach.direct, assume_unique=True)
            sources = np.intersect1d(start, graph.reached(own[from_it], Direction.ANCESTORS), assume_unique=True)
            found[evaluation.dataset.path] = {"rows": _sum(rows[from_it]), "samples": len(sources)}
            outstanding += _shown(subject.audited, own[from_it], evaluation)
            derived |= from_it
            through |= np.isin(own, reach.through_models, assume_unique=True)
        count = _sum(rows[derived])
        return Measured(
            {
                "rows": count,
                "fraction": count / audited.rows if audited.rows else 0.0,
                "rows_through_models": _sum(rows[through & ~derived]),
                "evaluation_samples": sum(each["samples"] for each in found.values()),
                "evaluations": found,
            },
            tuple(outstanding[:_SHOWN]),
        )


def _incomparable(audited: Part, evaluation: Part) -> str | None:
    """Why ids of the two datasets say nothing of each other."""
    try:
        evaluation.dataset.require_current()
    except SidecarError as error:
        return str(error)
    own, other = (part.dataset.sidecar.header.identity for part in (audited, evaluation))
    if (own.digest, own.canonical_form) == (other.digest, other.canonical_form):
        return None
    return f"{evaluation.dataset.path}: its sample ids are {other.digest}, those of {audited.dataset.path} {own.digest}"


def _members(audited: Part, evaluation: Part) -> Array:
    """The samples of the evaluation set that the audited dataset's graph knows, in order."""
    graph, other = audited.ledger.graph, evaluation.ledger.graph
    members, _ = other.members(evaluation.dataset.place)
    if other is graph:
        return members
    # It is of another revision, where samples have other numbers.
    numbers = graph.numbers_of_bytes(other.ids_as_bytes(members))
    return np.sort(numbers[numbers >= 0])


def _sum(rows: Array) -> int:
    return int(rows.sum(dtype=np.int64))


def _shown(audited: Part, samples: Array, evaluation: Part) -> list[Outstanding]:
    why = f"is, or comes from, a row of {evaluation.dataset.path}"
    shown = SampleSet(audited.ledger.graph, samples)
    return [Outstanding(sample_id, why) for sample_id, _ in zip(shown, range(_SHOWN), strict=False)]


MEASURE = LineageContamination()
