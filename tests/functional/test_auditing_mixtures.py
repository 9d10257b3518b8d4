"""`provenance audit --mixture`: what is trained on, weighed by exposure, and judged, on a real repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, lines

EXAMPLES = Path(__file__).resolve().parents[2] / "examples/mixtures"
REAL = [{"text": f"real {number}"} for number in range(10)]
MADE = [{"text": f"made {number}", "model": "org/small-1.5b", "kind": "rewrite"} for number in range(10)]
MIXTURE = """
name: ten times as much of it is made
parts:
  - {dataset: data/real.jsonl, epochs: 1}
  - {dataset: data/made.jsonl, epochs: 10}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """data/real.jsonl and data/made.jsonl, and mixture.yaml which trains on the one once and on the other ten times."""
    project = Project.new(tmp_path_factory.mktemp("made") / "repository")
    project.write({"data/real.jsonl": lines(REAL), "data/made.jsonl": lines(MADE), "mixture.yaml": MIXTURE})
    project.provenance("add", "data/real.jsonl", "--origin", "real", "--source", "library")
    project.run("dvc", "add", "--quiet", "data/made.jsonl")
    columns = ("--map", "model=model", "--map", "kind=kind")
    declared = project.provenance("declare", "data/made.jsonl", "--from", "columns", *columns)
    assert declared.code == 0, declared.stderr
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    return made.copied(tmp_path / "repository")


def rule(value: str, threshold: str, **more: str) -> str:
    extra = "".join(f", {key}: {text}" for key, text in more.items())
    return f"rules: [{{id: asked, value: {value}, threshold: {threshold}, reason: so{extra}}}]\n"


def judged(project: Project, text: str, *arguments: str) -> Any:
    project.write({"policy.yaml": text})
    document = project.ask("audit", *arguments, "--policy", "policy.yaml")
    (finding,) = (each for each in document["findings"] if each["rule"] == "asked")
    return finding


def test_unique_and_exposure_stand_side_by_side_and_the_datasets_are_those_of_the_mixture(project: Project) -> None:
    document = project.ask("audit", "--mixture", "mixture.yaml")
    assert [dataset["path"] for dataset in document["datasets"]] == ["data/real.jsonl", "data/made.jsonl"]
    synthetic = document["mixture"]["by_origin"]["synthetic"]
    assert (synthetic["unique_fraction"], synthetic["exposure_fraction"]) == (0.5, pytest.approx(10 / 11))
    said = project.provenance("audit", "--mixture", "mixture.yaml").stdout
    (line,) = (line.split() for line in said.splitlines() if line.startswith("synthetic "))
    assert line == ["synthetic", "10", "50.0%", "100", "90.9%", "10.00"]
    assert "90.9% of the rows trained on are synthetic" in said
    markdown = project.provenance("audit", "--mixture", "mixture.yaml", "--md").stdout
    assert "| synthetic | 10 | 50.0% | 100 | 90.9% | 10.00 |" in markdown


def test_a_policy_judges_by_exposure_what_it_lets_pass_by_rows(project: Project) -> None:
    mixed = ("data/real.jsonl", "--mixture", "mixture.yaml")
    by_rows = judged(project, rule("mixture.by_origin.real.unique_fraction", "{at_least: 0.5}"), *mixed)
    by_exposure = judged(project, rule("mixture.by_origin.real.exposure_fraction", "{at_least: 0.5}"), *mixed)
    assert (by_rows["status"], by_exposure["status"]) == ("CLEARED", "BLOCKED")
    assert by_exposure["dataset"] == "mixture.yaml"
    assert by_exposure["observed"] == pytest.approx(1 / 11)


@pytest.mark.parametrize(
    ("value", "threshold", "status"),
    [
        ("mixture.by_model.org/small-1.5b.exposure_fraction", "{at_most: 0.95}", "CLEARED"),
        ("mixture.by_model.org/other.exposure_fraction", "{at_most: 0}", "CLEARED"),
        ("mixture.by_license", "{only: [MIT]}", "UNKNOWN"),
        ("mixture.by_license.MIT.unique_fraction", "{at_most: 0.5}", "UNKNOWN"),
        ("mixture.parts.data/made.jsonl.epochs", "{at_most: 4}", "BLOCKED"),
        ("mixture.parts.data/none.jsonl.epochs", "{at_most: 4}", "UNKNOWN"),
        ("mixture.nothing", "{at_most: 4}", "UNKNOWN"),
    ],
)
def test_paths_into_a_mixture(project: Project, value: str, threshold: str, status: str) -> None:
    assert judged(project, rule(value, threshold), "--mixture", "mixture.yaml")["status"] == status


def test_a_rule_about_mixtures_is_unknown_without_one_and_packs_pass_over_theirs(project: Project) -> None:
    finding = judged(project, rule("mixture.real_epochs", "{at_most: 4}"), "data/real.jsonl")
    assert (finding["status"], finding["dataset"]) == ("UNKNOWN", "mixture")
    assert finding["message"].endswith("no mixture was given; name one with --mixture")
    assert project.provenance("audit", "data/real.jsonl", "--policy", "policy.yaml", "--sarif", "s.sarif").code == 1
    log = json.loads((project.root / "s.sarif").read_text())
    places = [each["locations"][0]["physicalLocation"]["artifactLocation"] for each in log["runs"][0]["results"]]
    assert "data/real.jsonl.dvc" in {place["uri"] for place in places}
    answer = project.provenance("audit", "data/real.jsonl", "--policy", "baseline", "--policy", "model-collapse")
    assert "mixture" not in answer.stdout
    assert "passed over" in answer.stdout


def test_a_published_mixture_whose_total_is_wrong_is_blocked_by_the_baseline(project: Project) -> None:
    answer = project.provenance("audit", "--mixture", str(EXAMPLES / "tulu-3-sft.yaml"), "--policy", "baseline")
    assert answer.code == 1
    assert "939,344 rows are stated in all, but its parts sum to 889,344" in answer.stdout
    answer = project.provenance("audit", "--mixture", str(EXAMPLES / "phi-4.yaml"), "--policy", "baseline")
    assert answer.code == 0
    assert "at least 55.0%" in answer.stdout


def test_a_verdict_holds_until_the_mixture_or_its_data_changes(project: Project) -> None:
    project.write({"policy.yaml": rule("mixture.real_epochs", "{at_most: 4}")})
    arguments = ("data/real.jsonl", "--mixture", "mixture.yaml", "--policy", "policy.yaml", "--policy", "baseline")
    assert project.provenance("audit", *arguments, "--verdict", "verdict.json").code == 0
    assert project.ask("audit", "--recheck", "verdict.json")["holds"]
    roles = {
        read["role"]: read["dataset"]["path"]
        for read in json.loads((project.root / "verdict.json").read_text())["inputs"]
    }
    assert roles == {"audited": "data/real.jsonl", "mixture": "data/made.jsonl"}

    project.write({"mixture.yaml": MIXTURE.replace("data/real.jsonl, epochs: 1}", "data/real.jsonl, epochs: 5}")})
    changes = {change["what"] for change in project.ask("audit", "--recheck", "verdict.json")["changes"]}
    assert changes == {"the mixture file", "the verdict", "asked of mixture.yaml", "asked of mixture.yaml: observed"}
    (project.root / "mixture.yaml").unlink()
    (change,) = project.ask("audit", "--recheck", "verdict.json")["changes"]
    assert "cannot be read" in change["now"]


def test_metrics_and_plots_bear_the_mixture(project: Project) -> None:
    project.provenance("audit", "--mixture", "mixture.yaml", "--metrics", "metrics.json", "--plots", "plots")
    shown = json.loads(project.run("dvc", "metrics", "show", "--json", "metrics.json").stdout)
    numbers = shown[""]["data"]["metrics.json"]["data"]["mixture_yaml"]
    assert numbers["by_origin"]["real"]["exposure_fraction"] == pytest.approx(1 / 11)
    rows = json.loads((project.root / "plots/mixture.json").read_text())
    real = {
        row["weighting"]: row["fraction"] for row in rows if (row["breakdown"], row["group"]) == ("by_origin", "real")
    }
    assert real == {"unique": 0.5, "exposure": pytest.approx(1 / 11)}


def test_hostile_names_in_a_mixture_steer_nothing(project: Project) -> None:
    text = 'name: "a](javascript:b) <b>\\e[2J"\nparts: [{name: "@all\\u202e", class: real, rows: 5, epochs: 1}]\n'
    project.write({"mixture.yaml": text})
    for form in ((), ("--md",)):
        said = project.provenance("audit", "--mixture", "mixture.yaml", *form).stdout
        assert "javascript" in said
        assert "\x1b" not in said and "\u202e" not in said
        if form:
            assert "](javascript" not in said and "@all" not in said.replace("\\@all", "")


def test_a_field_of_the_data_is_weighed_both_ways(project: Project) -> None:
    one = [{"text": f"one {n}", "language": "en" if n < 8 else None} for n in range(10)]
    two = [{"text": f"two {n}", "language": "it"} for n in range(4)] + one[:1] + [one[1]] * 2
    project.write({"data/one.jsonl": lines(one), "data/two.jsonl": lines(two)})
    for name in ("one", "two"):
        project.provenance("add", f"data/{name}.jsonl", "--origin", "real", "--source", "library")
    parts = "{dataset: data/one.jsonl, epochs: 1}, {dataset: data/two.jsonl, epochs: 3}"
    text = f"name: m\nunit: rows\nparts: [{parts}, {{name: web, class: real, rows: 20, epochs: 1}}]\n"
    project.write({"mixture.yaml": text})
    found = project.ask("audit", "--mixture", "mixture.yaml", "--by", "language", "--by", "topic")["mixture"]
    by_value = found["by_field"]["language"]
    # Written out: what is held, each sample once, and all that is trained on.
    assert {value: weight["unique"] for value, weight in by_value.items()} == {
        "en": 8, "it": 4, "(none)": 2, "(not held)": 20,
    }  # fmt: skip
    trained_on = [row["language"] or "(none)" for row in one + two * 3] + ["(not held)"] * 20
    for value, weight in by_value.items():
        assert weight["exposure"] == pytest.approx(trained_on.count(value))
        assert weight["exposure_fraction"] == pytest.approx(trained_on.count(value) / len(trained_on))
    assert found["by_field"]["topic"]["not_measured"].startswith("the field topic is in no row")
    # 20 of 51 rows are not held, and may be in any language.
    for group, threshold, status in (
        ("language.it", "{at_most: 0.2}", "BLOCKED"),
        ("language.it", "{at_most: 0.5}", "UNKNOWN"),
        ("language.it", "{at_most: 0.7}", "CLEARED"),
        ("language.fr", "{at_most: 0.1}", "UNKNOWN"),
        ("language.(not held)", "{at_most: 0.4}", "CLEARED"),
        ("topic.law", "{at_most: 1}", "UNKNOWN"),
        ("level.one", "{at_most: 1}", "UNKNOWN"),
    ):
        asked = rule(f"mixture.by_field.{group}.exposure_fraction", threshold)
        arguments = ("--mixture", "mixture.yaml", "--by", "language", "--by", "topic")
        assert judged(project, asked, *arguments)["status"] == status, (group, threshold)
    metrics = ("--metrics", "metrics.json", "--plots", "plots")
    said = project.provenance("audit", "--mixture", "mixture.yaml", "--by", "language", "--tables", *metrics).stdout
    assert ["it", "4", "11.8%", "12", "23.5%", "3.00"] in [line.split() for line in said.splitlines()]
    drawn = json.loads((project.root / "plots/mixture.json").read_text())
    assert {row["group"] for row in drawn if row["breakdown"] == "by_field.language"} == set(by_value)
