"""The words of a verdict: only what blocks is called failed, and a headline says what a verdict is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from provenance.auditing.audited import Audit, JudgedRule
from provenance.auditing.policy.findings import Finding, Status
from provenance.auditing.policy.loading import load_policy
from provenance.auditing.policy.rules import Policy, Severity, Waiver, WhenUnknown
from provenance.auditing.request import Request
from provenance.auditing.verdict import verdict_of
from provenance.report.audit_words import headline, said_of_the_whole
from provenance.report.json_document import JsonDocument
from provenance.report.markdown import Markdown
from provenance.report.sarif import as_sarif

KEPT = Finding("r", "d", Status.CLEARED, Severity.ERROR, "rows", 1, {"at_least": 1}, "m", "so", None, WhenUnknown.FAIL)
FAILED = replace(KEPT, status=Status.BLOCKED)
WARNING = replace(FAILED, severity=Severity.WARN)
NOTE = replace(FAILED, severity=Severity.INFO)
WAIVED = replace(FAILED, waiver=Waiver(rule="r", owner="ann", reason="pilot", expires=date(2030, 1, 1)))
PASSED_OVER = replace(KEPT, status=Status.UNKNOWN, unknown=WhenUnknown.PASS)


def audited(*findings: Finding, policy: Policy | None = None) -> Audit:
    return Audit(
        request=Request(datasets=()),
        datasets=(),
        mixture=None,
        policy=policy or Policy(sources=("ours.yaml",), rules=()),
        findings=tuple(map(JudgedRule, findings)),
        verdict=verdict_of(findings),
        inputs=(),
        today=date(2030, 1, 1),
    )


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ([KEPT] * 2, "by ours.yaml: 2 kept"),
        ([WARNING] * 6 + [KEPT] * 15 + [PASSED_OVER] * 2, "by ours.yaml, with 6 warnings: 15 kept, 2 passed over"),
        ([WARNING], "by ours.yaml, with 1 warning: no other rules"),
        ([FAILED, WARNING, KEPT], "by ours.yaml, with 1 warning: 1 failed, 1 kept"),
        ([NOTE, NOTE, KEPT, WAIVED], "by ours.yaml: 2 notes, 1 kept, 1 waived"),
        ([], "by ours.yaml: no rules"),
    ],
)
def test_a_headline_calls_failed_only_what_blocks(findings: list[Finding], said: str) -> None:
    assert said_of_the_whole(audited(*findings)) == said


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        (FAILED, "✗ r failed (error)"),
        (WARNING, "! r not kept (warn)"),
        (NOTE, "i r not kept (info)"),
        (WAIVED, "~ r not kept (waived)"),
        (replace(KEPT, status=Status.UNKNOWN, severity=Severity.WARN), "? r unknown (warn)"),
    ],
)
def test_a_finding_is_called_failed_only_where_it_blocks(finding: Finding, said: str) -> None:
    assert headline(finding) == said


def test_warnings_are_counted_beside_the_verdict_in_every_format() -> None:
    audit = audited(WARNING, KEPT)
    assert {name: audit.as_json()[name] for name in ("verdict", "warnings")} == {"verdict": "CLEARED", "warnings": 1}
    assert '"warnings": 1' in JsonDocument().write(audit)
    (run,) = as_sarif(audit, {"d": "d.dvc"})["runs"]
    (result,) = run["results"]
    assert (run["properties"]["warnings"], result["level"]) == (1, "warning")
    assert result["message"]["text"].startswith("WARNING: d: ")
    assert "with 1 warning: 1 kept" in Markdown().write(audit)


@pytest.mark.parametrize("written", ["eu-ai-act", "extending.yaml"])
def test_a_pack_named_after_a_law_says_in_its_headline_what_it_is_not(
    written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("extending.yaml").write_text("extends: [eu-ai-act, baseline]\n")
    audit = audited(KEPT, policy=load_policy([written], tmp_path))
    caveat = "a check of the record, not of lawfulness"
    assert said_of_the_whole(audit) == f"by {written} ({caveat}): 1 kept"
    assert caveat in Markdown().write(audit).splitlines()[2]
    assert audit.as_json()["policy"]["caveat"] == caveat
    assert load_policy(["baseline"], tmp_path).caveat is None


def test_a_caveat_is_no_part_of_what_is_applied(tmp_path: Path) -> None:
    policy = load_policy(["eu-ai-act"], tmp_path)
    assert replace(policy, caveats=()).digest == policy.digest
