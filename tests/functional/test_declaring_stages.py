"""`provenance declare` on what a stage made before: DVC has nothing to do, and what came from it follows."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import Project, lines

MAKE = """\
import json, sys
open("runs.txt", "a").write(sys.argv[2] + "\\n")
rows = [json.loads(line) for line in open(sys.argv[1])]
open(sys.argv[2], "w").writelines(json.dumps(row | {"text": row["text"].strip()}) + "\\n" for row in rows)
"""
RECORD = """\
import provenance
open("runs.txt", "a").write("asked\\n")
writer = provenance.Model(name="writer")
with provenance.record("data/answers.jsonl", model=writer, prompt="Ask.", kind="answer") as out:
    for row in provenance.read("data/clean.jsonl"):
        out.write({"text": "About " + row["text"]}, parents=[row])
"""
PIPELINE = """\
stages:
  clean:
    cmd: python make.py data/docs.jsonl data/clean.jsonl
    deps: [data/docs.jsonl]
    outs: [data/clean.jsonl]
  mix:
    cmd: python make.py data/clean.jsonl data/mix.jsonl
    deps: [data/clean.jsonl]
    outs: [data/mix.jsonl]
  ask:
    cmd: python ask.py
    deps: [data/clean.jsonl]
    outs: [data/answers.jsonl, data/answers.jsonl.lineage.parquet]
  gate:
    cmd: provenance audit data/mix.jsonl --metrics metrics.json
    deps: [data/mix.jsonl, data/mix.jsonl.lineage.parquet]
    metrics: [metrics.json]
"""
STATED = ("--from", "columns", "--set", "origin=real", "--set", "source=forum")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project.new(tmp_path_factory.mktemp("declaring-stages") / "repository")
    rows = lines([{"id": f"d{number}", "text": f" text {number}"} for number in range(4)])
    project.write({"data/docs.jsonl": rows, "make.py": MAKE, "ask.py": RECORD, "dvc.yaml": PIPELINE})
    project.run("dvc", "add", "--quiet", "data/docs.jsonl")
    project.run("dvc", "repro", "--quiet", "clean")
    project.ask("adopt", "--yes")
    project.run("dvc", "repro", "--quiet")
    project.commit()
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    return made.copied(tmp_path / "repository")


def status(project: Project) -> str:
    return project.run("dvc", "status").stdout


def origins(project: Project) -> dict[str, str]:
    return {each["path"]: ", ".join(each["by_origin"]) for each in project.ask("status")["datasets"]}


def test_dvc_is_satisfied_and_what_came_from_it_follows(project: Project) -> None:
    assert "up to date" in status(project)
    runs = (project.root / "runs.txt").read_text()
    answer = project.ask("declare", "data/clean.jsonl", *STATED)
    assert (answer["stage"], answer["stated"], answer["tracked"]) == ("clean", 4, False)
    assert sorted(answer["rewritten"]) == ["data/answers.jsonl", "data/mix.jsonl"]
    run = project.ask("show", "data/clean.jsonl:1")["records"][0]["activity"]["stage"]
    assert (run["name"], "data/docs.jsonl" in run["dependencies"]) == ("clean", True)
    # What judges has to judge again; nothing else runs.
    assert answer["to_run"] == ["gate"]
    assert status(project).split() == ["gate:", "changed", "deps:", "modified:", "data/mix.jsonl.lineage.parquet"]
    project.run("dvc", "repro", "--quiet")
    assert (project.root / "runs.txt").read_text() == runs
    assert origins(project) == {
        "data/answers.jsonl": "synthetic",
        "data/clean.jsonl": "real",
        "data/docs.jsonl": "unknown",
        "data/mix.jsonl": "real",
    }
    assert project.ask("verify")["ok"]
    # The generation that was recorded stays, and has a known parent now.
    traced = project.ask("trace", "data/answers.jsonl:1")
    assert [node["origin"] for node in traced["nodes"]] == ["synthetic", "real"]


def test_of_data_that_was_added_the_same_follows(project: Project) -> None:
    keyed = "version: 1\ndatasets:\n  - {path: data/clean.jsonl, key: id}\n"
    project.write({"provenance.yaml": keyed})
    answer = project.ask("declare", "data/docs.jsonl", *STATED)
    assert (answer["tracked"], answer["stage"]) == (True, None)
    assert answer["rewritten"][0] == "data/clean.jsonl"
    assert "changed" not in status(project).replace("gate:\n\tchanged", "")
    assert origins(project)["data/mix.jsonl"] == "real"


def test_declared_twice_the_last_word_counts(project: Project) -> None:
    project.ask("declare", "data/clean.jsonl", *STATED)
    project.ask("declare", "data/clean.jsonl", "--from", "columns", "--set", "origin=synthetic", "--set", "model=m")
    assert origins(project)["data/mix.jsonl"] == "synthetic"
    # What the recorded answers were made from is known anew, too, and nothing of it as it was known before.
    parent = project.ask("trace", "data/answers.jsonl:1")["nodes"][1]
    assert (parent["origin"], parent["births"], parent["depth"]) == ("synthetic", 1, 1)
    assert project.ask("audit", "data/answers.jsonl")["datasets"][0]["max_depth"] == 2
    assert project.ask("verify")["ok"]


def test_data_that_was_added_is_declared_twice_and_what_was_carried_follows(project: Project) -> None:
    keyed = "version: 1\ndatasets:\n  - {path: data/clean.jsonl, key: id}\n"
    project.write({"provenance.yaml": keyed})
    project.ask("declare", "data/docs.jsonl", *STATED)
    again = ("--from", "columns", "--set", "origin=synthetic", "--set", "model=m")
    said = project.provenance("declare", "data/docs.jsonl", *again).stdout
    assert "data/clean.jsonl: its sidecar follows\n" in said and "data/mix.jsonl: its sidecar follows\n" in said
    assert (origins(project)["data/clean.jsonl"], origins(project)["data/mix.jsonl"]) == ("synthetic", "synthetic")
    assert project.ask("verify")["ok"]


def test_what_a_stage_made_otherwise_is_not_declared(project: Project) -> None:
    with open(project.root / "data/clean.jsonl", "a", encoding="utf-8") as file:
        file.write('{"text": "by hand"}\n')
    assert "changed since the stage clean made it" in project.refusal("declare", "data/clean.jsonl", *STATED)


def test_without_its_sidecar_among_the_outs_there_is_a_command(project: Project) -> None:
    text = (
        (project.root / "dvc.yaml")
        .read_text()
        .replace("[data/clean.jsonl, data/clean.jsonl.lineage.parquet]", "[data/clean.jsonl]", 1)
    )
    assert text != (project.root / "dvc.yaml").read_text()
    project.write({"dvc.yaml": text})
    assert "`provenance adopt` adds it" in project.refusal("declare", "data/clean.jsonl", *STATED)
