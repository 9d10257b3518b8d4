"""Words for pass and fail, as verifiers write their verdicts."""

from __future__ import annotations

_PASS = frozenset({"pass", "passed", "correct", "true", "yes", "ok", "valid", "accept", "accepted", "1", "1.0"})
_FAIL = frozenset({"fail", "failed", "incorrect", "false", "no", "wrong", "invalid", "reject", "rejected", "0", "0.0"})


def passed(verdict: str) -> bool | None:
    """Whether ``verdict`` is a word for pass; None for what is neither that nor a word for fail, such as a score."""
    word = verdict.strip().casefold()
    return True if word in _PASS else False if word in _FAIL else None
