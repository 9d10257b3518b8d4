"""Rows of equal content whose births differ: what an audit says after a script picked some of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, lines

# Two models that agree in one answer of two; the third row of equal text was written by a person.
ROWS: list[dict[str, Any]] = [
    {"text": "yes", "model": "m1", "origin": "synthetic"},
    {"text": "yes", "model": "m2", "origin": "synthetic"},
    {"text": "no", "model": "m1", "origin": "synthetic"},
    {"text": "perhaps", "model": "m2", "origin": "synthetic"},
    {"text": "perhaps", "model": None, "origin": "real"},
]
SCRIPT = """
import json

rows = {json.loads(line)["text"]: line for line in open("all.jsonl")}
open("some.jsonl", "w").writelines(rows.values())
"""
POLICY = """
unknown: pass
rules:
  - {id: little-m1, value: by_model.m1.fraction, threshold: {at_most: 0.3}, reason: so}
  - {id: no-m2, value: by_model, threshold: {none_of: [m2]}, reason: so}
  - {id: mostly-made, value: by_origin.synthetic.fraction, threshold: {at_least: 0.6}, reason: so}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """``all.jsonl`` holds both births of each text, ``some.jsonl`` one row of each text."""
    project = Project.new(tmp_path_factory.mktemp("made") / "repository")
    project.write({"all.jsonl": lines(ROWS), "policy.yaml": POLICY})
    project.run("dvc", "add", "--quiet", "all.jsonl")
    mapped = ("--map", "model=model", "--map", "origin=origin")
    assert project.provenance("declare", "all.jsonl", "--from", "columns", *mapped).code == 0
    project.write({"some.py": SCRIPT})
    arguments = ("-n", "some", "-d", "some.py", "-d", "all.jsonl", "-o", "some.jsonl", "python", "some.py")
    assert project.provenance("stage", "add", *arguments).code == 0
    project.run("dvc", "repro", "--quiet")
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    return made.copied(tmp_path / "repository")


def rows(audited: dict[str, Any], breakdown: str) -> dict[str, tuple[int, int]]:
    return {name: (share["rows"], share["at_most_rows"]) for name, share in audited[breakdown].items()}


def test_an_audit_divides_rows_by_their_births(project: Project) -> None:
    (everything,) = project.ask("audit", "all.jsonl")["datasets"]
    assert rows(everything, "by_model") == {"m1": (2, 2), "m2": (2, 2)}
    assert rows(everything, "by_origin") == {"synthetic": (4, 4), "real": (1, 1)}
    assert everything["ambiguous"] == {}

    (some,) = project.ask("audit", "some.jsonl")["datasets"]
    assert some["rows"] == 3
    assert rows(some, "by_origin") == {"synthetic": (2, 3), "real": (0, 1), "ambiguous": (1, 1)}
    assert rows(some, "by_model") == {"m1": (1, 2), "m2": (0, 2), "ambiguous": (2, 2)}
    assert some["ambiguous"]["by_model"]["between"] == {"m1 or m2": 1, "m2 or none": 1}


def test_a_gate_takes_the_end_that_is_worse_and_says_that_it_is_a_doubt(project: Project) -> None:
    written = ("--sarif", "audit.sarif", "--metrics", "metrics.json")
    answer = project.provenance("audit", "some.jsonl", "--policy", "policy.yaml", *written, "--json")
    assert answer.code == 1
    audited = answer.json()
    found = {each["rule"]: each for each in audited["findings"]}
    # The policy passes over what is unknown, but not over this.
    assert {name: (each["status"], each["outcome"]) for name, each in found.items()} == {
        "little-m1": ("BLOCKED", "failed"),
        "no-m2": ("UNKNOWN", "unknown"),
        "mostly-made": ("CLEARED", "kept"),
    }
    assert found["little-m1"]["observed_at_most"] == pytest.approx(2 / 3)
    assert found["no-m2"]["message"] == ("by_model: some rows may be m2, as they are ambiguous; allowed is none of m2")
    results = json.loads((project.root / "audit.sarif").read_text())["runs"][0]["results"]
    ends = {each["ruleId"]: each["properties"]["observedAtMost"] for each in results}
    assert ends == {"little-m1": pytest.approx(2 / 3), "no-m2": None}
    metrics = json.loads((project.root / "metrics.json").read_text())["some_jsonl"]
    assert (metrics["by_model"]["m1"]["rows"], metrics["by_model"]["m1"]["at_most_rows"]) == (1, 2)
    assert "at_most_rows" not in metrics["by_model"]["ambiguous"]


def test_people_read_both_ends(project: Project) -> None:
    text = project.provenance("audit", "some.jsonl", "--tables").stdout
    assert "real" in text and "1 to 2" in text
    assert "m1 33.3% to 66.7%" in text
    markdown = project.provenance("audit", "some.jsonl", "--md").stdout
    assert "| m1 | 1 to 2 | 33.3% to 66.7% |" in markdown
    assert "rows of equal content that were born in several ways, which differ by origin" in markdown


def test_history_has_a_series_of_ambiguous_rows(project: Project) -> None:
    project.commit()
    (entry,) = project.ask("log", "some.jsonl")["entries"]
    assert entry["by_origin"] == {
        "synthetic": {"rows": 2, "fraction": 2 / 3},
        "ambiguous": {"rows": 1, "fraction": 1 / 3},
    }
    by_origin = {each["path"]: each["by_origin"] for each in project.ask("status")["datasets"]}
    assert by_origin["some.jsonl"] == entry["by_origin"]


def test_a_rule_on_a_whole_number_is_judged_where_rows_are_ambiguous(project: Project) -> None:
    judged = project.provenance("audit", "some.jsonl", "--policy", "model-collapse")
    assert judged.code in (0, 1), judged.stderr
    assert "greatest generation depth" in judged.stdout
