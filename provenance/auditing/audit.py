"""An audit: what datasets are made of, what measures find, and what a policy makes of both.

`audit` is the public function, the command `provenance audit` is made of `run_audit`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from provenance.arguments import require, require_optional
from provenance.auditing.audited import Audit, AuditedDataset, JudgedRule
from provenance.auditing.by_field import by_field
from provenance.auditing.examples import examples
from provenance.auditing.inputs import inputs_of
from provenance.auditing.measures import (
    Measured,
    NotMeasured,
    Part,
    Subject,
    Watch,
    held_against_chance,
    judged_with_all,
    measures,
    take,
)
from provenance.auditing.mixture import MixtureAudit, mixture
from provenance.auditing.policy.evaluation import evaluate, evaluate_mixture
from provenance.auditing.policy.loading import load_policy
from provenance.auditing.policy.rules import Policy
from provenance.auditing.request import ALL_MEASURES, DatasetAt, Ledgers, Request, opened_ledgers, request_for
from provenance.auditing.verdict import verdict_of
from provenance.engines.choosing import EngineName
from provenance.errors import ProvenanceError
from provenance.identity.samples import TextPart
from provenance.ledger.composition.composition import composition
from provenance.repository import Repository

Name = str | os.PathLike[str]

# What findings about mixtures are said to be about where none was given.
NO_MIXTURE = "mixture"
# Naming an evaluation set asks for these, whatever the policy.
OF_EVALUATIONS = ("contamination", "evaluation_from_training", "evaluation_siblings", "lineage_contamination")


def audit(
    datasets: Name | Sequence[Name] = (),
    *,
    mixture: Name | None = None,
    policy: Name | Sequence[Name] | None = None,
    reference: Name | None = None,
    evaluation: Name | Sequence[Name] = (),
    since: str | None = None,
    fields: str | Sequence[str] = (),
    measures: str | Sequence[str] = (),
    family: str | None = None,
    text: TextPart = "own",
    seed: int = 0,
    rev: str | None = None,
    repo: Name = ".",
    today: date | None = None,
) -> Audit:
    """Audit datasets of the DVC repository that ``repo`` is in.

    Args:
        datasets: paths, from ``repo``, of datasets that DVC tracks and that have sidecars; default: the mixture's.
        mixture: a mixture file, from ``repo``: what is trained on, weighed by exposure.
        policy: packs by name, or files (``*.yaml``), from ``repo``; none: nothing is judged.
        reference: what synthetic text is compared with, as PATH or PATH@REV; default: each dataset's own real part.
        evaluation: sets that must not have leaked into the datasets, as PATH or PATH@REV.
        since: the git revision whose versions of the datasets came before.
        fields: fields of the data, such as a language, whose values are counted and compared with the reference's.
        measures: names of measures to take besides those that read lineage alone or that the policy needs; "all".
        family: the field of the data whose value rows that belong together share (a document, a dialogue), for
            measures that compare; default: lineage says which do.
        text: the part of rows' text that measures compare: what they say themselves ("own"), what was given to them
            ("given": system prompts and passages), or "all".
        seed: of all random choices.
        rev: the git revision to read; default: the workspace.
        today: the day on which waivers must be in force; default: today, in UTC.

    Raises:
        ProvenanceError: there is no such dataset, revision, policy or measure, or what there is cannot be used.
    """
    require_optional("today", today, date)
    require("repo", repo, str, os.PathLike)
    for argument, named in (("mixture", mixture), ("reference", reference)):
        require_optional(argument, named, str, os.PathLike)
    for argument, revision in (("rev", rev), ("since", since), ("family", family)):
        require_optional(argument, revision, str)
    if not os.path.isdir(repo):
        raise ProvenanceError(f"repo: {os.fspath(repo)!r} is not a folder")
    with chdir(repo):
        repository = Repository.open()
        request = request_for(
            repository,
            _listed("datasets", datasets),
            rev=rev,
            reference=reference,
            evaluation=_listed("evaluation", evaluation),
            since=since,
            fields=[str(field) for field in _listed("fields", fields)],
            measures=[str(measure) for measure in _listed("measures", measures)],
            family=family,
            text=text,
            seed=seed,
            mixture=mixture,
        )
        settled = None if policy is None else load_policy(_listed("policy", policy), repository.root)
        return run_audit(repository, request, settled, today)


def run_audit(
    repository: Repository,
    request: Request,
    policy: Policy | None,
    today: date | None = None,
    watch: Watch | None = None,
    engine: EngineName = EngineName.DUCKDB,
) -> Audit:
    """Audit what ``request`` says by ``policy``; ``engine``: what is asked, which changes no answer.

    ``watch`` is called before each measure is taken: with its name, how many of the dataset's were, and of how many.

    Raises:
        ProvenanceError: an evaluation set is named that nothing can be said of, and no rule of the policy says so.
        UnknownReferenceError: there is no such dataset or measure.
        SidecarError: a sidecar cannot be used.
        DataError: data cannot be read.
    """
    day = today or datetime.now(UTC).date()
    names = _measures_to_take(request, policy)
    rules = len(request.datasets) * len(held_against_chance(measures(names).values()))
    findings: list[JudgedRule] = []
    with opened_ledgers(repository, engine) as ledgers:
        subjects = [_subject(ledgers, request, path, rules) for path in request.datasets]
        # What chance explains depends on all that is held against it: nothing is judged before all is measured.
        measured = judged_with_all([take(subject, names, watch=watch) for subject in subjects])
        for found_of_one in measured:
            _require_asked(request, policy, found_of_one)
        audited = [_audited(subject, found) for subject, found in zip(subjects, measured, strict=True)]
        if policy is not None:
            for subject, dataset in zip(subjects, audited, strict=True):
                found = evaluate(policy, dataset.as_json(), day)
                findings += map(JudgedRule, found, examples(found, subject.audited, dataset.measured))
        mixed = _mixture(ledgers, request)
        inputs = inputs_of(ledgers, request)
    if policy is not None:
        document = None if mixed is None else mixed.as_json()
        findings += map(JudgedRule, evaluate_mixture(policy, request.mixture or NO_MIXTURE, document, day))
    verdict = None if policy is None else verdict_of([judged.finding for judged in findings])
    return Audit(request, tuple(audited), mixed, policy, tuple(findings), verdict, inputs, day)


def _audited(subject: Subject, measured: Mapping[str, Measured | NotMeasured]) -> AuditedDataset:
    part = subject.audited
    fields = {name: by_field(subject, name) for name in subject.fields}
    return AuditedDataset(composition(part.ledger, part.dataset), measured, part.dataset.sidecar.header, fields)


def _mixture(ledgers: Ledgers, request: Request) -> MixtureAudit | None:
    if request.mixture is None:
        return None
    found = mixture(ledgers.at(request.commit), ledgers.root / request.mixture, request.fields)
    return replace(found, path=request.mixture)


def _measures_to_take(request: Request, policy: Policy | None) -> list[str]:
    """The measures to take, in order; what a policy asks for and is not there stays missing in what it judges."""
    known = measures()
    if ALL_MEASURES in request.measures:
        return list(known)
    asked = measures([*request.measures, *(OF_EVALUATIONS if request.evaluation else ())])
    needed = policy.measures if policy is not None else frozenset()
    return [name for name in known if name in asked or name in needed or known[name].needs == "lineage"]


def _require_asked(request: Request, policy: Policy | None, measured: Mapping[str, Measured | NotMeasured]) -> None:
    """That nothing can be said of an evaluation set that was named is an error, unless rules say so themselves."""
    judged = frozenset() if policy is None else policy.measures
    for name in OF_EVALUATIONS if request.evaluation else ():
        found = measured[name]
        if isinstance(found, NotMeasured) and name not in judged:
            raise ProvenanceError(f"{found.reason}; so {name}, which --evaluation asks for, cannot be measured")


def _subject(ledgers: Ledgers, request: Request, path: str, rules: int) -> Subject:
    part = ledgers.part(DatasetAt(path=path, commit=request.commit))
    return Subject(
        audited=part,
        folder=part.ledger.folder,
        reference=None if request.reference is None else ledgers.part(request.reference),
        evaluations=tuple(map(ledgers.part, request.evaluation)),
        previous=_previous(ledgers, request, path),
        seed=request.seed,
        fields=request.fields,
        family=request.family,
        text=request.text,
        rules=max(rules, 1),
    )


def _previous(ledgers: Ledgers, request: Request, path: str) -> Part | None:
    """The dataset as it was before; None where that was not asked for, or it was not there yet."""
    if request.since is None:
        return None
    ledger = ledgers.at(request.since)
    if all(dataset.path != path for dataset in ledger.recorded) and path not in (*ledger.unusable, *ledger.unfetched):
        return None
    return ledgers.part(DatasetAt(path=path, commit=request.since))


def _listed(argument: str, named: Any) -> Sequence[Name]:
    """One name, or several, as given for ``argument``."""
    several = [named] if isinstance(named, str | os.PathLike) else named
    if not (isinstance(several, Sequence) and all(isinstance(name, str | os.PathLike) for name in several)):
        raise ProvenanceError(f"{argument}: expected a name or a list of names, got {named!r}")
    return several
