"""Findings as SARIF 2.1.0, for code scanning.

A data file is not in git, so a finding points to the file that is: the dataset's ``.dvc`` file or ``dvc.yaml``. SARIF
reads ``[text](target)`` in messages as links, and names come from data: brackets in them are escaped.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from provenance.auditing.audit import NO_MIXTURE
from provenance.auditing.audited import Audit, JudgedRule
from provenance.auditing.examples import Example
from provenance.auditing.policy.findings import Finding, Outcome, Status
from provenance.auditing.policy.rules import Severity, WhenUnknown
from provenance.auditing.units import unit_of
from provenance.report.json_document import json_text
from provenance.report.plain_text import short
from provenance.repository import Repository
from provenance.version import __version__

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARN: "warning", Severity.INFO: "note"}
# Only what blocks says so.
_WORDS = {
    Outcome.FAILED: "BLOCKED",
    Outcome.UNKNOWN: "UNKNOWN",
    Outcome.WARNING: "WARNING",
    Outcome.NOTE: "NOTE",
    Outcome.WAIVED: "WAIVED",
}
_LINK = re.compile(r"([\\\[\]])")


class Sarif:
    """The findings of an audit of ``repository`` as a SARIF log."""

    name = "sarif"

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def write(self, audit: Audit) -> str:
        return json_text(as_sarif(audit, _pointers(audit, self._repository)))


def _pointers(audit: Audit, repository: Repository) -> dict[str, str]:
    """For each thing that findings are about, the file in git that stands for it, from the root of git.

    For a mixture that is not in the repository that is what stands for the first dataset, or DVC's pipeline.
    """
    of_datasets = repository.pointers(audit.request.commit)
    pointers = {path: of_datasets[path] for path in audit.request.datasets}
    mixture = audit.request.mixture
    stand_in = next(iter(pointers.values()), repository.in_git("dvc.yaml"))
    if mixture is not None and not Path(mixture).is_absolute():
        stand_in = repository.in_git(mixture)
    pointers[mixture or NO_MIXTURE] = stand_in
    return pointers


def as_sarif(audit: Audit, pointers: Mapping[str, str]) -> dict[str, Any]:
    """The findings that are neither CLEARED nor passed over, as a SARIF log; waived ones are suppressed results.

    Args:
        pointers: for each dataset and the mixture, the file in git that stands for it, from the root of git.
    """
    open_findings = [judged for judged in audit.findings if judged.finding.is_open]
    rules = _rules(judged.finding for judged in audit.findings)
    places = {rule["id"]: place for place, rule in enumerate(rules)}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "provenance",
                        "semanticVersion": __version__,
                        "rules": rules,
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(judged, places, pointers) for judged in open_findings],
                "properties": _of_the_whole(audit),
            }
        ],
    }


def _of_the_whole(audit: Audit) -> dict[str, Any]:
    """What all findings come to, as in the JSON of `provenance audit`."""
    policy, verdict = audit.policy, audit.verdict
    return {
        "policy": None if policy is None else policy.name,
        "caveat": None if policy is None else policy.caveat,
        "verdict": None if verdict is None else verdict.status.value,
        "warnings": None if verdict is None else verdict.warnings,
        "passes": audit.passes,
    }


def _rules(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    described = {}
    for finding in findings:
        help_text = finding.remedy or "See docs/policies.md."
        described[finding.rule] = {
            "id": finding.rule,
            "shortDescription": {"text": _text(finding.title if finding.titles is None else finding.titles.kept)},
            "fullDescription": {"text": _text(finding.reason)},
            "help": {"text": _text(help_text)},
            "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        }
    return list(described.values())


def _result(judged: JudgedRule, places: dict[str, int], pointers: Mapping[str, str]) -> dict[str, Any]:
    finding = judged.finding
    samples = "".join(f"\n{sample.place or short(sample.sample_id)}: {sample.why}" for sample in judged.samples)
    message = (
        f"{_WORDS[finding.outcome]}: {finding.dataset}: {finding.title}. {finding.message}. {finding.reason}{samples}"
    )
    identity = f"{finding.rule}\0{finding.dataset}"
    result = {
        "ruleId": finding.rule,
        "ruleIndex": places[finding.rule],
        "kind": "fail",
        "level": _level(finding),
        "message": {"text": _text(message)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(pointers[finding.dataset]), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 1},
                }
            }
        ],
        "partialFingerprints": {"provenanceFinding/v1": hashlib.sha256(identity.encode()).hexdigest()},
        "properties": {
            "dataset": finding.dataset,
            "status": finding.status.value,
            "outcome": finding.outcome.value,
            "title": finding.title,
            "value": finding.value,
            "unit": unit_of(finding.value).name,
            "observed": finding.observed,
            "observedAtMost": finding.observed_at_most,
            "threshold": dict(finding.threshold),
            "samples": [_sample(sample) for sample in judged.samples],
        },
    }
    if finding.waiver is not None:
        waiver = finding.waiver
        said = f"{waiver.reason} ({waiver.owner}, until {waiver.expires})"
        # Without a status, which versions of the standard's schema spell differently, it is an accepted one.
        result["suppressions"] = [{"kind": "external", "justification": _text(said)}]
    return result


def _sample(sample: Example) -> dict[str, Any]:
    """A sample for programs; its words stand in the message, too, where people read them."""
    said = {name: _text(value) if isinstance(value, str) else value for name, value in sample.details.items()}
    return {"sampleId": sample.sample_id, "place": sample.place} | said


def _level(finding: Finding) -> str:
    """A rule that is UNKNOWN is as grave as the policy makes of it."""
    if finding.status is Status.UNKNOWN and finding.unknown is not WhenUnknown.FAIL:
        return "warning" if finding.unknown is WhenUnknown.WARN and finding.severity is Severity.ERROR else "note"
    return _LEVELS[finding.severity]


def _text(text: str) -> str:
    """``text`` as SARIF's plain text: what does not print as escapes, and no links."""
    printed = "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
    return _LINK.sub(r"\\\1", printed)
