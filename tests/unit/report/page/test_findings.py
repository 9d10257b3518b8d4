from __future__ import annotations

from dataclasses import replace
from datetime import date

from provenance.auditing.audited import JudgedRule
from provenance.auditing.examples import Example
from provenance.auditing.policy.findings import Finding, Status
from provenance.auditing.policy.rules import Severity, Titles, Waiver, WhenUnknown
from provenance.ledger.contents import Content
from provenance.report.page.findings import examples_of, findings

BROKEN = Finding(
    rule="few-copies",
    dataset="data/mix.jsonl",
    status=Status.BLOCKED,
    severity=Severity.WARN,
    value="measures.exact_duplicates.fraction",
    observed=0.0757,
    threshold={"at_most": 0.01},
    message="measures.exact_duplicates.fraction: 7.57% of the rows; the rule requires at most 1% (6.57 points over)",
    reason="Repeated rows are memorised.",
    remedy="Keep one of each.",
    unknown=WhenUnknown.FAIL,
    titles=Titles(kept="Few rows repeat", broken="Many rows repeat", not_judged="Whether rows repeat"),
)
KEPT = replace(BROKEN, status=Status.CLEARED, observed=0.001, rule="kept")
FAILED = replace(BROKEN, severity=Severity.ERROR, rule="failed")
UNKNOWN = replace(
    BROKEN,
    status=Status.UNKNOWN,
    observed=None,
    rule="unknown",
    message="measures.exact_duplicates.fraction: data/mix.jsonl: its data is not here",
)
SAMPLE = "ab" * 16


def test_the_gravest_come_first_and_what_is_kept_is_apart() -> None:
    found = findings([JudgedRule(each) for each in (KEPT, UNKNOWN, BROKEN, FAILED)], {})
    assert [one.rule for one in found.open] == ["failed", "few-copies", "unknown"]
    assert [one.title for one in found.open] == [
        "Many rows repeat",
        "Many rows repeat",
        "Not judged: whether rows repeat",
    ]
    assert [(one.title, one.observed, one.asked) for one in found.kept] == [
        ("Few rows repeat", "0.1% of the rows", "at most 1%")
    ]


def test_what_was_measured_is_said_without_paths() -> None:
    (one,) = findings([JudgedRule(BROKEN)], {}).open
    assert (one.measured, one.remedy) == ("7.57% of the rows. Asked for: at most 1%.", "Keep one of each.")
    (unknown,) = findings([JudgedRule(UNKNOWN)], {}).open
    assert (unknown.measured, unknown.remedy) == ("Its data is not here.", "")


def test_a_waived_rule_says_who_answers_for_it_until_when() -> None:
    waiver = Waiver(rule="few-copies", owner="Ada", reason="it is a test", expires=date(2999, 12, 31))
    (one,) = findings([JudgedRule(replace(BROKEN, waiver=waiver))], {}).open
    assert (one.state[1], one.waiver) == ("waived", "by Ada until 2999-12-31: it is a test")


def test_up_to_three_rows_show_it_each_once() -> None:
    samples = tuple(Example(f"{n:02}" * 16, f"it is {n}", None) for n in range(5))
    judged = JudgedRule(BROKEN, (Example(SAMPLE, f"like {SAMPLE}", "data/mix.jsonl:7"),) * 2 + samples)
    assert len(examples_of([judged, JudgedRule(KEPT, samples)])) == 3
    known = {SAMPLE: ("synthetic", Content("data/mix.jsonl:7", {"text": "<b>"}))}
    (one,) = findings([judged], known).open
    first, second, _ = one.examples
    assert (first.place, first.origin, first.text, first.why) == (
        "data/mix.jsonl:7",
        "synthetic",
        "&lt;b&gt;",
        "like abababababab",
    )
    assert (second.place, second.origin, second.text) == ("000000000000", None, None)
