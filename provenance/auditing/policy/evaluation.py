"""Judging an audited dataset by a policy: one finding for each rule that is for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from provenance.auditing.policy.findings import Finding, Status
from provenance.auditing.policy.judging import judge
from provenance.auditing.policy.rules import Policy, Rule, Severity, Titles, Waiver, WhenUnknown
from provenance.auditing.policy.values import MIXTURE, is_of_mixture, of_any_group, part_of, said_of

# The rule that a dataset breaks that no rule is for: a gate that checks nothing must not look green.
NO_RULE = "no-rule-applies"


def evaluate(policy: Policy, audited: Mapping[str, Any], today: date) -> list[Finding]:
    """Judge a dataset by every rule that is for it.

    Args:
        audited: the audit of the dataset, as in the JSON of `provenance audit`.
        today: the day on which waivers must be in force.
    """
    path = str(audited["path"])
    rules = [rule for rule in policy.rules if not is_of_mixture(rule.value)]
    findings = [_finding(policy, rule, audited, today) for rule in rules if _is_for(rule, path, audited)]
    return findings or [_nothing_applies(policy, path)]


def evaluate_mixture(policy: Policy, path: str, mixture: Mapping[str, Any] | None, today: date) -> list[Finding]:
    """Judge a mixture by every rule about mixtures; where there is none (None), these rules are UNKNOWN.

    But a rule that is only for mixtures that are given says nothing then.

    Args:
        path: of the mixture file, or what to call the lack of one.
        mixture: as in the JSON of `provenance audit`.
    """
    audited = {"path": path, MIXTURE: mixture}
    rules = [rule for rule in policy.rules if is_of_mixture(rule.value)]
    return [
        _finding(policy, rule, audited, today)
        for rule in rules
        if (not rule.scope.if_given if mixture is None else _is_for(rule, path, mixture))
    ]


def _is_for(rule: Rule, path: str, breakdowns: Mapping[str, Any]) -> bool:
    scope = rule.scope
    return (
        scope.covers(path)
        and (scope.origin is None or _may_have(breakdowns, "by_origin", scope.origin))
        and (scope.kind is None or _may_have(breakdowns, "by_kind", scope.kind))
    )


def _may_have(breakdowns: Mapping[str, Any], breakdown: str, group: str) -> bool:
    return group in breakdowns[breakdown] or of_any_group(breakdowns, breakdown) > 0


def _finding(policy: Policy, rule: Rule, audited: Mapping[str, Any], today: date) -> Finding:
    judged = judge(rule, audited)
    waiver, expired = (
        _waivers(policy, rule, str(audited["path"]), today) if judged.status != "CLEARED" else (None, None)
    )
    part = part_of(audited, rule.value)
    message = f"{rule.value}{'' if part is None else f' ({part})'}: {judged.why}"
    if judged.status is Status.BLOCKED and (said := said_of(audited, rule.value)):
        message += f" ({said})"
    if waiver is not None:
        message += f"; waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
    elif expired is not None:
        message += f"; the waiver by {expired.owner} expired on {expired.expires}"
    return Finding(
        rule=rule.id,
        dataset=str(audited["path"]),
        status=judged.status,
        severity=_severity(rule, judged.status),
        value=rule.value,
        observed=judged.observed,
        threshold=judged.threshold.model_dump(mode="json"),
        message=message,
        reason=rule.reason,
        remedy=rule.remedy,
        unknown=WhenUnknown.FAIL if judged.is_ambiguous else rule.unknown or policy.unknown,
        waiver=waiver,
        expired=expired,
        observed_at_most=judged.at_most,
        titles=rule.title,
    )


def _severity(rule: Rule, status: Status) -> Severity:
    """A rule that says itself that UNKNOWN fails is as grave as one that blocks, where it is UNKNOWN."""
    return Severity.ERROR if status is Status.UNKNOWN and rule.unknown is WhenUnknown.FAIL else rule.severity


def _nothing_applies(policy: Policy, path: str) -> Finding:
    return Finding(
        rule=NO_RULE,
        dataset=path,
        status=Status.UNKNOWN,
        severity=Severity.ERROR,
        value="rules",
        observed=0,
        threshold={"at_least": 1},
        message=f"no rule of {policy.name} is for this dataset, so nothing was checked",
        reason="A gate that checks nothing must not look green.",
        remedy="Widen a rule's scope, or do not audit this dataset by this policy.",
        unknown=policy.unknown,
        titles=Titles(kept="Rules apply", broken="No rule applies", not_judged="Nothing was checked: no rule applies"),
    )


def _waivers(policy: Policy, rule: Rule, path: str, today: date) -> tuple[Waiver | None, Waiver | None]:
    """The waiver of the rule that is in force longest; where there is none, the one that expired last."""
    fitting = [
        waiver
        for waiver in policy.waivers
        if waiver.rule == rule.id
        and (waiver.datasets is None or any(fnmatchcase(path, pattern) for pattern in waiver.datasets))
    ]
    latest = max(fitting, key=lambda waiver: waiver.expires, default=None)
    if latest is None or latest.expires >= today:
        return latest, None
    return None, latest
