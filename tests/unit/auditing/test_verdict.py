from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.auditing.policy.findings import Finding, Outcome, Status
from provenance.auditing.policy.rules import Severity, Waiver, WhenUnknown
from provenance.auditing.verdict import Verdict, finding_as_json, verdict_of

WAIVER = Waiver(rule="r", owner="ann", reason="pilot", expires=date(2030, 1, 1))
FINDING = Finding(
    "r", "d", Status.CLEARED, Severity.ERROR, "rows", 1, {"at_least": 1}, "m", "so", None, WhenUnknown.FAIL
)

findings = st.builds(
    lambda status, severity, unknown, waiver: replace(
        FINDING, status=status, severity=severity, unknown=unknown, waiver=waiver
    ),
    st.sampled_from(Status),
    st.sampled_from(Severity),
    st.sampled_from(WhenUnknown),
    st.sampled_from([None, WAIVER]),
)


@pytest.mark.parametrize(
    ("given_findings", "status", "passes"),
    [
        ([], Status.UNKNOWN, False),
        ([FINDING], Status.CLEARED, True),
        ([FINDING, replace(FINDING, status=Status.BLOCKED)], Status.BLOCKED, False),
        ([FINDING, replace(FINDING, status=Status.BLOCKED, waiver=WAIVER)], Status.CLEARED, True),
        ([FINDING, replace(FINDING, status=Status.BLOCKED, severity=Severity.WARN)], Status.CLEARED, True),
        ([FINDING, replace(FINDING, status=Status.UNKNOWN)], Status.UNKNOWN, False),
        ([FINDING, replace(FINDING, status=Status.UNKNOWN, unknown=WhenUnknown.WARN)], Status.UNKNOWN, True),
        ([FINDING, replace(FINDING, status=Status.UNKNOWN, unknown=WhenUnknown.PASS)], Status.CLEARED, True),
        ([replace(FINDING, status=Status.UNKNOWN, unknown=WhenUnknown.PASS)], Status.UNKNOWN, True),
    ],
)
def test_what_findings_come_to(given_findings: list[Finding], status: Status, passes: bool) -> None:
    warnings = sum(each.status is Status.BLOCKED and each.severity is Severity.WARN for each in given_findings)
    assert verdict_of(given_findings) == Verdict(status, passes, warnings)


@given(st.lists(findings), findings)
def test_one_finding_more_never_mends_a_block_and_order_does_not_matter(several: list[Finding], one: Finding) -> None:
    verdict = verdict_of(several)
    assert verdict_of(several[::-1]) == verdict
    if verdict.status is Status.BLOCKED:
        assert verdict_of([*several, one]).status is Status.BLOCKED
    if several and not verdict.passes:
        assert not verdict_of([*several, one]).passes


@given(st.lists(findings))
def test_cleared_means_that_something_was_found_out_and_nothing_that_counts_is_open(several: list[Finding]) -> None:
    verdict = verdict_of(several)
    assert verdict.passes or verdict.status is not Status.CLEARED
    if verdict.status is Status.CLEARED:
        assert any(finding.status is not Status.UNKNOWN for finding in several)
        for finding in several:
            assert finding.status is Status.CLEARED or not finding.counts or finding.is_passed_over


@given(st.lists(findings))
def test_what_fails_and_what_only_warns_are_told_apart(several: list[Finding]) -> None:
    verdict = verdict_of(several)
    outcomes = [finding.outcome for finding in several]
    assert (Outcome.FAILED in outcomes) == (verdict.status is Status.BLOCKED)
    assert verdict.warnings == outcomes.count(Outcome.WARNING)
    for finding, outcome in zip(several, outcomes, strict=True):
        if outcome in (Outcome.WARNING, Outcome.NOTE):
            assert finding.status is Status.BLOCKED
            assert finding.severity is not Severity.ERROR
            assert finding.waiver is None


def test_a_finding_in_json_names_who_waived_it() -> None:
    document = finding_as_json(replace(FINDING, waiver=WAIVER))
    assert document["waived"] == {"owner": "ann", "reason": "pilot", "expires": "2030-01-01"}
    assert {"rule", "status", "observed", "threshold", "message"} <= document.keys()
