"""Lineage that goes on through registered models, in real DVC repositories, at the revision that is asked about."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, lines
from support.trained_writer import trained_writer
from support.workbench import identifier

import provenance

SEED = [{"text": "a bad document"}, {"text": "a good document"}]
ROWS = [{"text": "what the model wrote"}, {"text": "and more of it"}]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two documents, a model trained on them, rows.jsonl that it wrote; since then the bad document was taken out."""
    return trained_writer(tmp_path / "repository", SEED, ROWS, [[], []])


def affected(answer: Any) -> list[tuple[str, int, int]]:
    return [(each["path"], each["affected_rows"], each["affected_through_models"]) for each in answer["datasets"]]


def test_impact_of_a_document_that_only_a_model_still_knows(project: Project) -> None:
    answer = project.ask("impact", f"sample:{identifier(SEED[0])[:10]}")
    assert (answer["selected"], answer["descendants"]) == (1, 0)
    assert affected(answer) == [("rows.jsonl", 0, 2), ("seed.jsonl", 0, 0)]
    (model,) = answer["through_models"]["models"]
    assert (model["model"], model["training_samples"], model["generated"]) == ("writer@1", 1, 2)
    assert [(each["path"], each["commit"]) for each in model["trained_on"]] == [
        ("seed.jsonl", project.run("git", "rev-parse", "HEAD~1").stdout.strip())
    ]
    assert answer["through_models"]["descendants"] == 2
    said = project.provenance("impact", "source:library").stdout.splitlines()
    commit = model["trained_on"][0]["commit"][:7]
    assert said[:3] == [
        "selected: 2 samples; descendants: 0",
        "through models: 2 more samples",
        f"  writer@1: trained on 2 of these samples in seed.jsonl@{commit}; generated 2",
    ]
    assert said[3].split()[-2:] == ["through", "models"]


def test_a_trace_shows_models_as_links(project: Project) -> None:
    project.ask("model", "add", "student", "--base", "writer@1", "--trained-on", "rows.jsonl@HEAD")
    back = project.ask("trace", "rows.jsonl:1")
    (model,) = back["models"]
    assert (model["model"], model["base"], model["trained_on_external"]) == ("writer@1", None, [])
    (dataset,) = model["trained_on"]
    assert (dataset["path"], dataset["samples"], dataset["generators"]) == ("seed.jsonl", 2, [])
    commit = dataset["commit"][:7]
    text = project.provenance("trace", "rows.jsonl:1").stdout.splitlines()
    assert text[1:] == ["through models:", f"  writer@1: trained on seed.jsonl@{commit} (2 samples)"]

    down = project.ask("trace", identifier(SEED[0]), "--down")
    # The student wrote nothing yet, but learnt from what the writer wrote.
    assert down["through_models"] == project.ask("impact", f"sample:{identifier(SEED[0])}")["through_models"]
    assert [each["model"] for each in down["through_models"]["models"]] == ["writer@1", "student"]
    assert "through models: 2 more samples" in project.provenance("trace", identifier(SEED[0]), "--down").stdout
    with provenance.Ledger.open(project.root) as ledger:
        assert [each.model for each in ledger.trace("rows.jsonl:1").models.behind] == ["writer@1"]
    assert "models" not in project.provenance("trace", "seed.jsonl:1").stdout


def test_what_wrote_the_training_data_is_behind_a_model(project: Project) -> None:
    project.ask("model", "add", "student", "--base", "writer@1", "--trained-on", "rows.jsonl@HEAD")
    project.write({"taught.jsonl": lines([{"text": "as I was taught"}])})
    project.run("dvc", "add", "--quiet", "taught.jsonl")
    project.ask("declare", "taught.jsonl", "--from", "columns", "--set", "model=student")
    student, writer = project.ask("trace", "taught.jsonl:1")["models"]
    assert (student["model"], student["base"], student["trained_on"][0]["generators"]) == (
        "student",
        "writer@1",
        ["writer@1"],
    )
    assert writer["model"] == "writer@1"


def test_a_revision_has_its_own_register(project: Project) -> None:
    answer = project.ask("impact", f"sample:{identifier(SEED[0])}", "--rev", "HEAD~1")
    assert affected(answer) == [("seed.jsonl", 1, 0)]
    assert answer["through_models"] == {"descendants": 0, "models": []}


def test_what_only_an_earlier_sidecar_knows_is_not_of_this_revision(project: Project) -> None:
    gone = identifier(SEED[0])
    assert "no sidecar of this revision knows this sample" in project.refusal("show", gone)
    assert project.ask("audit", "seed.jsonl")["datasets"][0]["rows"] == 1
    assert project.ask("query", "SELECT DISTINCT sample_id FROM samples WHERE origin = 'real'")["rows"] == [
        {"sample_id": identifier(SEED[1])}
    ]


def test_the_index_suffices_and_without_it_what_is_missing_is_said(project: Project) -> None:
    sample = f"sample:{identifier(SEED[1])}"
    before = project.ask("impact", sample)
    assert affected(before) == [("rows.jsonl", 0, 2), ("seed.jsonl", 1, 0)]
    shutil.rmtree(project.root / ".dvc/cache")
    assert project.ask("impact", sample) == before
    shutil.rmtree(project.root / ".dvc/tmp/provenance")
    answer = project.provenance("impact", sample, "--json")
    assert affected(answer.json()) == [("rows.jsonl", 0, 0), ("seed.jsonl", 1, 0)]
    assert "seed.jsonl@" in answer.stderr and "its sidecar is not available" in answer.stderr
