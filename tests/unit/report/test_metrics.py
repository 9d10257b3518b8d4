from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from provenance.auditing.audited import Audit, AuditedDataset, JudgedRule
from provenance.auditing.measure import ambiguity
from provenance.auditing.measures import Measured, NotMeasured
from provenance.auditing.policy.findings import Finding, Status
from provenance.auditing.policy.rules import Policy, Severity, WhenUnknown
from provenance.auditing.request import Request
from provenance.auditing.verdict import verdict_of
from provenance.ledger.composition.breakdowns import BREAKDOWNS
from provenance.ledger.composition.composition import Ambiguous, Composition, Share
from provenance.ledger.composition.spending import Cost
from provenance.lineage.records import DatasetState, Header, IdentitySettings
from provenance.lineage.schema import FORMAT_VERSION
from provenance.report.metrics import Metrics, write_plots

SHARE = Share(4, 40, None, 0, 1.0, 1.0, None, 4, 40, None, 1.0, 1.0, None)
# One row of four, or two.
POSSIBLE = Share(1, 10, None, 0, 0.25, 0.25, None, 2, 20, None, 0.5, 0.5, None)
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
    by_chain_evidence={"declared": SHARE},
    by_verdict={},
    ambiguous={},
    real_rooted_fraction=None,
    at_most_real_rooted_fraction=None,
    max_depth=0,
    at_most_max_depth=0,
    cost=Cost(Decimal("1.50"), None, Decimal(1), Decimal("1.25"), 2, 4),
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


def test_metrics_hold_both_ends_of_what_is_ambiguous() -> None:
    doubts = ambiguity({"fields.a.b.divergence": (0.5, 0.75), "worst": (1, 2)})
    measured = Measured({"fields": {"a.b": {"divergence": 0.5}}, "worst": 1}, doubts=doubts)
    ambiguous = {"by_model": Ambiguous(1, 0, {"m1 or m2": 1})}
    mixed = replace(COMPOSITION, by_model={"m1": POSSIBLE}, ambiguous=ambiguous, max_depth=1, at_most_max_depth=2)
    text = Metrics().write(replace(audit(), datasets=(AuditedDataset(mixed, {"drift": measured}, HEADER),)))
    found = json.loads(text)["data_mix_parquet"]
    assert found["by_model"]["m1"] == {
        "rows": 1,
        "at_most_rows": 2,
        "bytes": 10,
        "at_most_bytes": 20,
        "fraction": 0.25,
        "at_most_fraction": 0.5,
        "bytes_fraction": 0.25,
        "at_most_bytes_fraction": 0.5,
    }
    assert (found["max_depth"], found["at_most_max_depth"]) == (1, 2)
    assert found["measures"]["drift"] == {
        "fields": {"a_b": {"divergence": 0.5, "at_most_divergence": 0.75}},
        "worst": 1,
        "at_most_worst": 2,
    }
    assert (found["cost"]["amount_of_rows_left"], found["cost"]["at_most_amount_of_rows_left"]) == (1, 1.25)
    assert "at_most_rows" not in found["by_origin"]["real"]


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
        {
            "dataset": path,
            "group": "org/model-1.5@a",
            "rows": 4,
            "fraction": 1.0,
            "at_most_rows": 4,
            "at_most_fraction": 1.0,
        }
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
