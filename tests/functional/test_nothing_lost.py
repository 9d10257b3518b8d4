"""What several writers, killed commands and hurried users must not lose, on real repositories."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from support.project import Project, lines

PEOPLE = [{"text": f"person {number}"} for number in range(1, 9)]
# The kill comes when the files have taken their places, just before DVC is told of them.
KILLED = """
import os, signal, sys
import dvc.repo
dvc.repo.Repo.add = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
from provenance.cli import main
sys.argv = ["provenance", "purge", "people.jsonl"]
main()
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project.new(tmp_path_factory.mktemp("made") / "repository")
    project.provenance("init")
    project.write({"people.jsonl": lines(PEOPLE)})
    project.provenance("add", "people.jsonl", "--origin", "real", "--source", "forum")
    project.commit()
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    return made.copied(tmp_path / "repository")


def at_once(project: Project, *commands: tuple[str, ...]) -> list[int]:
    started = [
        subprocess.Popen(["provenance", *command], cwd=project.root, stdout=subprocess.DEVNULL) for command in commands
    ]
    return [process.wait() for process in started]


def test_writers_at_once_leave_what_each_said(project: Project) -> None:
    revoke = [("revoke", f"sample:people.jsonl:{row}", "--reason", f"person {row}") for row in range(1, 5)]
    models = [("model", "add", f"m{number}", "--trained-on-external", "x") for number in range(3)]
    assert at_once(project, *revoke, *models) == [0] * 7
    entries = project.ask("revoke", "--list")["revocations"]
    assert sorted(entry["reason"] for entry in entries) == [f"person {row}" for row in range(1, 5)]
    assert {model["name"] for model in project.ask("model", "list")["models"]} == {"m0", "m1", "m2"}


def test_branches_that_both_revoke_merge(project: Project) -> None:
    for branch, rows in (("one", (1, 2)), ("two", (2, 3))):
        project.run("git", "checkout", "--quiet", "-b", branch, "main")
        for row in rows:
            reason = f"person {row}\nasked: {{now}}"
            assert project.provenance("revoke", f"sample:people.jsonl:{row}", "--reason", reason).code == 0
        project.commit()
    project.run("git", "merge", "--quiet", "--no-edit", "one")
    reasons = [entry["reason"] for entry in project.ask("revoke", "--list")["revocations"]]
    assert sorted(reasons) == [f"person {row}\nasked: {{now}}" for row in (1, 2, 3)]


@pytest.mark.parametrize("parts", ["1", "4"])
def test_branches_that_both_added_rows_merge(project: Project, parts: str) -> None:
    add = ("add", "people.jsonl", "--origin", "real", "--source", "forum", "--parts", parts)
    project.provenance(*add)
    project.commit()
    for branch, name in (("one", "left"), ("two", "right")):
        project.run("git", "checkout", "--quiet", "-b", branch, "main")
        project.write({"people.jsonl": lines([*PEOPLE, {"text": name}])})
        project.provenance(*add)
        project.commit()
    project.run("git", "merge", "--quiet", "one", code=1)
    refused = project.provenance("status")
    assert refused.code == 2
    assert re.match(r"error: people\.jsonl(\.lineage\.parquet)?\.dvc: git left a merge conflict here; ", refused.stderr)
    for problem in project.ask("doctor")["problems"]:
        if "conflict" in problem["problem"]:
            project.run("sh", "-c", problem["mend"])
    project.run("dvc", "checkout", "--quiet", "--force")
    assert project.provenance("verify").code == 0
    project.write({"people.jsonl": lines([*PEOPLE, {"text": "right"}, {"text": "left"}])})
    project.provenance(*add)
    project.commit()
    assert project.provenance("verify").code == 0
    assert [each["rows"] for each in project.ask("status")["datasets"]] == [10]


def test_a_purge_that_was_killed_is_finished_by_the_next(project: Project) -> None:
    project.provenance("revoke", "sample:people.jsonl:2", "--reason", "withdrawn")
    project.write({"killed.py": KILLED})
    project.run("python", "killed.py", code=-9)
    said = project.provenance("purge", "people.jsonl").stdout
    assert "an interrupted purge was finished; it had taken out 1 row" in said
    project.run("dvc", "checkout", "--force", "--quiet")
    assert "person 2" not in (project.root / "people.jsonl").read_text()
    assert project.provenance("verify").code == 0


def test_a_purge_that_was_killed_between_its_two_files_is_done_again(project: Project) -> None:
    before = (project.root / "people.jsonl").read_bytes()
    project.provenance("revoke", "sample:people.jsonl:2", "--reason", "withdrawn")
    project.write({"killed.py": KILLED})
    project.run("python", "killed.py", code=-9)
    (project.root / "people.jsonl").unlink()
    (project.root / "people.jsonl").write_bytes(before)
    assert "1 row went, 7 rows stay" in project.provenance("purge", "people.jsonl").stdout
    assert "person 2" not in (project.root / "people.jsonl").read_text()
    assert project.provenance("verify").code == 0


def test_add_does_not_replace_what_was_observed(project: Project) -> None:
    record = "import provenance\nwith provenance.record('q.jsonl', model=provenance.Model(name='m')) as recorder:\n"
    project.write({"g.py": record + "    recorder.write({'text': 'generated'})\n"})
    project.run("python", "g.py")
    project.run("dvc", "add", "--quiet", "q.jsonl")
    said = project.provenance("status")
    assert "q.jsonl.lineage.parquet: not tracked by DVC" in said.stderr
    assert "`dvc add q.jsonl.lineage.parquet`" in said.stderr
    refused = project.refusal("add", "q.jsonl", "--origin", "real", "--source", "web")
    assert "provenance declare q.jsonl" in refused
    (record_,) = project.ask("show", "q.jsonl:1")["records"]
    assert record_["agent"]["name"] == "m"


def test_what_was_added_may_be_added_in_other_words(project: Project) -> None:
    assert project.provenance("add", "people.jsonl", "--origin", "real", "--source", "wiki").code == 0
    assert list(project.ask("audit", "people.jsonl")["datasets"][0]["by_source"]) == ["wiki"]


def test_a_stage_that_lacks_a_sidecar_among_its_dependencies_is_reported(project: Project) -> None:
    stage = "stages:\n  copy:\n    cmd: provenance run -- cp people.jsonl out.jsonl\n    deps: [people.jsonl]\n"
    project.write({"dvc.yaml": stage + "    outs: [out.jsonl, out.jsonl.lineage.parquet]\n"})
    remark = "stage copy reads people.jsonl but does not depend on its sidecar"
    ran = project.run("dvc", "repro")
    assert remark in ran.stdout + ran.stderr
    for command in ("status", "verify"):
        said = project.provenance(command)
        assert said.code == 0
        assert remark in said.stderr and "in dvc.yaml: - people.jsonl.lineage.parquet" in said.stderr
        assert any(remark in warning for warning in project.ask(command)["warnings"])


def test_rows_of_a_folder_keep_their_lineage_though_the_stage_lacks_its_sidecar(project: Project) -> None:
    project.write({f"hub/{number}.jsonl": lines([{"text": f"row {number}"}]) for number in range(2)})
    project.provenance("add", "hub", "--origin", "real", "--source", "hub")
    stage = "stages:\n  join:\n    cmd: provenance run -- sh -c 'cat hub/*.jsonl > out.jsonl'\n    deps: [hub]\n"
    project.write({"dvc.yaml": stage + "    outs: [out.jsonl, out.jsonl.lineage.parquet]\n"})
    said = project.run("dvc", "repro").stderr
    assert "stage join reads hub but does not depend on its sidecar" in said
    assert "hub: of 2 rows, 2 kept, 0 changed, 0 dropped" in said
    assert list(project.ask("audit", "out.jsonl")["datasets"][0]["by_source"]) == ["hub"]


def test_stages_of_one_name_keep_apart_what_each_reads_and_writes(project: Project) -> None:
    stage = "stages:\n  mix:\n    cmd: provenance run -- sh -c '{command}'\n    wdir: {wdir}\n    deps: [{deps}]\n"
    outs = "    outs: [{out}, {out}.lineage.parquet]\n"
    project.write({"b/people.jsonl": lines([{"text": f"bot {number}"} for number in range(4)])})
    project.provenance("add", "b/people.jsonl", "--origin", "synthetic", "--source", "bot")
    both = "people.jsonl, people.jsonl.lineage.parquet"
    of_root = stage.format(command="head -3 people.jsonl > mix.jsonl", wdir=".", deps=both)
    of_a = stage.format(command="tail -2 people.jsonl > a.jsonl", wdir="..", deps=both)
    of_b = stage.format(command="head -1 people.jsonl > mix.jsonl", wdir=".", deps="people.jsonl")
    project.write({"dvc.yaml": of_root + outs.format(out="mix.jsonl"), "a/dvc.yaml": of_a + outs.format(out="a.jsonl")})
    project.write({"b/dvc.yaml": of_b + outs.format(out="mix.jsonl")})
    project.commit()
    ran = project.run("dvc", "repro", "--all-pipelines")
    commit = project.commit()[:9]

    remark = "stage b/dvc.yaml:mix reads b/people.jsonl but does not depend on its sidecar"
    line = "add this line to its deps in b/dvc.yaml: - people.jsonl.lineage.parquet"
    said = project.provenance("status").stderr
    for each in (said, ran.stdout + ran.stderr):
        assert each.count("does not depend on its sidecar") == 1
        assert remark in each and line in each
    for revision in ((), ("--rev", "HEAD")):
        states = {each["path"]: each for each in project.ask("status", *revision)["datasets"]}
        made = {path: (each["rows"], *each["by_origin"]) for path, each in states.items() if "people" not in path}
        assert made == {"mix.jsonl": (3, "real"), "a.jsonl": (2, "real"), "b/mix.jsonl": (1, "synthetic")}
        assert project.ask("verify", *revision)["problems"] == []
    for path, rows in (("mix.jsonl", "3 rows: real"), ("a.jsonl", "2 rows: real"), ("b/mix.jsonl", "1 row: synthetic")):
        logged = project.provenance("log", path).stdout
        assert rows in logged and logged.count("\n") == 3 and logged.startswith(commit)


def test_a_stage_that_never_ran_is_not_a_problem(project: Project) -> None:
    project.provenance("stage", "add", "-n", "later", "-d", "people.jsonl", "-o", "c.jsonl", "cp people.jsonl c.jsonl")
    project.commit()
    assert project.ask("verify")["skipped"] == [{"path": "c.jsonl", "reason": "its stage has not run"}]
    assert "run `dvc repro`" in project.refusal("audit", "c.jsonl")
    assert "dvc pull" not in project.provenance("impact", "source:forum", "--rev", "HEAD").stderr


def test_an_import_without_its_data_is_no_stage_that_has_not_run(project: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.jsonl"
    elsewhere.write_text(lines(PEOPLE), encoding="utf-8")
    project.run("dvc", "import-url", "--no-download", str(elsewhere), "it's here.jsonl")
    assert project.ask("verify")["skipped"] == [{"path": "it's here.jsonl", "reason": "imported without its data"}]
    refused = project.refusal("audit", "it's here.jsonl")
    command = refused.partition("; run `")[2].rstrip().removesuffix("`")
    assert command.startswith("dvc pull ")
    project.run(*shlex.split(command))
    project.provenance("add", "it's here.jsonl", "--origin", "real", "--source", "elsewhere")
    assert project.ask("verify")["skipped"] == []


@pytest.mark.parametrize("command", [("add",), ("declare", "--from", "columns")])
def test_a_part_of_a_tracked_directory_is_refused(project: Project, command: tuple[str, ...]) -> None:
    project.write({"hub/0.jsonl": lines(PEOPLE[:1]), "hub/deep/1.jsonl": lines(PEOPLE[1:2])})
    said = (
        ("--origin", "real", "--source", "s") if command[0] == "add" else ("--set", "origin=real", "--set", "source=s")
    )
    project.provenance("add", "hub", "--origin", "real", "--source", "s")
    for part in ("hub/0.jsonl", "hub/deep/1.jsonl", "hub/deep"):
        assert "part of the dataset hub" in project.refusal(command[0], part, *command[1:], *said)
    assert not list((project.root / "hub").rglob("*.lineage.parquet"))


def test_a_gate_depends_on_what_may_be_revoked(project: Project) -> None:
    project.provenance(
        "stage", "add", "-n", "gate", "-d", "people.jsonl", "-o", "v.json", "provenance audit people.jsonl"
    )
    text = (project.root / "dvc.yaml").read_text()
    assert "- provenance.revocations.yaml" in text and "- provenance.models.yaml" in text
