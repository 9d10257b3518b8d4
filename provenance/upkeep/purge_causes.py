"""Why samples have to go: what revocations reach, or what contaminates by a named evaluation set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from provenance.errors import RepositoryError
from provenance.identity.id_arrays import bytes_of_ids
from provenance.ledger.graph.graph import Direction, Graph
from provenance.ledger.graph.reaching import ReachedBirths, Selection, certainly_reached
from provenance.ledger.part import Part
from provenance.ledger.revoked import revoked
from provenance.ledger.sidecars import Sidecars

if TYPE_CHECKING:
    from provenance.auditing.request import DatasetAt
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.graph.store import Array
    from provenance.repository import Repository

# Of a commit's id, what people are shown.
_SHORT = 12


@dataclass(frozen=True)
class Cause:
    """One cause: the births in the ledger's graph that it reaches, and what a tombstone says of it.

    ``reason``: in words; ``parameters``: of the activity, for programs. ``not_looked_for``: rows of an evaluation set
    that say too little to be looked for in text, by the set's path.
    """

    reason: str
    parameters: Mapping[str, Any]
    found: ReachedBirths
    not_looked_for: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Contaminating:
    """Evaluation sets, each as PATH or PATH@REV, of which no row may be in a dataset.

    ``degree``: rows count as found by text from this degree on; None: whatever counts as found.
    """

    evaluations: tuple[str, ...]
    degree: float | None = None

    def __post_init__(self) -> None:
        if self.degree is not None and not 0 < self.degree <= 1:
            raise RepositoryError(f"a degree is more than 0 and at most 1, not {self.degree}")

    def sets(self, repository: Repository) -> list[DatasetAt]:
        """The sets, in the workspace or at their revisions.

        Raises:
            RepositoryError: no such revision, or a path outside of the repository.
        """
        from provenance.auditing.request import dataset_at

        return [dataset_at(repository, named, None) for named in self.evaluations]


def causes_of_revocations(ledger: Sidecars) -> list[Cause]:
    """What the revocations of the workspace reach, in the order of their file."""
    return [
        Cause(
            found.revocation.reason,
            {"revocation": found.revocation.id, "reason": found.revocation.reason},
            found.found.in_all,
        )
        for found in revoked(ledger)
    ]


def causes_of_contamination(ledger: Sidecars, dataset: RecordedDataset, sought: Contaminating) -> list[Cause]:
    """For each evaluation set what was made from its rows by lineage, and then what text shows.

    Raises:
        UnknownReferenceError: DVC tracks no such evaluation set.
        RepositoryError: no such revision; or a set says nothing of the dataset, or cannot be read.
        DataError: data cannot be read.
        SidecarError: a sidecar is missing, or of other data.
    """
    from provenance.auditing.request import opened_ledgers

    audited = Part(ledger, dataset)
    with opened_ledgers(ledger.repository) as ledgers:
        evaluations: list[Part] = []
        for each in sought.sets(ledger.repository):
            if (each.path, each.commit) == (dataset.path, None):
                raise RepositoryError(f"{dataset.path}: is the evaluation set itself, of which no row would be left")
            here = each.commit is None
            evaluations.append(
                Part(ledger, ledger.dataset(ledger.repository.root / each.path)) if here else ledgers.part(each)
            )
        by_lineage = [_by_lineage(audited, evaluation) for evaluation in evaluations]
        return [*by_lineage, *_by_text(audited, evaluations, sought.degree)]


def _by_text(audited: Part, evaluations: Sequence[Part], degree: float | None) -> list[Cause]:
    from provenance.auditing.contamination.findings import look
    from provenance.auditing.contamination.reading import data_of
    from provenance.auditing.contamination.rules import Level
    from provenance.auditing.contamination.suites import suite_of
    from provenance.auditing.measure import NotMeasured

    data, suite = data_of(audited), suite_of(evaluations)
    if isinstance(data, NotMeasured):
        raise RepositoryError(data.reason)
    if isinstance(suite, NotMeasured):
        raise RepositoryError(suite.reason)
    found: list[list[Array]] = [[] for _ in evaluations]
    for looked in look(audited, data, suite):
        ids = bytes_of_ids(looked.samples.sample_ids)
        for number, of_set in enumerate(found):
            of_set.append(ids[looked.rows(degree or 0.0, number)])
    graph, said = audited.ledger.graph, "" if degree is None else f", at degree {degree:g} or more"
    levels = suite.rows_by_level(np.zeros(len(suite.set_of_row), bool))
    causes = []
    for evaluation, ids_of_rows, by_level in zip(evaluations, found, levels, strict=True):
        selection = Selection.of_samples(graph, _numbers(graph, ids_of_rows))
        # The samples themselves, not what was made from them.
        reached = np.zeros(graph.size, bool)
        reached[selection.samples] = True
        births = ReachedBirths(graph, selection, selection, reached, reached)
        name = _named(evaluation)
        cause = _cause(f"reads like a row of {name}{said}", evaluation, "text", births)
        missed = by_level[Level.NOT_AT_ALL]
        causes.append(replace(cause, not_looked_for={name: missed} if missed else {}))
    return causes


def _by_lineage(audited: Part, evaluation: Part) -> Cause:
    from provenance.auditing.measures.lineage_contamination import members_in, problem_of

    problem = problem_of(audited, evaluation)
    if problem is not None:
        raise RepositoryError(problem)
    graph = audited.ledger.graph
    selection = Selection.of_samples(graph, members_in(graph, evaluation))
    may = np.zeros(graph.size, bool)
    may[graph.reached(selection.samples, Direction.DESCENDANTS)] = True
    births = ReachedBirths(graph, selection, selection, may, certainly_reached(graph, selection))
    return _cause(f"is, or was made from, a row of {_named(evaluation)}", evaluation, "lineage", births)


def _cause(reason: str, evaluation: Part, found_by: str, births: ReachedBirths) -> Cause:
    commit = evaluation.ledger.rev
    at = {} if commit is None else {"evaluation_commit": commit}
    parameters = {"evaluation": evaluation.dataset.path, **at, "found_by": found_by, "reason": reason}
    return Cause(reason, parameters, births)


def _named(evaluation: Part) -> str:
    commit = evaluation.ledger.rev
    return evaluation.dataset.path if commit is None else f"{evaluation.dataset.path}@{commit[:_SHORT]}"


def _numbers(graph: Graph, ids: Sequence[Array]) -> Array:
    """The numbers, in order, of samples whose ids are rows of bytes."""
    found = [graph.numbers_of_bytes(each) for each in ids if len(each)]
    numbers = np.unique(np.concatenate([np.empty(0, np.int64), *found]))
    return numbers[numbers >= 0]
