"""Lineage that goes on through registered models, in real DVC repositories, at the revision that is asked about."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from support.project import Project
from support.workbench import Workbench, identifier

SEED = [{"text": "a bad document"}, {"text": "a good document"}]
ROWS = [{"text": "what the model wrote"}, {"text": "and more of it"}]
STATED = ("--origin", "real", "--source", "library")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two documents, a model trained on them, rows.jsonl that it wrote; since then the bad document was taken out."""
    project = Project.new(tmp_path / "repository")
    bench = Workbench(project.root)
    bench.dataset("seed.jsonl", SEED)
    project.provenance("add", "seed.jsonl", *STATED)
    project.commit()
    project.ask("model", "add", "writer", "--revision", "1", "--trained-on", "seed.jsonl@HEAD", "--license", "MIT")
    bench.generated("rows.jsonl", ROWS, [[], []])
    (project.root / "rows.jsonl.births.parquet").unlink()
    project.run("dvc", "add", "--quiet", "rows.jsonl", "rows.jsonl.lineage.parquet")
    bench.dataset("seed.jsonl", SEED[1:])
    project.provenance("add", "seed.jsonl", *STATED)
    project.commit()
    return project


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
    assert "seed.jsonl@" in answer.stderr and "its sidecar is not to be had" in answer.stderr
