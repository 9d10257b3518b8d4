"""Rows that may have been born in several ways: a rule takes the end that is worse, and says that it is a doubt."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest

from provenance.auditing.policy.evaluation import evaluate
from provenance.auditing.policy.findings import Finding, Outcome, Status
from provenance.auditing.policy.rules import Policy, Rule, WhenUnknown
from provenance.auditing.policy.values import Interval, interval, look_up
from provenance.auditing.verdict import verdict_of


def share(rows: int, at_most_rows: int | None = None) -> dict[str, Any]:
    """A share of 100 rows."""
    most = rows if at_most_rows is None else at_most_rows
    return {
        "rows": rows,
        "at_most_rows": most,
        "bytes": 10 * rows,
        "at_most_bytes": 10 * most,
        "fraction": rows / 100,
        "at_most_fraction": most / 100,
    }


def audited(**more: Any) -> dict[str, Any]:
    """30 rows are by m1, 20 by m2, 10 by either; 5 rows may be of any depth."""
    return {
        "path": "mix.jsonl",
        "rows": 100,
        "by_origin": {"synthetic": share(60), "real": share(40)},
        "by_kind": {},
        "by_model": {"m1": share(30, 40), "m2": share(20, 30), "ambiguous": share(10)},
        "by_license": {"MIT": share(90, 100), "GPL-3.0-only": share(0, 10), "ambiguous": share(10)},
        "by_depth": {"1": share(95, 100), "ambiguous": share(5)},
        "ambiguous": {
            "by_model": {"rows": 10, "of_any_group": 0, "between": {"m1 or m2": 10}},
            "by_license": {"rows": 10, "of_any_group": 0, "between": {"GPL-3.0-only or MIT": 10}},
            "by_depth": {"rows": 5, "of_any_group": 5, "between": {"any": 5}},
        },
        "real_rooted_fraction": 0.5,
        "at_most_real_rooted_fraction": 0.75,
        "max_depth": 1,
        "at_most_max_depth": 3,
        "measures": {"fan": {"rows": 3, "fraction": 0.03}},
        "doubts": {"fan": {"rows": {"more": 9, "why": "it is so", "at_most": 7}}},
        **more,
    }


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("by_model.m1.rows", (30, 40, 40)),
        ("by_model.m1.fraction", (0.3, 0.4, 0.4)),
        ("by_model.m1.bytes", (300, 400, 400)),
        ("by_model.m3.rows", (0, 0, None)),
        ("by_origin.real.rows", (40, 40, None)),
        ("by_depth.7.rows", (0, 5, 5)),
        ("by_depth.7.fraction", (0, 0.05, 0.05)),
        ("by_model.ambiguous.rows", (10, 10, None)),
        ("real_rooted_fraction", (0.5, 0.75, 0.75)),
        ("max_depth", (1, math.inf, math.inf)),
        ("measures.fan.rows", (3, 12, 7)),
        ("measures.fan.fraction", (0.03, 0.03, None)),
    ],
)
def test_what_is_ambiguous_makes_an_interval(path: str, known: tuple[float, float, float | None]) -> None:
    document = audited()
    found = interval(document, path, look_up(document, path))
    assert isinstance(found, Interval)
    assert (found.low, found.high, found.at_most) == known


def test_what_nobody_stated_may_be_of_a_group_as_well_but_no_row_counts_twice() -> None:
    # 10 rows are by m1 or by nobody knows whom, who may be m1, too.
    models = {"m1": share(30, 40), "m2": share(20), "unstated": share(5, 15), "ambiguous": share(10)}
    document = audited(by_model=models, ambiguous={"by_model": {"rows": 10, "of_any_group": 0}})
    found = interval(document, "by_model.m1.rows", 30)
    assert isinstance(found, Interval)
    assert (found.low, found.at_most, found.high) == (30, 40, 45)
    assert found.doubt == "up to 10 ambiguous and 15 unstated may belong to it"


def judge(value: str, threshold: dict[str, Any], unknown: WhenUnknown = WhenUnknown.FAIL, **more: Any) -> Finding:
    rule = Rule.model_validate({"id": "r", "value": value, "threshold": threshold, "reason": "so"})
    (finding,) = evaluate(Policy(("p",), (rule,), unknown=unknown), audited(**more), date(2030, 1, 1))
    return finding


@pytest.mark.parametrize(
    ("value", "threshold", "status"),
    [
        ("by_model.m1.rows", {"at_most": 40}, Status.CLEARED),
        ("by_model.m1.rows", {"at_most": 39}, Status.UNKNOWN),
        ("by_model.m1.rows", {"at_most": 29}, Status.BLOCKED),
        ("by_model.m1.rows", {"at_least": 30}, Status.CLEARED),
        ("by_model.m1.rows", {"at_least": 31}, Status.UNKNOWN),
        ("by_model.m1.rows", {"at_least": 41}, Status.BLOCKED),
        ("by_model.m1.rows", {"at_least": 32, "at_most": 38}, Status.UNKNOWN),
        ("by_model.m1.rows", {"equals": 35}, Status.UNKNOWN),
        ("by_model.m3.rows", {"equals": 0}, Status.CLEARED),
        ("by_depth.7.rows", {"equals": 0}, Status.UNKNOWN),
        ("max_depth", {"at_most": 9}, Status.UNKNOWN),
        ("by_license", {"none_of": ["GPL*"]}, Status.UNKNOWN),
        ("by_license", {"none_of": ["GPL*", "MIT"]}, Status.BLOCKED),
        ("by_license", {"none_of": ["Apache*"]}, Status.CLEARED),
        ("by_license", {"only": ["MIT"]}, Status.UNKNOWN),
        ("by_license", {"only": ["MIT", "GPL*"]}, Status.CLEARED),
        ("by_depth", {"only": ["1"]}, Status.UNKNOWN),
    ],
)
def test_a_rule_is_kept_or_not_only_where_both_ends_say_so(
    value: str, threshold: dict[str, Any], status: Status
) -> None:
    finding = judge(value, threshold)
    assert finding.status is status, finding.message


@pytest.mark.parametrize("unknown", WhenUnknown)
def test_no_policy_passes_over_the_end_that_is_worse(unknown: WhenUnknown) -> None:
    for value, threshold in (("by_model.m1.rows", {"at_most": 39}), ("by_license", {"none_of": ["GPL*"]})):
        finding = judge(value, threshold, unknown)
        assert (finding.fails, finding.outcome) == (True, Outcome.UNKNOWN)
        assert not verdict_of([finding]).passes


def test_what_nobody_stated_is_still_passed_over_where_the_policy_says_so() -> None:
    models = {"m1": share(30, 40), "unstated": share(5), "ambiguous": share(10)}
    finding = judge("by_model.m1.rows", {"at_most": 42}, WhenUnknown.PASS, by_model=models)
    assert (finding.status, finding.outcome) == (Status.UNKNOWN, Outcome.PASSED_OVER)


def test_a_finding_says_both_ends_and_what_is_in_doubt() -> None:
    finding = judge("by_model.m1.rows", {"at_most": 39})
    assert (finding.observed, finding.observed_at_most) == (30, 40)
    assert finding.message == (
        "by_model.m1.rows: 30 to 40 rows; the rule requires at most 39, but up to 10 ambiguous may belong to it"
    )
    finding = judge("by_license", {"none_of": ["GPL*"]})
    assert finding.message == (
        "by_license: some rows may be GPL-3.0-only, as they are ambiguous; allowed is none of GPL*"
    )


def test_a_bound_that_is_ambiguous_counts_against_the_dataset() -> None:
    asked = {"at_least": {"value": "by_model.m1.rows"}}
    assert judge("by_origin.real.rows", asked).status is Status.CLEARED
    assert judge("by_origin.real.rows", asked, by_origin={"real": share(39)}).status is Status.BLOCKED
