"""SARIF logs against the model that was made from the standard's own JSON schema, and what that schema cannot say."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from pydantic import ValidationError
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as SarifLog

from provenance.auditing.audited import Audit, JudgedRule
from provenance.auditing.examples import Example
from provenance.auditing.policy.findings import Finding, Status
from provenance.auditing.policy.rules import Policy, Severity, Waiver, WhenUnknown
from provenance.auditing.request import Request
from provenance.auditing.verdict import verdict_of
from provenance.report.sarif import as_sarif

HOSTILE = "data/ä b#c?[x](http://evil)\x1b\u202e.jsonl"
POINTER = f"{HOSTILE}.dvc"


def finding(
    rule: str,
    status: Status,
    severity: Severity = Severity.ERROR,
    unknown: WhenUnknown = WhenUnknown.FAIL,
    waiver: Waiver | None = None,
) -> Finding:
    return Finding(
        rule=rule,
        dataset=HOSTILE,
        status=status,
        severity=severity,
        value="by_model",
        observed=[HOSTILE],
        threshold={"only": ["a"]},
        message=f"{HOSTILE}: allowed is only a",
        reason="so",
        remedy=None,
        unknown=unknown,
        waiver=waiver,
    )


WAIVER = Waiver(rule="waived", owner="ann", reason="[pilot]", expires=date(2030, 1, 1))
FINDINGS = [
    finding("kept", Status.CLEARED),
    finding("failed", Status.BLOCKED),
    finding("failed-warn", Status.BLOCKED, Severity.WARN),
    finding("failed-info", Status.BLOCKED, Severity.INFO),
    finding("unknown", Status.UNKNOWN),
    finding("unknown-warn", Status.UNKNOWN, unknown=WhenUnknown.WARN),
    finding("passed-over", Status.UNKNOWN, unknown=WhenUnknown.PASS),
    finding("waived", Status.BLOCKED, waiver=WAIVER),
]


@pytest.fixture
def log() -> dict[str, Any]:
    judged = tuple(JudgedRule(each, (Example("00" * 16, "[why](x)", f"{HOSTILE}:3"),)) for each in FINDINGS)
    request = Request(datasets=(HOSTILE,))
    verdict = verdict_of(FINDINGS)
    audit = Audit(request, (), None, Policy(("p",), ()), judged, verdict, (), date(2030, 1, 1))
    return as_sarif(audit, {HOSTILE: POINTER})


def test_is_of_the_standards_schema_which_notices_what_is_wrong(log: dict[str, Any]) -> None:
    SarifLog.model_validate(log)
    log["runs"][0]["results"][0]["levle"] = "error"
    with pytest.raises(ValidationError, match="levle"):
        SarifLog.model_validate(log)


def test_rules_and_results_fit_each_other(log: dict[str, Any]) -> None:
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [each.rule for each in FINDINGS]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["kind"] == "fail", "any other kind must have the level none"
    fingerprints = [result["partialFingerprints"]["provenanceFinding/v1"] for result in run["results"]]
    assert len(set(fingerprints)) == len(run["results"])


def test_levels_follow_severity_and_what_the_policy_makes_of_unknown(log: dict[str, Any]) -> None:
    levels = {result["ruleId"]: result["level"] for result in log["runs"][0]["results"]}
    assert levels == {
        "failed": "error",
        "failed-warn": "warning",
        "failed-info": "note",
        "unknown": "error",
        "unknown-warn": "warning",
        "waived": "error",
    }


def test_a_location_is_a_uri_reference_that_leads_back_to_the_file(log: dict[str, Any]) -> None:
    for result in log["runs"][0]["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.isascii()
        parts = urlsplit(uri)
        assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
        assert unquote(parts.path) == POINTER


def test_text_from_data_is_neither_link_nor_control(log: dict[str, Any]) -> None:
    texts = [result["message"]["text"] for result in log["runs"][0]["results"]]
    (waived,) = [
        result["suppressions"][0]["justification"] for result in log["runs"][0]["results"] if "suppressions" in result
    ]
    for text in (*texts, waived):
        assert "](" not in text.replace("\\](", "")
        assert all(character.isprintable() or character == "\n" for character in text)
    assert waived == "\\[pilot\\] (ann, until 2030-01-01)"
