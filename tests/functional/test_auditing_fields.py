"""`provenance audit --by FIELD`: rows by what they say of themselves, on a real repository."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, lines

LANGUAGES = ["en", "de", "en", "v1.5", None, "en", "<b>\x1b[2J", "not_measured"]
ROWS: list[dict[str, Any]] = [
    {"text": f"row {number}" * (number + 1), "language": language, "n": 10 * (number + 1)}
    for number, language in enumerate(LANGUAGES)
]
# The last row is there three times.
ROWS += ROWS[-1:] * 2
SETTINGS = "version: 1\ndatasets:\n  - {path: data/*, tokens: {field: n, tokenizer: words}}\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.new(tmp_path / "repository")
    project.write({"data/mix.jsonl": lines(ROWS), "provenance.yaml": SETTINGS})
    added = project.provenance("add", "data/mix.jsonl", "--origin", "real", "--source", "web", "--license", "MIT")
    assert added.code == 0, added.stderr
    return project


def by_language(project: Project) -> Any:
    return project.ask("audit", "data/mix.jsonl", "--by", "language")["datasets"][0]["by_field"]["language"]


def test_rows_and_tokens_of_each_value_are_those_that_python_counts(project: Project) -> None:
    found = by_language(project)
    named = [row["language"] or "(none)" for row in ROWS]
    assert {value: share["rows"] for value, share in found.items()} == Counter(named)
    for value, share in found.items():
        assert share["tokens"] == sum(row["n"] for row in ROWS if (row["language"] or "(none)") == value)
        assert share["fraction"] == pytest.approx(named.count(value) / len(ROWS))
    total = project.ask("audit", "data/mix.jsonl")["datasets"][0]
    assert sum(share["bytes"] for share in found.values()) == total["bytes"]
    assert total["by_field"] == {}


@pytest.mark.parametrize(
    ("value", "threshold", "status", "observed"),
    [
        ("by_field.language.en.fraction", "{at_least: 0.3}", "CLEARED", 0.3),
        ("by_field.language.v1.5.rows", "{at_most: 0}", "BLOCKED", 1),
        ("by_field.language.not_measured.rows", "{at_most: 1}", "BLOCKED", 3),
        ("by_field.language.fr.rows", "{at_most: 0}", "CLEARED", 0),
        ("by_field.topic.law.rows", "{at_most: 0}", "UNKNOWN", None),
        ("by_field.language", "{none_of: [de]}", "BLOCKED", ["de"]),
    ],
)
def test_policies_ask_of_values(project: Project, value: str, threshold: str, status: str, observed: Any) -> None:
    rule = f"rules: [{{id: asked, value: {value}, threshold: {threshold}, reason: so}}]\n"
    project.write({"policy.yaml": rule})
    (finding,) = project.ask("audit", "data/mix.jsonl", "--by", "language", "--policy", "policy.yaml")["findings"]
    assert (finding["status"], finding["observed"]) == (status, observed)


@pytest.mark.parametrize("value", ["by_field", "by_field.language.fraction"])
def test_a_path_that_names_no_number_is_refused(project: Project, value: str) -> None:
    project.write({"policy.yaml": f"rules: [{{id: r, value: {value}, threshold: {{at_most: 0}}, reason: so}}]\n"})
    assert "policy.yaml" in project.refusal("audit", "data/mix.jsonl", "--policy", "policy.yaml")


def test_it_is_shown_to_people_and_to_dvc(project: Project) -> None:
    for form in ((), ("--tables",), ("--md",)):
        said = project.provenance("audit", "data/mix.jsonl", "--by", "language", *form).stdout
        assert "30.0%" in said
        assert "\x1b" not in said
        assert form != ("--md",) or "<b>" not in said.replace("\\<b\\>", "")
    project.provenance(
        *("audit", "data/mix.jsonl", "--by", "language", "--metrics", "metrics.json", "--plots", "plots")
    )
    metrics = json.loads((project.root / "metrics.json").read_text())["data_mix_jsonl"]
    assert metrics["by_field"]["language"]["v1_5"]["rows"] == 1
    rows = json.loads((project.root / "plots/by_field.json").read_text())
    assert {row["group"]: row["rows"] for row in rows} == {
        value: share["rows"] for value, share in by_language(project).items()
    }


def test_what_cannot_be_counted_is_not_measured(project: Project) -> None:
    (topic,) = project.ask("audit", "data/mix.jsonl", "--by", "topic")["datasets"][0]["by_field"].values()
    assert topic == {"not_measured": "data/mix.jsonl: the field topic is in no row, or is a list or an object"}
    said = project.provenance("audit", "data/mix.jsonl", "--by", "topic").stdout
    assert "the field topic is in no row" in said
    project.run("dvc", "gc", "--quiet", "--force", "--workspace")
    (project.root / "data/mix.jsonl").unlink()
    for file in (project.root / ".dvc/cache").rglob("*"):
        if file.is_file() and b"language" in file.read_bytes():
            file.chmod(0o644)
            file.unlink()
    (language,) = project.ask("audit", "data/mix.jsonl", "--by", "language")["datasets"][0]["by_field"].values()
    assert "its data is not here" in language["not_measured"]
