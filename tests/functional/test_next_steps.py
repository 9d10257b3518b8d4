"""What commands say to hand to git next: it can be run as it stands, where the command was run."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from support.project import Answer, Project, lines

ROWS = [{"text": f"row {number}"} for number in range(4)]
COLLECTED = ("--origin", "real", "--source", "library")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.new(tmp_path / "repository")
    project.write({"some data/my rows.jsonl": lines(ROWS)})
    return project


def follow(project: Project, answer: Answer, folder: str = ".") -> None:
    """Do what ``answer`` says, after which git has nothing left to be told of."""
    assert answer.code == 0, answer.stderr
    (said,) = (line for line in answer.stdout.splitlines() if line.startswith("next: git add"))
    project.run("git", "add", ".dvcignore", ".dvc")
    project.run(*shlex.split(said.removeprefix("next: ")), folder=folder)
    changed = project.run("git", "status", "--porcelain").stdout.splitlines()
    assert [line for line in changed if line[1] != " "] == []


def test_in_a_folder_with_a_name_of_two_words(project: Project) -> None:
    follow(project, project.provenance("add", "my rows.jsonl", *COLLECTED, folder="some data"), "some data")


@pytest.mark.parametrize("choice", [("--parts", "4"), ("--fields", "text")])
def test_the_settings_that_a_choice_is_kept_in(project: Project, choice: tuple[str, str]) -> None:
    follow(project, project.provenance("add", "some data/my rows.jsonl", *COLLECTED, *choice))
    staged = project.run("git", "diff", "--cached", "--name-only").stdout.splitlines()
    assert "provenance.yaml" in staged


def test_what_is_advised_can_be_run_with_names_of_two_words(project: Project) -> None:
    def advised(said: str) -> list[str]:
        return shlex.split(next(part for part in said.split("`") if part.startswith(("dvc add", "provenance add"))))

    assert advised(project.refusal("audit", "some data/my rows.jsonl")) == [
        "provenance",
        "add",
        "some data/my rows.jsonl",
    ]
    project.provenance("add", "some data/my rows.jsonl", *COLLECTED)
    project.run("dvc", "remove", "--quiet", "some data/my rows.jsonl.lineage.parquet.dvc")
    project.run(*advised(project.provenance("status").stderr))
    assert "not tracked" not in project.provenance("status").stderr


def test_after_a_purge_into_another_folder(project: Project) -> None:
    project.provenance("add", "some data/my rows.jsonl", *COLLECTED)
    project.provenance("revoke", "sample:some data/my rows.jsonl:1", "--reason", "so")
    project.run("git", "add", ".")
    (project.root / "clean").mkdir()
    follow(project, project.provenance("purge", "some data/my rows.jsonl", "-o", "clean/rows.jsonl"))


def test_after_an_import(project: Project, tmp_path: Path) -> None:
    project.provenance("add", "some data/my rows.jsonl", *COLLECTED)
    project.commit()
    other = Project.new(tmp_path / "other")
    other.write({"here/.keep": ""})
    other.commit()
    path = "some data/my rows.jsonl"
    follow(other, other.provenance("import", str(project.root), path, folder="here"), "here")


def test_data_that_dvc_does_not_have_yet_is_told_of_when_its_rows_are_declared(project: Project) -> None:
    path = "some data/my rows.jsonl"
    declare = ("declare", path, "--from", "columns", "--set", "model=writer")
    project.run("dvc", "add", "--quiet", path)
    assert "DVC has other data" not in project.provenance(*declare).stdout
    project.write({path: lines(ROWS[1:])})
    said = project.provenance(*declare).stdout
    assert f"DVC has other data for it: `dvc add '{path}'`, else the sidecar is stale" in said
    project.run("dvc", "add", "--quiet", path)
    assert [each["state"] for each in project.ask("status")["datasets"]] == ["ok"]
