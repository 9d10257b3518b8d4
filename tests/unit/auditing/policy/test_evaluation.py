from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.auditing.policy.evaluation import NO_RULE, evaluate
from provenance.auditing.policy.findings import Finding, Status
from provenance.auditing.policy.rules import Policy, Rule, Titles, Waiver, WhenUnknown

TODAY = date(2030, 6, 1)


def audited(real: int = 60, synthetic: int = 30, unknown: int = 10, **more: Any) -> dict[str, Any]:
    counts = {"real": real, "synthetic": synthetic, "unknown": unknown}
    total = sum(counts.values())
    groups = {
        origin: {"rows": rows, "bytes": rows, "fraction": rows / total} for origin, rows in counts.items() if rows
    }
    return {
        "path": "data/mix.jsonl",
        "rows": total,
        "by_origin": groups,
        "by_kind": {"rewrite": {"rows": 1}},
        "by_license": {"MIT": {"rows": total}},
        "measures": {},
    } | more


def rule(threshold: dict[str, Any], value: str = "by_origin.real.fraction", **more: Any) -> Rule:
    return Rule.model_validate({"id": "r", "value": value, "threshold": threshold, "reason": "so"} | more)


def judge(asked: Rule, document: dict[str, Any], *waivers: Waiver, today: date = TODAY) -> Finding:
    (finding,) = evaluate(Policy(("p",), (asked,), waivers), document, today)
    return finding


@pytest.mark.parametrize(
    ("threshold", "status"),
    [
        ({"at_least": 0.6}, Status.CLEARED),
        ({"at_least": 0.65}, Status.UNKNOWN),
        ({"at_least": 0.71}, Status.BLOCKED),
        ({"at_most": 0.7}, Status.CLEARED),
        ({"at_most": 0.65}, Status.UNKNOWN),
        ({"at_most": 0.59}, Status.BLOCKED),
        ({"at_least": 0.5, "at_most": 0.8}, Status.CLEARED),
        ({"at_least": 0.63, "at_most": 0.66}, Status.UNKNOWN),
        ({"equals": 0.9}, Status.BLOCKED),
        ({"equals": 0.65}, Status.UNKNOWN),
    ],
)
def test_rows_that_nobody_explained_leave_an_answer_open_that_they_could_turn(
    threshold: dict[str, Any], status: Status
) -> None:
    assert judge(rule(threshold), audited()).status is status


@given(
    st.integers(0, 50),
    st.integers(0, 50),
    st.integers(0, 50),
    st.floats(0, 1),
    st.sampled_from(["at_least", "at_most"]),
    st.data(),
)
def test_an_answer_holds_however_the_unexplained_rows_came_to_be(
    real: int, synthetic: int, unknown: int, bound: float, key: str, data: st.DataObject
) -> None:
    if real + synthetic + unknown == 0:
        return
    said = judge(rule({key: bound}), audited(real, synthetic, unknown)).status
    truly_real = data.draw(st.integers(0, unknown))
    known = judge(rule({key: bound}), audited(real + truly_real, synthetic + unknown - truly_real, 0)).status
    assert known is not Status.UNKNOWN
    assert said in (known, Status.UNKNOWN)


def test_a_finding_says_by_how_much() -> None:
    finding = judge(rule({"at_least": 0.8}), audited(unknown=0))
    assert finding.status is Status.BLOCKED
    assert finding.observed == pytest.approx(60 / 90)
    assert finding.threshold == {"at_least": 0.8}
    assert finding.message == (
        "by_origin.real.fraction: 66.7% of the rows; the rule requires at least 80% (13.3 points under)"
    )


def test_what_is_missing_is_unknown_and_says_why() -> None:
    finding = judge(
        rule({"equals": False}, "measures.drift.beyond_null"),
        audited(measures={"drift": {"not_measured": "no reference"}}),
    )
    assert (finding.status, finding.observed) == (Status.UNKNOWN, None)
    assert finding.message == "measures.drift.beyond_null: no reference"


def test_a_bound_may_be_another_value_such_as_a_measured_null() -> None:
    asked = rule({"at_most": {"value": "measures.drift.null_p99"}}, "measures.drift.divergence")
    for null, status in ((0.3, Status.CLEARED), (0.1, Status.BLOCKED), (None, Status.UNKNOWN)):
        finding = judge(asked, audited(measures={"drift": {"divergence": 0.2, "null_p99": null}}))
        assert finding.status is status
        assert (finding.threshold == {"at_most": null}) == (null is not None)


@pytest.mark.parametrize(
    ("groups", "threshold", "status", "observed"),
    [
        (["MIT", "CC0-1.0"], {"only": ["MIT", "CC*"]}, Status.CLEARED, ["MIT", "CC0-1.0"]),
        (["MIT", "GPL-3.0"], {"only": ["MIT"]}, Status.BLOCKED, ["GPL-3.0"]),
        (["MIT", "unknown"], {"only": ["MIT"]}, Status.UNKNOWN, ["unknown"]),
        (["MIT", "unknown"], {"none_of": ["GPL*"]}, Status.UNKNOWN, ["unknown"]),
        (["GPL-3.0", "unknown"], {"none_of": ["GPL*"]}, Status.BLOCKED, ["GPL-3.0"]),
        ([], {"none_of": ["*"]}, Status.CLEARED, []),
        (["cc by-nc 4.0"], {"none_of": ["*-nc-*"]}, Status.BLOCKED, ["cc by-nc 4.0"]),
        (["mit"], {"only": ["MIT"]}, Status.CLEARED, ["mit"]),
    ],
)
def test_names_are_asked_of_a_breakdown(
    groups: list[str], threshold: dict[str, Any], status: Status, observed: list[str]
) -> None:
    finding = judge(rule(threshold, "by_license"), audited(by_license={name: {"rows": 1} for name in groups}))
    assert (finding.status, finding.observed) == (status, observed)


@pytest.mark.parametrize(
    ("scope", "applies"),
    [
        ({}, True),
        ({"datasets": ["data/*"]}, True),
        ({"datasets": ["other/*", "*.jsonl"]}, True),
        ({"datasets": ["*.parquet"]}, False),
        ({"origin": "synthetic"}, True),
        ({"origin": "mixed"}, False),
        ({"kind": "rewrite", "datasets": ["data/*"]}, True),
        ({"kind": "answer"}, False),
    ],
)
def test_a_rule_is_for_the_datasets_of_its_scope(scope: dict[str, Any], applies: bool) -> None:
    finding = judge(rule({"at_least": 0}, scope=scope), audited())
    assert finding.rule == ("r" if applies else NO_RULE)
    assert finding.status is (Status.CLEARED if applies else Status.UNKNOWN)


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_a_waiver_is_in_force_until_its_last_day(days: int) -> None:
    waiver = Waiver(rule="r", owner="ann", reason="pilot", expires=TODAY + timedelta(days))
    finding = judge(rule({"at_least": 1}), audited(), waiver)
    assert finding.status is Status.BLOCKED, "a waiver does not change what is true"
    assert finding.counts == (days < 0)
    assert (finding.expired is waiver) == (days < 0)
    assert ("expired" if days < 0 else "waived by ann until") in finding.message


def test_a_waiver_is_for_its_rule_and_datasets_and_for_what_is_not_kept() -> None:
    for changed in ({"rule": "s"}, {"datasets": ("other/*",)}):
        waiver = Waiver.model_validate({"rule": "r", "owner": "a", "reason": "b", "expires": TODAY} | changed)
        assert judge(rule({"at_least": 1}), audited(), waiver).counts
    waiver = Waiver(rule="r", owner="a", reason="b", expires=TODAY)
    assert judge(rule({"at_least": 0}), audited(), waiver).waiver is None


def test_a_rule_has_its_own_say_on_unknown_before_the_policy() -> None:
    for own, expected in ((None, WhenUnknown.WARN), ("pass", WhenUnknown.PASS)):
        asked = rule({"at_least": 1}, "measures.x.y", unknown=own)
        (finding,) = evaluate(Policy(("p",), (asked,), unknown=WhenUnknown.WARN), audited(), TODAY)
        assert finding.unknown is expected


def test_a_rule_is_titled_by_its_outcome_and_by_its_id_where_it_has_no_titles() -> None:
    titles = Titles(kept="All is well", broken="Nothing is well", not_judged="Whether all is well")
    titled = rule({"at_least": 0.8}).model_copy(update={"title": titles})
    assert judge(titled, audited(real=90, synthetic=1, unknown=0)).title == "All is well"
    assert judge(titled, audited(real=1, synthetic=90, unknown=0)).title == "Nothing is well"
    assert judge(titled, audited(real=50, synthetic=0, unknown=50)).title == "Whether all is well"
    assert judge(rule({"at_least": 0.8}), audited(unknown=0)).title == rule({"at_least": 0.8}).id.capitalize()


def test_titles_change_nothing_of_what_is_applied() -> None:
    titles = Titles(kept="All is well", broken="Nothing is well", not_judged="Whether all is well")
    plain = rule({"at_least": 0.8})
    titled = plain.model_copy(update={"title": titles})
    assert Policy(("a",), (plain,)).digest == Policy(("a",), (titled,)).digest
