from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

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
    references,
)

THRESHOLD: TypeAdapter[Threshold] = TypeAdapter(Threshold)


@pytest.mark.parametrize(
    ("written", "meant", "words"),
    [
        ({"at_least": 0.1}, AtLeast(at_least=0.1), "at least 0.1"),
        ({"at_most": 2}, AtMost(at_most=2), "at most 2"),
        ({"at_least": -0.1, "at_most": 0.1}, Between(at_least=-0.1, at_most=0.1), "at least -0.1 and at most 0.1"),
        ({"equals": False}, Equals(equals=False), "equal to false"),
        ({"equals": 0}, Equals(equals=0), "equal to 0"),
        ({"only": ["MIT", "CC-*"]}, Only(only=("MIT", "CC-*")), "only MIT, CC-*"),
        ({"none_of": ["gpt-*"]}, NoneOf(none_of=("gpt-*",)), "none of gpt-*"),
        ({"at_most": {"value": "measures.drift.tokens.null_p99"}}, None, "at most measures.drift.tokens.null_p99"),
    ],
)
def test_the_keys_tell_what_is_asked(written: dict[str, Any], meant: Threshold | None, words: str) -> None:
    parsed = THRESHOLD.validate_python(written)
    assert meant is None or (parsed == meant and type(parsed) is type(meant))
    assert in_words(parsed) == words
    assert THRESHOLD.validate_python(parsed.model_dump(mode="json")) == parsed


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"below": 1},
        {"at_least": 1, "equals": 1},
        {"at_least": float("nan")},
        {"at_most": float("inf")},
        {"at_least": "0.1"},
        {"at_least": True},
        {"at_least": 2, "at_most": 1},
        {"only": []},
        {"none_of": [""]},
        {"at_most": {"value": ""}},
        ["at_least"],
    ],
)
def test_what_asks_nothing_that_can_be_kept_is_no_threshold(written: Any) -> None:
    with pytest.raises(ValidationError):
        THRESHOLD.validate_python(written)


def test_references_are_other_values_of_the_audit() -> None:
    threshold = Between(at_least=Reference(value="max_depth"), at_most=3)
    assert references(threshold) == ["max_depth"]
    assert references(Equals(equals=1)) == []


@pytest.mark.parametrize("bound", [float("nan"), float("inf"), "many", [1], True, None])
def test_what_a_bound_may_be_is_told(bound: Any) -> None:
    with pytest.raises(
        ValidationError, match=r"a bound is a number, or \{value: PATH\} for another value of the audit"
    ):
        THRESHOLD.validate_python({"at_most": bound})


def test_nothing_is_equal_to_no_number() -> None:
    with pytest.raises(ValidationError, match="expected a number, text, true or false"):
        THRESHOLD.validate_python({"equals": float("nan")})
