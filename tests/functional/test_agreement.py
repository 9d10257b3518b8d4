"""Datasets of one revision that state different origins of the same rows, and those that only look as if they did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.project import Project, lines

ROWS = [{"text": "one"}, {"text": "two"}, {"text": "yes"}]
GENERATE = """
import provenance
rows = list(provenance.read("docs.jsonl"))
with provenance.record("made.jsonl", model=provenance.Model(name="m")) as recorder:
    recorder.write({"text": "yes"}, parents=rows[:1])
    recorder.write({"text": "new"}, parents=rows[:1])
"""
STAGES = """
stages:
  copy:
    cmd: provenance run -- cp docs.jsonl copy.jsonl
    deps: [docs.jsonl]
    outs: [copy.jsonl, copy.jsonl.lineage.parquet]
  make:
    cmd: provenance run -- python make.py
    deps: [docs.jsonl]
    outs: [made.jsonl, made.jsonl.lineage.parquet]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """What people wrote, a copy of it, and what a model made of it; the model gave one answer that people gave, too."""
    project = Project.new(tmp_path_factory.mktemp("made") / "project")
    project.write({"docs.jsonl": lines(ROWS), "make.py": GENERATE, "dvc.yaml": STAGES})
    assert project.provenance("add", "docs.jsonl", "--origin", "real", "--source", "forum").code == 0
    project.run("dvc", "repro", "--quiet")
    project.commit()
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    return made.copied(tmp_path / "repository")


def state(project: Project, origin: str, name: str = "docs.jsonl") -> None:
    model = ("--set", "model=m") if origin == "synthetic" else ()
    answer = project.provenance("declare", name, "--from", "columns", "--set", f"origin={origin}", *model)
    assert answer.code == 0, answer


def problems(project: Project, *arguments: str) -> dict[str, str]:
    answer = project.ask("verify", *arguments)
    found: list[dict[str, Any]] = answer["problems"]
    assert answer["ok"] is not bool(found)
    return {each["path"]: each["problem"] for each in found}


def test_what_both_gave_is_no_contradiction(project: Project) -> None:
    project.write({"eval.jsonl": lines([{"text": "yes"}, {"text": "no"}])})
    project.provenance("add", "eval.jsonl", "--origin", "synthetic", "--source", "elsewhere")
    assert problems(project) == {}
    assert problems(project, "--rev", "HEAD") == {}


def test_what_was_made_before_its_dependency_was_declared_anew_is_found(project: Project) -> None:
    state(project, "synthetic")
    project.commit()
    for arguments in ((), ("--rev", "HEAD"), ("copy.jsonl", "made.jsonl")):
        found = problems(project, *arguments)
        assert found.keys() == {"copy.jsonl (sidecar)", "made.jsonl (sidecar)"}
        copied, made = found["copy.jsonl (sidecar)"], found["made.jsonl (sidecar)"]
        assert "and 2 more samples are real here, but synthetic in docs.jsonl" in copied
        assert copied.endswith("make it anew with `dvc repro --force copy`")
        # One is an ancestor; the other is the model's own.
        assert "sample" in made and "more" not in made and "is real here, but synthetic in docs.jsonl" in made
    assert problems(project, "docs.jsonl") == {}
    assert project.provenance("verify").code == 1
    assert problems(project, "--rev", "HEAD~1") == {}
    project.run("dvc", "repro", "--quiet", "--force")
    assert problems(project) == {}


def test_what_is_not_known_any_more_is_not_known_of_what_was_made_of_it(project: Project) -> None:
    state(project, "synthetic")
    project.run("dvc", "repro", "--quiet", "--force", "copy")
    state(project, "unknown")
    assert "are synthetic here, but unknown in docs.jsonl" in problems(project, "copy.jsonl")["copy.jsonl (sidecar)"]


def test_what_is_known_by_now_is_worth_a_warning(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "project")
    project.write({"docs.jsonl": lines(ROWS), "make.py": GENERATE, "dvc.yaml": STAGES.partition("  make:")[0]})
    project.run("dvc", "add", "--quiet", "docs.jsonl")
    project.run("dvc", "repro", "--quiet")
    assert problems(project) == {}
    state(project, "synthetic")
    assert problems(project) == {}
    warnings = [each for each in project.ask("verify")["warnings"] if "unknown here, but synthetic" in each]
    assert len(warnings) == 1 and warnings[0].startswith("copy.jsonl: sample ")


@pytest.mark.parametrize(("rows", "found"), [(ROWS, 1), (ROWS[:1], 0)])
def test_the_same_data_that_was_added_twice(tmp_path: Path, rows: list[dict[str, str]], found: int) -> None:
    project = Project.new(tmp_path / "project")
    for name, origin in (("a.jsonl", "real"), ("b.jsonl", "mixed")):
        project.write({name: lines(rows)})
        project.provenance("add", name, "--origin", origin, "--source", "forum")
    said = problems(project)
    assert len(said) == found
    assert all("are real here, but mixed in b.jsonl, which has the same data" in each for each in said.values())


def test_a_dependency_that_cannot_be_read_is_reported(project: Project) -> None:
    file = project.root / "docs.jsonl.lineage.parquet"
    content = bytearray(file.read_bytes())
    content[8:200] = bytes(192)
    file.unlink()
    file.write_bytes(content)
    answer = project.ask("verify", "copy.jsonl")
    assert answer["problems"] == []
    assert any("origins are not compared with it" in warning for warning in answer["warnings"])
