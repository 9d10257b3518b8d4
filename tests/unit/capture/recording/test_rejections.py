from __future__ import annotations

from decimal import Decimal
from typing import Any

from provenance.capture.recording.rejections import (
    LONGEST_REASON,
    MOST_REASONS,
    OTHER_REASONS,
    calls_taken,
    counted_reasons,
)
from provenance.lineage.records import Price, RejectedCalls


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


PRICE = Price.model_validate(
    {
        "currency": "USD",
        "input": "2",
        "output": "8",
        "table": "prices.yaml",
        "version": "1",
        "dated": "2026-01-01",
        "digest": "sha256:00",
    }
)


def test_what_rejected_calls_took_is_added_up_by_activity() -> None:
    taken: list[dict[str, Any]] = [
        {"input_tokens": 500_000, "output_tokens": 250_000},
        {"cost": "0.25", "activity": 0},
        {},
        {"activity": 1, "input_tokens": 7},
    ]
    assert calls_taken(taken, [PRICE, None]) == {
        0: RejectedCalls(calls=3, input_tokens=500_000, output_tokens=250_000, cost=Decimal("3.25")),
        1: RejectedCalls(calls=1, input_tokens=7),
    }


def test_nothing_is_added_up_where_nothing_is_known() -> None:
    assert calls_taken([{}, {}], [None]) == {}
