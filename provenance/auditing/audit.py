"""An audit: what datasets are made of, what measures find, and what a policy makes of both.

`audit` is the public function, the command `provenance audit` is made of `run_audit`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from provenance.arguments import require, require_optional
from provenance.auditing.by_field import by_field
from provenance.auditing.examples import Example, examples
from provenance.auditing.inputs import Input, inputs_of
from provenance.auditing.measures import (
    Measured,
    NotMeasured,
    Outstanding,
    Part,
    Subject,
    held_against_chance,
    judged_with_all,
    measures,
    take,
)
from provenance.auditing.mixture import MixtureAudit, mixture
from provenance.auditing.policy.evaluation import Finding, Status, evaluate, evaluate_mixture
from provenance.auditing.policy.loading import load_policy
from provenance.auditing.policy.rules import Policy
from provenance.auditing.request import ALL_MEASURES, DatasetAt, Ledgers, Request, opened_ledgers, request_for
from provenance.auditing.units import unit_of
from provenance.auditing.verdict import Verdict, finding_as_json, verdict_of
from provenance.errors import ProvenanceError
from provenance.faces.tabular import Tabular
from provenance.identity.samples import TextPart
from provenance.ledger.composition.composition import Composition, Share, composition
from provenance.lineage.records import Header
from provenance.repository import Repository

Name = str | os.PathLike[str]

# What findings about mixtures are said to be about where none was given.
NO_MIXTURE = "mixture"
# The measure that counts whatever the policy.
REVOKED = "revoked"
# Naming an evaluation set asks for these, whatever the policy.
OF_EVALUATIONS = ("contamination", "evaluation_from_training", "evaluation_siblings", "lineage_contamination")


@dataclass(frozen=True)
class AuditedDataset:
    """What one dataset is made of, and what the measures that were taken found, by their names.

    ``header``: of the dataset's sidecar. ``by_field``: for each field of the data that was asked for, the rows by
    their value of it.
    """

    composition: Composition
    measured: Mapping[str, Measured | NotMeasured]
    header: Header
    by_field: Mapping[str, Mapping[str, Share] | NotMeasured] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The dataset in JSON's types, as rules' paths address it."""
        found = {name: each for name, each in self.measured.items() if isinstance(each, Measured)}
        return self.composition.as_json() | {
            "content": self.header.identity.choice(),
            "by_field": {
                name: {"not_measured": groups.reason}
                if isinstance(groups, NotMeasured)
                else {value: asdict(share) for value, share in groups.items()}
                for name, groups in self.by_field.items()
            },
            "measures": {
                name: dict(each.values) if isinstance(each, Measured) else {"not_measured": each.reason}
                for name, each in self.measured.items()
            },
            "outstanding": {name: samples_as_json(each.outstanding) for name, each in found.items()},
            "sampled": {name: each.sampled for name, each in found.items() if each.sampled},
            "said": {name: each.said for name, each in found.items() if each.said},
            "doubts": {name: doubts_as_json(each) for name, each in found.items() if each.doubts},
        }


@dataclass(frozen=True)
class JudgedRule:
    """A finding, with samples that show it."""

    finding: Finding
    samples: tuple[Example, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The finding in JSON's types."""
        return finding_as_json(self.finding) | {
            "title": self.finding.title,
            "unit": unit_of(self.finding.value).name,
            "samples": [
                {"sample_id": sample.sample_id, "why": sample.why, "place": sample.place} | _details_as_json(sample)
                for sample in self.samples
            ],
        }


@dataclass(frozen=True, repr=False)
class Audit(Tabular):
    """The whole; its table has a row for each finding.

    ``verdict`` and ``policy`` are None where no policy was asked for; ``findings`` are then none.
    ``mixture``: what the mixture file comes to, if there is one.
    ``inputs``: the data and sidecars that were read. ``today``: the day for which waivers were looked at.
    """

    request: Request
    datasets: tuple[AuditedDataset, ...]
    mixture: MixtureAudit | None
    policy: Policy | None
    findings: tuple[JudgedRule, ...]
    verdict: Verdict | None
    inputs: tuple[Input, ...]
    today: date

    @property
    def passes(self) -> bool:
        """Whether nothing stands against using the datasets: what was revoked, and what the policy asks.

        A policy that has a rule on revoked rows judges them itself, and may waive them.
        """
        judged = self.policy is not None and REVOKED in self.policy.measures
        return (judged or not self.revoked_rows) and (self.verdict is None or self.verdict.passes)

    @property
    def revoked_rows(self) -> int:
        """Rows of the datasets that are, or came from, what is revoked."""
        found = (dataset.measured.get(REVOKED) for dataset in self.datasets)
        return sum(int(str(each.values["rows"])) for each in found if isinstance(each, Measured))

    def as_json(self) -> dict[str, Any]:
        """The audit in JSON's types: what `provenance audit --json` prints."""
        policy = self.policy
        return {
            "datasets": [dataset.as_json() for dataset in self.datasets],
            "mixture": None if self.mixture is None else self.mixture.as_json(),
            "policy": None
            if policy is None
            else {"name": policy.name, "digest": policy.digest, "caveat": policy.caveat},
            "verdict": None if self.verdict is None else self.verdict.status.value,
            "warnings": None if self.verdict is None else self.verdict.warnings,
            "passes": self.passes,
            "findings": [judged.as_json() for judged in self.findings],
        }

    def _table_rows(self) -> Iterator[dict[str, Any]]:
        for judged in self.findings:
            found = judged.finding
            yield {
                "rule": found.rule,
                "dataset": found.dataset,
                "status": found.status.value,
                "severity": found.severity.value,
                "title": found.title,
                "value": found.value,
                "observed": None if found.observed is None else str(found.observed),
            }

    @property
    def _told(self) -> str:
        return "nothing judged" if self.verdict is None else self.verdict.status.value

    def __repr__(self) -> str:
        paths = ", ".join(repr(each.composition.path) for each in self.datasets)
        return f"<Audit of {paths or 'a mixture'}: {self._told}>"

    def _repr_html_(self) -> str:
        from provenance.faces.notebook import Table, block

        wrong = [row for row in self._table_rows() if row["status"] != Status.CLEARED.value]
        shown = [
            {name: row[name] for name in ("status", "severity", "rule", "title", "dataset", "observed")}
            for row in wrong
        ]
        strands = [(each.composition.path, each.composition.origins) for each in self.datasets]
        return block(f"Audit: {self._told}", strands=strands, tables=[Table.of("rules not kept", shown, len(shown))])


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


def run_audit(repository: Repository, request: Request, policy: Policy | None, today: date | None = None) -> Audit:
    """Audit what ``request`` says by ``policy``.

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
    with opened_ledgers(repository) as ledgers:
        subjects = [_subject(ledgers, request, path, rules) for path in request.datasets]
        # What chance explains depends on all that is held against it: nothing is judged before all is measured.
        measured = judged_with_all([take(subject, names) for subject in subjects])
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


def doubts_as_json(found: Measured) -> dict[str, dict[str, Any]]:
    """The doubts about a measure's values in JSON's types."""
    return {name: asdict(doubt) for name, doubt in found.doubts.items()}


def samples_as_json(samples: Sequence[Outstanding]) -> list[dict[str, Any]]:
    """Samples that stand out, in JSON's types."""
    return [{"sample_id": sample.sample_id, "why": sample.why} | _details_as_json(sample) for sample in samples]


def _details_as_json(sample: Outstanding | Example) -> dict[str, Any]:
    return {"details": dict(sample.details)} if sample.details else {}


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
