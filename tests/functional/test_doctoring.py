"""`provenance doctor`: what is wrong with a set-up, each with a command, and the commands mend it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from support.project import Project, lines

from provenance.cached import read_cached, write_cached
from provenance.ledger import snapshot

PIPELINE = """\
stages:
  copy:
    cmd: cp data/docs.jsonl data/copy.jsonl
    deps: [data/docs.jsonl]
    outs: [data/copy.jsonl]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A repository in which nothing is wrong."""
    project = Project.new(tmp_path_factory.mktemp("doctoring") / "repository")
    project.ask("init")
    project.write({"data/docs.jsonl": lines([{"text": "one"}, {"text": "two"}]), "dvc.yaml": PIPELINE})
    project.ask("add", "data/docs.jsonl", "--origin", "real", "--source", "library")
    project.run("dvc", "repro", "--quiet")
    project.ask("adopt", "--yes")
    project.commit()
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    return made.copied(tmp_path / "repository")


def found(project: Project) -> dict[str, tuple[str, str]]:
    answer = project.provenance("doctor", "--json")
    document = answer.json()
    assert answer.code == (0 if document["ok"] else 1)
    return {each["what"]: (each["problem"], each["mend"]) for each in document["problems"]}


def test_what_is_right_is_called_so(project: Project) -> None:
    assert found(project) == {}
    project.ask("index")
    project.provenance("status")
    ok, *notes = project.provenance("doctor").stdout.splitlines()
    assert ok == "ok: nothing is wrong with this set-up"
    assert notes[0].startswith("note: ids: ")
    assert notes[1:] == [
        "note: the workspace: remembered as DVC has it",
        "note: the index: of 2 datasets, as it was written",
    ]


def test_what_is_remembered_is_looked_at(project: Project) -> None:
    project.ask("index")
    project.provenance("status")
    arrays = [file for file in (project.root / ".dvc/tmp/provenance/graph").glob("graph-*/*") if file.suffix != ".json"]
    largest = max(arrays, key=lambda file: file.stat().st_size)
    largest.write_bytes(bytes(byte ^ 1 for byte in largest.read_bytes()))
    problem, mend = found(project)["the index"]
    assert "are not what was written" in problem
    project.run("sh", "-c", mend)
    file = project.root / ".dvc/tmp/provenance/workspace.json"
    remembered = read_cached(file, snapshot._VERSION)
    remembered["content"]["recorded"].pop()
    write_cached(file, snapshot._VERSION, remembered)
    problem, mend = found(project)["the workspace"]
    assert problem == "what is remembered of it is not what DVC says"
    project.run("sh", "-c", mend)
    assert found(project) == {}


def test_stages_that_cannot_be_adopted_are_noted(project: Project) -> None:
    loop = PIPELINE.partition("\n")[2].replace("copy.jsonl", "more.jsonl").replace("  copy:", "  more:")
    loop = loop.replace(
        "cmd: cp data/docs.jsonl data/more.jsonl", "cmd:\n    - |\n      for i in 1; do\n      cp a b\n      done"
    )
    other = "  model:\n    cmd: cp data/docs.jsonl model.bin\n    deps: [data/docs.jsonl]\n    outs: [model.bin]\n"
    with open(project.root / "dvc.yaml", "a", encoding="utf-8") as file:
        file.write(loop + other)
    answer = project.provenance("doctor", "--json").json()
    noted = {each["what"]: each["said"] for each in answer["notes"]}
    assert noted["stage more"].startswith("without lineage: ") and "change it by hand" in noted["stage more"]
    assert "stage model" not in noted


def test_each_problem_has_the_command_that_mends_it(project: Project) -> None:
    root = project.root
    (root / "provenance.yaml").unlink()
    text = (root / "dvc.yaml").read_text()
    project.write({"dvc.yaml": text.replace("provenance run -- ", ""), ".gitattributes": ""})
    (root / "data/docs.jsonl.lineage.parquet").unlink()
    (root / "data/copy.jsonl.lineage.parquet").unlink()
    problems = found(project)
    assert problems["provenance.yaml"][1] == "provenance init"
    copy = "data/copy.jsonl"
    assert problems[copy][0] == "its sidecar is not in the workspace, so `dvc repro` would run the stage copy again"
    for problem in problems.values():
        project.run("sh", "-c", problem[1])
    project.run("dvc", "checkout", "--quiet")
    for _, mend in found(project).values():
        project.run("sh", "-c", mend + (" --yes" if mend == "provenance adopt" else ""))
    assert found(project) == {}


def test_stages_that_are_not_adopted(project: Project) -> None:
    more = PIPELINE.partition("\n")[2].replace("copy.jsonl", "more.jsonl").replace("docs.jsonl", "copy.jsonl")
    more = more.replace("  copy:", "  more:")
    with open(project.root / "dvc.yaml", "a", encoding="utf-8") as file:
        file.write(more)
    problem, mend = found(project)["stage more"]
    assert problem == (
        "its command does not run under `provenance run`; its outs lack data/more.jsonl.lineage.parquet; its deps lack "
        "data/copy.jsonl.lineage.parquet"
    )
    assert mend == "provenance adopt"


def test_sidecars_of_other_data(project: Project) -> None:
    with open(project.root / "data/docs.jsonl", "a", encoding="utf-8") as file:
        file.write('{"text": "three"}\n')
    problem, mend = found(project)["data/docs.jsonl"]
    assert problem == "its sidecar was made for other data than is here"
    assert mend.startswith("provenance add data/docs.jsonl")


def test_a_merge_conflict_is_found_before_dvc_stumbles(project: Project) -> None:
    with open(project.root / "dvc.lock", "a", encoding="utf-8") as file:
        file.write("<<<<<<< HEAD\n=======\n>>>>>>> other\n")
    assert found(project)["dvc.lock"][1] == "git checkout --ours dvc.lock && dvc repro"


def test_what_git_ignores(project: Project) -> None:
    project.run("git", "rm", "--cached", "--quiet", "provenance.yaml")
    with open(project.root / ".gitignore", "a", encoding="utf-8") as file:
        file.write("provenance.yaml\n")
    assert found(project)["provenance.yaml"][1] == "git add --force provenance.yaml"


def test_programs_that_stages_would_not_find(project: Project) -> None:
    path = f"PATH={os.defpath}"
    told = project.run("env", path, sys.executable, "-m", "provenance", "doctor", code=1).stdout
    assert told.startswith("provenance: not on PATH, so stages do not find it\n  mend: export PATH=")


def test_an_engine_that_cannot_start(project: Project) -> None:
    """As every command would say, but only once it has begun."""
    said = project.run("env", "PROVENANCE_ENGINE=spark", "JAVA_HOME=/nowhere", "provenance", "doctor", code=1).stdout
    assert said.startswith("the engine: ") and "mend: " in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_folders_that_cannot_be_written(project: Project) -> None:
    (project.root / ".dvc/cache").chmod(0o500)
    assert any("cannot be written" in problem for problem, _ in found(project).values())


def test_outside_of_a_repository_it_is_an_error(project: Project) -> None:
    assert "not inside a DVC repository" in project.refusal("doctor", folder="..")
