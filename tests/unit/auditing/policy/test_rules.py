from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.schemas import schema_of

from provenance.auditing.policy.rules import Policy, PolicyFile, Rule, Waiver

SCHEMA = Path(__file__).resolve().parents[4] / "docs/specification/policy.schema.json"
RULE: dict[str, Any] = {"id": "some-real", "value": "by_origin.real.rows", "threshold": {"at_least": 1}, "reason": "so"}


def test_the_published_schema_is_the_one_that_is_applied() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema_of(PolicyFile)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "Some Real"},
        {"id": "a--b"},
        {"value": "by_origin.reel.rows"},
        {"value": "by_origin"},
        {"threshold": {}},
        {"severity": "fatal"},
        {"reason": "  "},
        {"scope": {"origin": "human"}},
        {"scope": {"datasets": []}},
        {"treshold": {"at_least": 1}},
    ],
)
def test_a_rule_that_means_nothing_is_refused(change: dict[str, Any]) -> None:
    Rule.model_validate(RULE)
    with pytest.raises(ValidationError):
        Rule.model_validate(RULE | change)


def test_a_breakdown_as_a_whole_is_asked_for_names() -> None:
    rule = Rule.model_validate(RULE | {"value": "by_license", "threshold": {"only": ["MIT"]}})
    assert rule.threshold.model_dump() == {"only": ("MIT",)}


def test_a_policy_knows_the_measures_that_its_rules_read() -> None:
    bound = {"at_most": {"value": "measures.drift.tokens.null_p99"}}
    rules = (
        Rule.model_validate(RULE),
        Rule.model_validate(RULE | {"id": "drift", "value": "measures.near_duplicates.fraction", "threshold": bound}),
    )
    assert Policy(("p",), rules).measures == {"drift", "near_duplicates"}


def test_the_digest_is_of_what_is_applied_and_not_of_how_it_was_written() -> None:
    rule = Rule.model_validate(RULE)
    same = Rule.model_validate(RULE | {"severity": "error", "scope": {}})
    other = Rule.model_validate(RULE | {"threshold": {"at_least": 2}})
    waiver = Waiver(rule="some-real", owner="ann", reason="so", expires=date(2030, 1, 1))
    digest = Policy(("a",), (rule,)).digest
    assert digest == Policy(("b",), (same,)).digest
    assert len({digest, Policy(("a",), (other,)).digest, Policy(("a",), (rule,), (waiver,)).digest}) == 3


@pytest.mark.parametrize("missing", ["owner", "reason", "expires"])
def test_a_waiver_has_an_owner_a_reason_and_an_end(missing: str) -> None:
    waiver = {"rule": "some-real", "owner": "ann", "reason": "so", "expires": "2030-01-01"}
    Waiver.model_validate(waiver)
    del waiver[missing]
    with pytest.raises(ValidationError):
        Waiver.model_validate(waiver)
