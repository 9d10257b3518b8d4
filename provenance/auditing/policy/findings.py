"""What is said of one rule and one dataset, and what it comes to in the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from provenance.auditing.policy.rules import Severity, Titles, Waiver, WhenUnknown


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
