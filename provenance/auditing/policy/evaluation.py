"""Judging an audited dataset by a policy: one finding for each rule that is for it.

A rule is CLEARED or BLOCKED only where that is sure. It is UNKNOWN where a value is missing, or where what nobody
stated of some rows could turn the answer. Where rows that are ambiguous could turn it, births are known of which one
keeps the rule and another does not: it is UNKNOWN, and the policy does not pass over that, nor only warns of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from provenance.auditing.policy.rules import Policy, Rule, Severity, Titles, Waiver, WhenUnknown
from provenance.auditing.policy.thresholds import (
    AtLeast,
    AtMost,
    Between,
    Equals,
    NoneOf,
    Only,
    Reference,
    Threshold,
    in_words,
)
from provenance.auditing.policy.values import (
    MIXTURE,
    Interval,
    Missing,
    doubt_of,
    interval,
    is_of_mixture,
    look_up,
    of_any_group,
    part_of,
    said_of,
)
from provenance.auditing.units import Unit, unit_of
from provenance.ledger.composition.breakdowns import UNSURE
from provenance.lineage.license_terms import spelt
from provenance.lineage.words import AMBIGUOUS

# The rule that a dataset breaks that no rule is for: a gate that checks nothing must not look green.
NO_RULE = "no-rule-applies"


# The values whose names are licences.
_LICENCES = re.compile(
    r"(mixture\.)?by_license$|mixture\.licenses\.no|measures\.licenses\.|measures\.ancestry\.by_license$"
)


class Status(StrEnum):
    """What is said of a rule, and of the whole."""

    CLEARED = "CLEARED"
    BLOCKED = "BLOCKED"
    UNKNOWN = "UNKNOWN"


class Outcome(StrEnum):
    """What one finding comes to in the whole: each is one of these, and is counted once."""

    FAILED = "failed"
    UNKNOWN = "unknown"
    WARNING = "warning"
    NOTE = "note"
    KEPT = "kept"
    PASSED_OVER = "passed over"
    WAIVED = "waived"


@dataclass(frozen=True)
class Finding:
    """What is said of one rule and one dataset.

    ``value``: the path of what was observed. ``observed``: a scalar, or the names that are not allowed; None where it
    is missing. ``observed_at_most``: what it may be instead, as rows are ambiguous; None where they make no difference
    to it. ``severity``: error where the rule says that UNKNOWN fails, and it is that.
    ``threshold``: with its references settled as far as they could be. ``waiver``: the one in force;
    ``expired``: the latest that no longer is. ``unknown``: what is made of this rule where it is UNKNOWN. ``titles``:
    what it comes to by outcome, in words for people.
    """

    rule: str
    dataset: str
    status: Status
    severity: Severity
    value: str
    observed: Any
    threshold: Mapping[str, Any]
    message: str
    reason: str
    remedy: str | None
    unknown: WhenUnknown
    waiver: Waiver | None = None
    expired: Waiver | None = None
    observed_at_most: float | None = None
    titles: Titles | None = None

    @property
    def title(self) -> str:
        """What the rule comes to, in words for people; its id, where it has no such words."""
        if self.titles is None:
            return self.rule.replace("-", " ").capitalize()
        if self.status is Status.UNKNOWN:
            return self.titles.not_judged
        return self.titles.kept if self.status is Status.CLEARED else self.titles.broken

    @property
    def counts(self) -> bool:
        """Whether the verdict on the whole depends on it: its severity is error, and it is not waived."""
        return self.severity is Severity.ERROR and self.waiver is None

    @property
    def fails(self) -> bool:
        """Whether the whole does not pass because of it."""
        return self.counts and (
            self.status is Status.BLOCKED or (self.status is Status.UNKNOWN and self.unknown is WhenUnknown.FAIL)
        )

    @property
    def outcome(self) -> Outcome:
        """What it comes to: only a rule of severity error that nobody waived fails; one of severity warn warns."""
        if self.status is Status.CLEARED:
            return Outcome.KEPT
        if self.is_passed_over:
            return Outcome.PASSED_OVER
        if self.waiver is not None:
            return Outcome.WAIVED
        if self.status is Status.UNKNOWN:
            return Outcome.UNKNOWN
        return {Severity.WARN: Outcome.WARNING, Severity.INFO: Outcome.NOTE}.get(self.severity, Outcome.FAILED)

    @property
    def is_open(self) -> bool:
        """Whether there is something in it for somebody to see."""
        return self.status is not Status.CLEARED and not self.is_passed_over

    @property
    def is_passed_over(self) -> bool:
        """Whether nothing is known of it, and the policy says that this does not matter."""
        return self.status is Status.UNKNOWN and self.unknown is WhenUnknown.PASS


@dataclass(frozen=True)
class _Judged:
    status: Status
    observed: Any
    threshold: Threshold
    why: str
    at_most: float | None = None
    is_ambiguous: bool = False


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
    judged = _judge(rule, audited)
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


def _judge(rule: Rule, audited: Mapping[str, Any]) -> _Judged:
    found = look_up(audited, rule.value)
    threshold = _settled(rule.threshold, audited)
    if isinstance(found, Missing):
        return _Judged(Status.UNKNOWN, None, rule.threshold, found.reason)
    if isinstance(threshold, Missing):
        shown = None if isinstance(found, Mapping) else found
        return _Judged(Status.UNKNOWN, shown, rule.threshold, f"nothing to compare with: {threshold.reason}")
    if isinstance(threshold, Only | NoneOf):
        in_any = of_any_group(audited, rule.value) > 0
        return _judge_names(threshold, found, path=rule.value, doubt=doubt_of(audited, rule.value), in_any=in_any)
    if isinstance(threshold, Equals) and not _is_number(threshold.equals):
        status = Status.CLEARED if found == threshold.equals else Status.BLOCKED
        shown = str(found).lower() if isinstance(found, bool) else str(found)
        return _Judged(status, found, threshold, f"{shown}; the rule requires {in_words(threshold)}")
    known = interval(audited, rule.value, found)
    if isinstance(known, Missing):
        return _Judged(Status.UNKNOWN, None if isinstance(found, Mapping) else found, threshold, known.reason)
    return _judge_number(threshold, found, known, unit_of(rule.value))


def _judge_number(threshold: Threshold, found: Any, known: Interval, unit: Unit) -> _Judged:
    asked = in_words(threshold, unit)
    at_most = None if known.at_most is None or math.isinf(known.at_most) else known.at_most
    shown = unit.shown(known.low) if at_most is None else f"{unit.bare(known.low)} to {unit.shown(at_most)}"
    status = _status(threshold, known.low, known.high)
    if status is Status.CLEARED:
        return _Judged(status, found, threshold, f"{shown}; the rule requires {asked}", at_most)
    if status is Status.BLOCKED:
        _, missed = _test(threshold)
        distance = min(missed(known.low), missed(known.high), key=abs)
        side = "under" if distance < 0 else "over"
        why = f"{shown}; the rule requires {asked} ({unit.distance(abs(distance))} {side})"
        return _Judged(status, found, threshold, why, at_most)
    return _Judged(
        status,
        found,
        threshold,
        f"{shown}; the rule requires {asked}, but {known.doubt}",
        at_most,
        is_ambiguous=_status(threshold, known.low, known.ambiguous_end) is Status.UNKNOWN,
    )


def _status(threshold: Threshold, low: float, high: float) -> Status:
    """What can be said of a number between ``low`` and ``high``."""
    holds, missed = _test(threshold)
    lowest, highest = holds(low), holds(high)
    if lowest and highest:
        return Status.CLEARED
    # Where the threshold is two-sided, both ends may miss it and something between them keep it.
    between = isinstance(threshold, Between | Equals) and missed(low) < 0 < missed(high)
    return Status.UNKNOWN if lowest or highest or between else Status.BLOCKED


def _test(threshold: Threshold) -> tuple[Callable[[float], bool], Callable[[float], float]]:
    """Whether a number keeps the threshold, and by how much it is below (negative) or above what is asked."""
    low, high = -float("inf"), float("inf")
    if isinstance(threshold, Equals):
        low = high = float(threshold.equals)
    if isinstance(threshold, AtLeast | Between):
        low = _plain(threshold.at_least)
    if isinstance(threshold, AtMost | Between):
        high = _plain(threshold.at_most)

    def missed(number: float) -> float:
        return number - low if number < low else max(number - high, 0.0)

    return lambda number: low <= number <= high, missed


def _judge_names(
    threshold: Only | NoneOf, found: Any, *, path: str, doubt: str | None, in_any: bool = False
) -> _Judged:
    """``in_any``: rows may be of a name that is not among those found."""
    if not isinstance(found, Mapping | str):
        return _Judged(Status.UNKNOWN, found, threshold, f"{found} is not a name")
    names = [found] if isinstance(found, str) else [name for name in found if name != AMBIGUOUS]
    patterns = threshold.only if isinstance(threshold, Only) else threshold.none_of
    is_of_licences = _LICENCES.match(path) is not None
    fitting = [name for name in names if any(_fits(name, pattern, is_of_licences) for pattern in patterns)]
    others = [name for name in names if name not in fitting]
    unsure = [name for name in others if name in UNSURE]
    wrong = fitting if isinstance(threshold, NoneOf) else [name for name in others if name not in UNSURE]
    certain = [name for name in wrong if not _is_only_possible(found, name)]
    allowed = f"allowed is {in_words(threshold)}"
    if certain:
        return _Judged(Status.BLOCKED, certain, threshold, f"{', '.join(certain)}: {allowed}")
    if wrong or in_any:
        may_be = f"be {' or '.join(wrong)}" if wrong else "be of any"
        why = f"some rows may {may_be}, as they are ambiguous; {allowed}"
        return _Judged(Status.UNKNOWN, wrong, threshold, why, is_ambiguous=True)
    if unsure:
        why = f"some rows are {' or '.join(unsure)}, {allowed}"
        return _Judged(Status.UNKNOWN, unsure, threshold, why)
    if doubt is not None:
        return _Judged(Status.UNKNOWN, names, threshold, doubt)
    return _Judged(Status.CLEARED, names, threshold, allowed)


def _is_only_possible(found: Mapping[str, Any] | str, name: str) -> bool:
    """Whether no row is certainly of the group ``name``."""
    group = found.get(name) if isinstance(found, Mapping) else None
    return isinstance(group, Mapping) and not group.get("rows", 1) and bool(group.get("at_most_rows"))


def _fits(name: str, pattern: str, is_licence: bool) -> bool:
    """Whether ``name`` fits; SPDX's identifiers are the same in any case and are compared as SPDX spells them."""
    if is_licence:
        return fnmatchcase(spelt(name).casefold(), pattern.casefold())
    return fnmatchcase(name, pattern)


def _settled(threshold: Threshold, audited: Mapping[str, Any]) -> Threshold | Missing:
    """The threshold with numbers in place of references."""
    bounds: dict[str, Any] = {}
    for end in ("at_least", "at_most"):
        bound = getattr(threshold, end, None)
        if isinstance(bound, Reference):
            found = look_up(audited, bound.value)
            known = found if isinstance(found, Missing) else interval(audited, bound.value, found)
            if isinstance(known, Missing):
                return known
            # What is ambiguous of it counts against the dataset.
            bounds[end] = known.ambiguous_end if end == "at_least" else known.low
    return threshold.model_copy(update=bounds)


def _plain(bound: Any) -> float:
    assert not isinstance(bound, Reference), "references are settled first"
    return float(bound)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
