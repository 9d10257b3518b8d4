from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from provenance.auditing.audit import Audit, AuditedDataset, JudgedRule
from provenance.auditing.measures import Measured, NotMeasured
from provenance.auditing.policy.evaluation import Finding, Status
from provenance.auditing.policy.rules import Policy, Severity, WhenUnknown
from provenance.auditing.request import Request
from provenance.auditing.verdict import verdict_of
from provenance.ledger.composition.breakdowns import BREAKDOWNS
from provenance.ledger.composition.composition import Composition, Cost, Share
from provenance.lineage.records import DatasetState, Header, IdentitySettings
from provenance.lineage.schema import FORMAT_VERSION
from provenance.report.metrics import Metrics, write_plots

SHARE = Share(4, 40, None, rows_with_tokens=0, fraction=1.0, bytes_fraction=1.0, tokens_fraction=None)
COMPOSITION = Composition(
    path="data/mix.parquet",
    rows=4,
    bytes=40,
    tokens=None,
    by_origin={"real": SHARE},
    by_kind={},
    by_model={"org/model-1.5@a": SHARE},
    by_model_family={},
    by_source={"a.b": SHARE, "a/b": SHARE},
    by_license={"unknown": SHARE},
    by_depth={"0": SHARE},
    by_evidence={"observed": SHARE},
    by_verdict={},
    real_rooted_fraction=None,
    max_depth=0,
    cost=Cost(Decimal("1.50"), 2, 4),
)
HEADER = Header(
    version=FORMAT_VERSION,
    dataset=DatasetState(path="data/mix.parquet", size=40, rows=4),
    identity=IdentitySettings(digest="xxh3_128", canonical_form=1, rule="named", fields=("text",)),
)
MEASURED: dict[str, Measured | NotMeasured] = {
    "drift": Measured({"fields": {"a.b": {"divergence": 0.5, "worst": None}}, "beyond_null": True, "unit": "nats"}),
    "openings": NotMeasured("no reference"),
}


def audit(*compositions: Composition, findings: tuple[Finding, ...] = ()) -> Audit:
    datasets = tuple(AuditedDataset(composition, MEASURED, HEADER) for composition in compositions)
    policy = Policy(("baseline",), ()) if findings else None
    verdict = verdict_of(findings) if findings else None
    request = Request(datasets=tuple(composition.path for composition in compositions))
    judged = tuple(JudgedRule(finding, ()) for finding in findings)
    return Audit(request, datasets, None, policy, judged, verdict, (), date(2030, 1, 1))


def leaves(document: Any, *keys: str) -> dict[tuple[str, ...], Any]:
    if not isinstance(document, dict):
        return {keys: document}
    return {place: leaf for key, value in document.items() for place, leaf in leaves(value, *keys, key).items()}


def test_metrics_are_nested_numbers_under_keys_without_dots() -> None:
    text = Metrics().write(audit(COMPOSITION))
    found = leaves(json.loads(text))
    assert all(isinstance(value, int | float) for value in found.values())
    assert not any("." in key or "/" in key for keys in found for key in keys)
    assert found["data_mix_parquet", "by_model", "org_model-1_5_a", "rows"] == 4
    assert found["data_mix_parquet", "cost", "amount"] == 1.5


def test_names_that_would_share_a_key_are_kept_apart() -> None:
    text = Metrics().write(audit(COMPOSITION))
    groups = json.loads(text)["data_mix_parquet"]["by_source"]
    assert len(groups) == 2
    assert all(group.startswith("a_b_") for group in groups)


def test_plots_are_one_file_for_each_breakdown_with_rows_for_each_dataset(tmp_path: Path) -> None:
    write_plots(tmp_path / "plots", audit(COMPOSITION, replace(COMPOSITION, path="other.jsonl")))
    names = {*BREAKDOWNS, "by_field", "measures", "findings", "mixture"}
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {f"{name}.json" for name in names}
    assert json.loads((tmp_path / "plots" / "by_model.json").read_text()) == [
        {"dataset": path, "group": "org/model-1.5@a", "rows": 4, "fraction": 1.0}
        for path in ("data/mix.parquet", "other.jsonl")
    ]
    assert json.loads((tmp_path / "plots" / "by_kind.json").read_text()) == []


def test_the_same_answer_is_the_same_bytes(tmp_path: Path) -> None:
    backwards = replace(COMPOSITION, by_source=dict(reversed(COMPOSITION.by_source.items())))
    contents = []
    for name, each in (("first", COMPOSITION), ("second", backwards)):
        write_plots(tmp_path / name, audit(each))
        contents.append((Metrics().write(audit(each)), (tmp_path / name / "by_model.json").read_bytes()))
    assert contents[0] == contents[1]


def finding(status: Status, path: str = COMPOSITION.path) -> Finding:
    return Finding("r", path, status, Severity.ERROR, "rows", 1, {"at_least": 1}, "m", "so", None, WhenUnknown.FAIL)


def test_metrics_hold_the_numbers_of_measures_and_how_rules_came_out() -> None:
    found = (finding(Status.CLEARED), finding(Status.BLOCKED), finding(Status.CLEARED, "other.jsonl"))
    both = audit(COMPOSITION, replace(COMPOSITION, path="other.jsonl"), findings=found)
    text = Metrics().write(both)
    document = json.loads(text)
    assert document["data_mix_parquet"]["measures"] == {
        "drift": {"fields": {"a_b": {"divergence": 0.5}}, "beyond_null": 1}
    }
    counts = {"cleared": 1, "blocked": 1, "unknown": 0, "warnings": 0, "waived": 0, "passes": 0}
    assert document["data_mix_parquet"]["verdict"] == counts
    assert document["other_jsonl"]["verdict"] == counts | {"blocked": 0, "passes": 1}


def test_plots_hold_measures_and_findings(tmp_path: Path) -> None:
    write_plots(tmp_path, audit(COMPOSITION, findings=(finding(Status.BLOCKED),)))
    assert {row["measure"]: row["value"] for row in json.loads((tmp_path / "measures.json").read_text())} == {
        "drift.fields.a_b.divergence": 0.5,
        "drift.beyond_null": 1,
    }
    (row,) = json.loads((tmp_path / "findings.json").read_text())
    assert (row["rule"], row["status"], row["dataset"]) == ("r", "BLOCKED", COMPOSITION.path)
