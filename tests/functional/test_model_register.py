"""`provenance model` in a real DVC repository."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from support.project import Project, lines

STATED = ("--origin", "real", "--source", "library")
REGISTER = """\
# ours
version: 1
models:
  - name: "small"    # the first
    license: MIT
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """data/docs.jsonl with its sidecar, committed twice, and data/bare.jsonl without sidecar."""
    project = Project.new(tmp_path_factory.mktemp("made") / "repository")
    for texts in (["one"], ["one", "two"]):
        project.write({"data/docs.jsonl": lines([{"text": text} for text in texts])})
        project.provenance("add", "data/docs.jsonl", *STATED)
        project.commit()
    project.write({"data/bare.jsonl": lines([{"text": "three"}])})
    project.run("dvc", "add", "--quiet", "data/bare.jsonl")
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    return made.copied(tmp_path / "repository")


def md5(project: Project, path: str) -> str:
    return hashlib.md5((project.root / path).read_bytes(), usedforsecurity=False).hexdigest()


def commit_of(project: Project, rev: str) -> str:
    return project.run("git", "rev-parse", rev).stdout.strip()


def test_what_a_model_was_trained_on_is_written_with_commit_and_hashes(project: Project) -> None:
    project.ask("model", "add", "small", "--license", "MIT", "--terms", "name it")
    answer = project.ask(
        "model", "add", "small", "--revision", "2", "--base", "small", "--trained-on", "data/docs.jsonl@HEAD~1",
        "--trained-on", "data/docs.jsonl", "--trained-on-external", "c4",
    )  # fmt: skip
    assert (answer["model"], answer["base"], answer["trained_on_external"]) == ("small@2", "small", ["c4"])
    before, now = answer["trained_on"]
    assert (before["path"], before["commit"]) == ("data/docs.jsonl", commit_of(project, "HEAD~1"))
    assert now == {
        "path": "data/docs.jsonl",
        "commit": commit_of(project, "HEAD"),
        "md5": md5(project, "data/docs.jsonl"),
        "sidecar_md5": md5(project, "data/docs.jsonl.lineage.parquet"),
    }
    project.run("git", "checkout", "--quiet", "HEAD~1")
    project.run("dvc", "checkout", "--quiet")
    assert before["md5"] == md5(project, "data/docs.jsonl")
    assert before["sidecar_md5"] == md5(project, "data/docs.jsonl.lineage.parquet")
    shown = project.ask("model", "show", "small@2")
    assert shown["trained_on"] == [before, now]
    assert [base["output_terms"] for base in shown["bases"]] == ["name it"]
    assert [model["model"] for model in project.ask("model", "list")["models"]] == ["small", "small@2"]


def test_data_that_is_not_committed_has_hashes_alone(project: Project) -> None:
    project.write({"data/docs.jsonl": lines([{"text": "new"}])})
    project.provenance("add", "data/docs.jsonl", *STATED)
    (trained_on,) = project.ask("model", "add", "m", "--trained-on", "data/docs.jsonl")["trained_on"]
    assert (trained_on["commit"], trained_on["md5"]) == (None, md5(project, "data/docs.jsonl"))


def test_the_register_is_read_at_a_revision(project: Project) -> None:
    project.ask("model", "add", "old")
    project.commit()
    project.ask("model", "remove", "old")
    project.ask("model", "add", "new")
    assert [model["name"] for model in project.ask("model", "list", "--rev", "HEAD")["models"]] == ["old"]
    assert project.ask("model", "show", "old", "--rev", "HEAD")["bases"] == []
    assert "old: no such model is registered; registered: new" in project.refusal("model", "show", "old")
    assert project.ask("model", "list", "--rev", "HEAD~1") == {"models": []}


def test_what_people_wrote_in_the_register_stays(project: Project) -> None:
    project.write({"provenance.models.yaml": REGISTER})
    project.ask("model", "add", "large", "--revision", "1.0")
    text = (project.root / "provenance.models.yaml").read_text()
    assert text == REGISTER + "  - name: large\n    revision: '1.0'\n"
    project.ask("model", "remove", "large")
    assert (project.root / "provenance.models.yaml").read_text() == REGISTER
    project.ask("model", "add", "small", "--license", "BSD-3-Clause", "--replace")
    assert [model["license"] for model in project.ask("model", "list")["models"]] == ["BSD-3-Clause"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["small"], "small: registered already; --replace puts this in its place"),
        (["m", "--base", "ghost"], "ghost: no such model is registered; registered: small, tuned"),
        (["small", "--base", "tuned", "--replace"], "a model cannot be made from itself: small from tuned from small"),
        (["m", "--trained-on", "data/none.jsonl"], "data/none.jsonl: not a dataset that DVC tracks"),
        (["m", "--trained-on", "/etc/passwd"], "/etc/passwd: not a dataset that DVC tracks"),
        (["m", "--trained-on", "data/none.jsonl@HEAD"], "at HEAD, DVC tracks no dataset data/none.jsonl"),
        (["m", "--trained-on", "data/docs.jsonl@ghost"], "'ghost': no such git revision"),
        (["m", "--trained-on", "data/docs.jsonl@"], "'': no such git revision"),
        (["m", "--trained-on", "data/bare.jsonl"], "data/bare.jsonl: no lineage is recorded of it"),
        ([""], "'': cannot be registered: name: String should have at least 1"),
    ],
)
def test_what_does_not_exist_is_refused(project: Project, arguments: list[str], problem: str) -> None:
    project.ask("model", "add", "small")
    project.ask("model", "add", "tuned", "--base", "small")
    assert problem in project.refusal("model", "add", *arguments)


def test_a_base_stays_while_something_is_made_from_it(project: Project) -> None:
    project.ask("model", "add", "small")
    project.ask("model", "add", "tuned", "--base", "small")
    assert "small: the base of tuned; remove these first" in project.refusal("model", "remove", "small")


def test_names_cannot_steer_a_terminal(project: Project) -> None:
    name = "evil\u202e{x}"
    project.ask("model", "add", name, "--terms", "\x1b]0;title\x07")
    for command in (("list",), ("show", name)):
        said = project.provenance("model", *command).stdout
        assert "evil\\u202e{x}" in said
        assert not {"\x1b", "\x07", "\u202e"} & set(said)
    assert "it has control characters" in project.refusal("model", "add", "evil\x1b[2J")


def test_it_says_what_it_did(project: Project) -> None:
    said = project.provenance("model", "add", "m", "--revision", "1", "--trained-on", "data/docs.jsonl").stdout
    head = commit_of(project, "HEAD")
    assert said == f"m@1: data/docs.jsonl@{head[:7]}\nnext: git add provenance.models.yaml\n"
    assert f"  trained on: data/docs.jsonl at {head}" in project.provenance("model", "show", "m").stdout
    assert "no models are registered" in project.provenance("model", "list", "--rev", "HEAD").stdout


def test_a_name_that_looks_like_a_revision_is_told_how_it_was_understood(project: Project) -> None:
    said = project.provenance("model", "add", "claude-3@20240229").stdout.splitlines()
    assert said[1] == (
        "all of it is taken as the name; to state a revision: `provenance model add claude-3 --revision 20240229`"
    )
    (model,) = project.ask("model", "list")["models"]
    assert (model["name"], model["revision"]) == ("claude-3@20240229", None)
    for arguments in (("plain",), ("claude-3@20240229", "--revision", "b"), ("@scope",)):
        assert "taken for the name" not in project.provenance("model", "add", *arguments).stdout


def test_what_is_empty_is_named(project: Project) -> None:
    assert "error: '': no such model" in project.refusal("model", "add", "small", "--base", "")
    assert "error: '': not a dataset" in project.refusal("model", "add", "small", "--trained-on", "")
    assert "revision" in project.refusal("model", "add", "small", "--revision", "")
    assert "trained_on_external" in project.refusal("model", "add", "small", "--trained-on-external", "")
