"""The verdict as a file that anyone can recompute: what was asked, of which bytes, by which policy, and what came out.

docs/specification/verdict.schema.json is made from `VerdictFile`. `recheck` asks the same again.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from provenance.auditing.audited import Audit
from provenance.auditing.inputs import Input, Role, mixture_digest
from provenance.auditing.policy.findings import Status
from provenance.auditing.policy.rules import Policy, Rule, Severity, Waiver, WhenUnknown
from provenance.auditing.request import DatasetAt, Request
from provenance.documents import read_document, validated
from provenance.errors import ProvenanceError
from provenance.files import whole_file
from provenance.version import __version__


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RecordedPolicy(_Part):
    """The policy as it was applied; ``digest`` is of all of it, see `Policy.digest`."""

    sources: tuple[str, ...] = Field(description="packs by name, files by their path from the DVC root")
    digest: str
    unknown: WhenUnknown
    rules: tuple[Rule, ...]
    waive: tuple[Waiver, ...]


class RecordedInput(_Part):
    """A dataset that was read: hashes of its data (DVC's MD5) and of its sidecar (``sha256:…``)."""

    role: Role
    dataset: DatasetAt
    rows: int
    size: int = Field(description="of the data, in bytes")
    md5: str | None
    sidecar: str


class RecordedFinding(_Part):
    """What was said of one rule and one dataset."""

    rule: str
    dataset: str
    status: Status
    severity: Severity
    value: str
    observed: Any
    observed_at_most: float | None = Field(default=None, description="what it may be instead, as rows are ambiguous")
    threshold: dict[str, Any]
    message: str
    waived: bool


class VerdictFile(_Part):
    """The whole file. ``date``: the day for which waivers were looked at."""

    version: Literal[1] = 1
    tool: str = Field(description="dvc-provenance and its version")
    date: date
    request: Request
    policy: RecordedPolicy
    inputs: tuple[RecordedInput, ...]
    mixture: str | None = Field(description="``sha256:…`` of the mixture file, if there is one")
    verdict: Status
    passes: bool
    findings: tuple[RecordedFinding, ...]


def verdict_file(audit: Audit, root: Path) -> VerdictFile:
    """What is to be kept of ``audit``, which must have a policy. The sidecars are read, to hash them.

    ``root``: of the DVC repository.
    """
    assert audit.policy is not None and audit.verdict is not None
    return VerdictFile(
        tool=f"dvc-provenance {__version__}",
        date=audit.today,
        request=audit.request,
        policy=recorded_policy(audit.policy),
        inputs=tuple(_recorded_input(each) for each in audit.inputs),
        mixture=mixture_digest(root, audit.request),
        verdict=audit.verdict.status,
        passes=audit.verdict.passes,
        findings=recorded_findings(audit),
    )


def recorded_policy(policy: Policy) -> RecordedPolicy:
    """``policy`` as a verdict keeps it."""
    return RecordedPolicy(
        sources=policy.sources,
        digest=policy.digest,
        unknown=policy.unknown,
        rules=policy.rules,
        waive=policy.waivers,
    )


def recorded_findings(audit: Audit) -> tuple[RecordedFinding, ...]:
    """The findings as a verdict keeps them."""
    return tuple(
        RecordedFinding(
            rule=finding.rule,
            dataset=finding.dataset,
            status=finding.status,
            severity=finding.severity,
            value=finding.value,
            observed=finding.observed,
            observed_at_most=finding.observed_at_most,
            threshold=dict(finding.threshold),
            message=finding.message,
            waived=finding.waiver is not None,
        )
        for finding in (judged.finding for judged in audit.findings)
    )


def write_verdict(file: Path, verdict: VerdictFile) -> None:
    """Write ``verdict`` as JSON with sorted keys."""
    text = json.dumps(verdict.model_dump(mode="json"), indent=2, sort_keys=True, allow_nan=False) + "\n"
    with whole_file(file) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_verdict(file: Path) -> VerdictFile:
    """Read the verdict at ``file``.

    Raises:
        ProvenanceError: it cannot be read, or is not one.
    """
    try:
        content = json.loads(read_document(file, "verdict"))
    except (ValueError, RecursionError) as error:
        raise ProvenanceError(f"{file}: not valid JSON: {error}") from error
    return validated(VerdictFile, content, str(file), "; see docs/auditing.md")


def _recorded_input(read: Input) -> RecordedInput:
    return RecordedInput(
        role=read.role,
        dataset=read.dataset,
        rows=read.rows,
        size=read.size,
        md5=read.md5,
        sidecar=read.sidecar_digest(),
    )
