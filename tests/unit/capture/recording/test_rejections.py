from __future__ import annotations

from provenance.capture.recording.rejections import LONGEST_REASON, MOST_REASONS, OTHER_REASONS, counted_reasons


def test_the_most_frequent_come_first() -> None:
    assert counted_reasons({}) is None
    counted = counted_reasons({"too long": 1, "too short": 5, "not a question": 1})
    assert counted is not None
    assert list(counted.items()) == [("too short", 5), ("not a question", 1), ("too long", 1)]


def test_reasons_that_all_differ_are_bounded_and_none_goes_uncounted() -> None:
    reasons = {f"row {number}": 1 for number in range(MOST_REASONS + 50)} | {OTHER_REASONS: 7}
    counted = counted_reasons(reasons)
    assert counted is not None
    assert len(counted) == MOST_REASONS
    assert counted[OTHER_REASONS] == 7 + 51
    assert sum(counted.values()) == sum(reasons.values())


def test_long_reasons_are_cut_and_counted_together() -> None:
    counted = counted_reasons({"x" * 1000 + end: 1 for end in "ab"})
    assert counted == {"x" * (LONGEST_REASON - 1) + "…": 2}


def test_secrets_are_not_recorded() -> None:
    assert counted_reasons({"api_key=abc123 was refused": 1}) == {"api_key=REDACTED was refused": 1}
