"""The verdict on an audit: what all findings come to together.

BLOCKED, where a rule that counts is; UNKNOWN, where one is; else CLEARED. A rule counts if its severity is error and
it is not waived, and not while the policy passes over its UNKNOWN. Where the policy only warns of what is UNKNOWN,
the whole is UNKNOWN and passes; else UNKNOWN does not pass. Where nothing was found out, the whole is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from provenance.auditing.policy.findings import Finding, Outcome, Status
from provenance.auditing.policy.rules import Waiver


@dataclass(frozen=True)
class Verdict:
    """``status`` of the whole, and whether it ``passes``, as the exit code says.

    ``warnings``: how many rules of severity warn are not kept, and not waived; they never block.
    """

    status: Status
    passes: bool
    warnings: int = 0


def verdict_of(findings: Sequence[Finding]) -> Verdict:
    """What ``findings`` come to; of none, nothing is known, and that does not pass."""
    warnings = sum(finding.outcome is Outcome.WARNING for finding in findings)
    counting = [finding for finding in findings if finding.counts and not finding.is_passed_over]
    if any(finding.status is Status.BLOCKED for finding in counting):
        return Verdict(Status.BLOCKED, passes=False, warnings=warnings)
    if any(finding.status is Status.UNKNOWN for finding in counting):
        return Verdict(Status.UNKNOWN, passes=not any(finding.fails for finding in counting), warnings=warnings)
    if all(finding.status is Status.UNKNOWN for finding in findings):
        return Verdict(Status.UNKNOWN, passes=bool(findings), warnings=warnings)
    return Verdict(Status.CLEARED, passes=True, warnings=warnings)


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """A finding in JSON's types."""
    return {
        "rule": finding.rule,
        "dataset": finding.dataset,
        "status": finding.status.value,
        "outcome": finding.outcome.value,
        "severity": finding.severity.value,
        "value": finding.value,
        "observed": finding.observed,
        "observed_at_most": finding.observed_at_most,
        "threshold": dict(finding.threshold),
        "message": finding.message,
        "reason": finding.reason,
        "remedy": finding.remedy,
        "unknown": finding.unknown.value,
        "waived": _waiver_as_json(finding.waiver),
        "expired_waiver": _waiver_as_json(finding.expired),
    }


def _waiver_as_json(waiver: Waiver | None) -> dict[str, str] | None:
    if waiver is None:
        return None
    return {"owner": waiver.owner, "reason": waiver.reason, "expires": waiver.expires.isoformat()}
