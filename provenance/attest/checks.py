"""What came of checking a statement or a proof: each thing by itself, and what all of it comes to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """Of one check."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Check:
    """One thing that was to be checked: ``what``, how it came out, and ``message`` says more in one line."""

    what: str
    outcome: Outcome
    message: str


@dataclass(frozen=True)
class Verified:
    """All checks of a document, which is about ``subject``. It is verified where all were made, and none failed."""

    subject: str | None
    checks: tuple[Check, ...]

    @property
    def failed(self) -> bool:
        return any(check.outcome is Outcome.FAILED for check in self.checks)

    @property
    def is_verified(self) -> bool:
        return all(check.outcome is Outcome.OK for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """In JSON's types."""
        return {
            "verified": self.is_verified,
            "subject": self.subject,
            "checks": [asdict(check) for check in self.checks],
        }


def passed(what: str, message: str) -> Check:
    return Check(what, Outcome.OK, message)


def failed(what: str, message: str) -> Check:
    return Check(what, Outcome.FAILED, message)


def not_checked(what: str, message: str) -> Check:
    return Check(what, Outcome.NOT_CHECKED, message)


def judged(what: str, problems: Iterable[str], otherwise: str) -> list[Check]:
    """A failed check for each of ``problems``; one that says ``otherwise`` where there are none."""
    return [failed(what, problem) for problem in problems] or [passed(what, otherwise)]
