"""A withdrawal in a real DVC repository, from the entry in the file to the rows that are gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.project import Project, lines

REASON = "consent withdrawn"
FORUM = [{"text": f"said in the forum, {number}"} for number in range(3)]
WIKI = [{"text": f"written in the wiki, {number}"} for number in range(2)]
GENERATE = """
import provenance
with provenance.record("answers.jsonl", model=provenance.Model(name="writer"), kind="rewrite") as recorder:
    for path in ("forum.jsonl", "wiki.jsonl"):
        for row in provenance.read(path):
            recorder.write({"text": "again: " + row["text"]}, parents=[row])
"""
STUDENT = """
import provenance
with provenance.record("later.jsonl", model=provenance.Model(name="student"), kind="from_scratch") as recorder:
    recorder.write({"text": "by the student"})
"""
PIPELINE = """
stages:
  generate:
    cmd: provenance run -- python generate.py
    deps: [generate.py, forum.jsonl, forum.jsonl.lineage.parquet, wiki.jsonl, wiki.jsonl.lineage.parquet]
    outs: [answers.jsonl, answers.jsonl.lineage.parquet]
  clean:
    cmd: provenance run -- provenance purge answers.jsonl -o clean.jsonl
    deps: [answers.jsonl, answers.jsonl.lineage.parquet, provenance.revocations.yaml]
    outs: [clean.jsonl, clean.jsonl.lineage.parquet]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Answers that were generated from a forum and a wiki; a stage that would purge them."""
    project = Project.new(tmp_path_factory.mktemp("made") / "repository")
    project.write({"forum.jsonl": lines(FORUM), "wiki.jsonl": lines(WIKI)})
    project.write({"dvc.yaml": PIPELINE, "generate.py": GENERATE})
    for name in ("forum", "wiki"):
        project.provenance("add", f"{name}.jsonl", "--origin", "real", "--source", name, "--license", "MIT")
    project.run("dvc", "repro", "--quiet", "generate")
    project.commit()
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    return made.copied(tmp_path / "repository")


def texts(file: Path) -> list[str]:
    return [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()]


def test_what_is_revoked_is_entered_once_and_by_names_that_last(project: Project) -> None:
    (project.root / "provenance.revocations.yaml").write_text("# ours\nversion: 1\nrevocations: []\n")
    entry = project.ask("revoke", "source:forum", "sample:wiki.jsonl:2", "--reason", REASON)
    assert entry["new"]
    assert [(each["path"], each["affected_rows"]) for each in entry["datasets"]] == [
        ("answers.jsonl", 4),
        ("forum.jsonl", 3),
        ("wiki.jsonl", 1),
    ]
    assert not project.ask("revoke", "source:forum", "sample:wiki.jsonl:2", "--reason", REASON)["new"]
    text = (project.root / "provenance.revocations.yaml").read_text(encoding="utf-8")
    assert text.startswith("# ours\n")
    (stored,) = YAML(typ="safe").load(text)["revocations"]
    assert stored["selectors"][0] == "source:forum"
    sample_id = stored["selectors"][1].removeprefix("sample:")
    assert project.ask("show", sample_id)["occurrences"] == [{"dataset": "wiki.jsonl", "rows": 1}]
    assert project.ask("revoke", "--list")["revocations"] == [
        {name: entry[name] for name in ("id", "selectors", "reason", "by", "revoked")}
    ]


def test_what_is_revoked_is_marked_wherever_it_is_shown(project: Project) -> None:
    assert project.ask("show", "forum.jsonl:1")["revoked"] == []
    revocation = project.ask("revoke", "source:forum", "--reason", REASON)["id"]
    said = {"revocation": revocation, "reason": REASON, "certain": True}
    assert project.ask("show", "forum.jsonl:1")["revoked"] == [said | {"how": "named"}]
    assert project.ask("show", "answers.jsonl:1")["revoked"] == [said | {"how": "derived"}]
    assert project.ask("show", "wiki.jsonl:1")["revoked"] == []
    assert f"came from what is revoked ({revocation}): {REASON}" in project.provenance("show", "answers.jsonl:1").stdout
    assert [node["revoked"][0]["how"] for node in project.ask("trace", "answers.jsonl:1")["nodes"]] == [
        "derived",
        "named",
    ]
    for form in ((), ("--dot",), ("--mermaid",)):
        assert project.provenance("trace", "answers.jsonl:1", *form).stdout.count("REVOKED") == 2
        assert "REVOKED" not in project.provenance("trace", "wiki.jsonl:1", *form).stdout
    rows = {each["path"]: each["revoked_rows"] for each in project.ask("status")["datasets"]}
    assert rows == {"answers.jsonl": 3, "clean.jsonl": None, "forum.jsonl": 3, "wiki.jsonl": 0}
    shown = project.provenance("status").stdout
    assert "answers.jsonl: 3 rows are revoked, or came from what is revoked (`provenance purge`)" in shown
    assert "wiki.jsonl: " not in shown


def test_an_audit_that_fails_without_a_verdict_that_does_says_why_in_its_last_line(project: Project) -> None:
    project.provenance("revoke", "source:forum", "--reason", REASON)
    (project.root / "own.yaml").write_text(
        "rules: [{id: few, value: rows, threshold: {at_most: 10}, reason: so}]", encoding="utf-8"
    )
    for policy in ((), ("--policy", "own.yaml")):
        found = project.provenance("audit", "answers.jsonl", *policy)
        assert found.code == 1
        assert found.stdout.splitlines()[-1].startswith(
            "does not pass: 3 rows are revoked, or came from what is revoked"
        )
        assert "Does not pass: 3 rows" in project.provenance("audit", "answers.jsonl", *policy, "--md").stdout


def test_audits_fail_until_the_rows_are_gone(project: Project) -> None:
    assert project.provenance("audit", "answers.jsonl", "--quiet").code == 0
    project.provenance("revoke", "source:forum", "--reason", REASON)
    assert project.provenance("audit", "wiki.jsonl", "--quiet").code == 0
    found = project.provenance("audit", "answers.jsonl")
    assert found.code == 1
    assert "what is revoked (take them out with `provenance purge`): 3" in found.stdout
    blocked = project.provenance("audit", "answers.jsonl", "--policy", "baseline", "--json")
    assert blocked.code == 1
    (finding,) = (each for each in blocked.json()["findings"] if each["rule"] == "nothing-revoked")
    assert (finding["status"], finding["observed"]) == ("BLOCKED", 3)
    assert {sample["why"] for sample in finding["samples"]} == {
        f"revoked ({project.ask('revoke', '--list')['revocations'][0]['id']}): {REASON}"
    }
    # Of an old revision, too: what is withdrawn is withdrawn.
    assert project.provenance("audit", "answers.jsonl", "--rev", "HEAD", "--quiet").code == 1
    project.run("dvc", "repro", "--quiet", "clean")
    assert project.provenance("audit", "clean.jsonl", "--policy", "baseline", "--quiet").code == 0


def test_a_policy_that_judges_revoked_rows_may_waive_them(project: Project) -> None:
    project.provenance("revoke", "source:forum", "--reason", REASON)
    own = "rules: [{id: few, value: rows, threshold: {at_most: 9}, reason: few}]\n"
    waiver = "waive: [{rule: nothing-revoked, owner: ada, reason: an appeal, expires: 2999-01-01}]\n"
    project.write({"waived.yaml": f"extends: [baseline]\n{waiver}", "other.yaml": own})
    assert project.provenance("audit", "wiki.jsonl", "--policy", "other.yaml", "--quiet").code == 0
    assert project.provenance("audit", "forum.jsonl", "--policy", "waived.yaml", "--quiet").code == 0
    # That policy says nothing of it.
    assert project.provenance("audit", "forum.jsonl", "--policy", "other.yaml", "--quiet").code == 1


def test_purging_in_place_keeps_tombstones(project: Project) -> None:
    project.provenance("revoke", "source:forum", "--reason", REASON)
    before = project.ask("query", "SELECT DISTINCT sample_id FROM samples WHERE dataset = 'forum.jsonl'")["rows"]
    dry = project.ask("purge", "forum.jsonl", "--dry-run")
    assert dry["reasons"] == {REASON: 3}
    assert (dry["dataset"], dry["out"], dry["kept"], dry["dropped"]) == ("forum.jsonl", "forum.jsonl", 0, 3)
    assert dry["finished"] == 0
    assert texts(project.root / "forum.jsonl") == [row["text"] for row in FORUM]
    assert project.ask("purge", "forum.jsonl") == dry
    assert texts(project.root / "forum.jsonl") == []
    assert project.ask("verify", "forum.jsonl")["ok"]
    # The sidecar tells what was there, also after it went to a remote and came back.
    remote = project.root.parent / "remote"
    project.run("dvc", "remote", "add", "--quiet", "--default", "store", str(remote))
    project.run("dvc", "push", "--quiet", "forum.jsonl", "forum.jsonl.lineage.parquet")
    (project.root / "forum.jsonl.lineage.parquet").unlink()
    project.run("dvc", "pull", "--quiet", "forum.jsonl.lineage.parquet")
    shown = project.ask("show", before[0]["sample_id"])
    births = [(record["activity"]["type"], record["origin"]) for record in shown["records"]]
    assert births == [("collection", "real"), ("purge", "real")]
    assert shown["records"][1]["activity"]["parameters"]["reason"] == REASON
    again = project.ask("purge", "forum.jsonl")
    assert (again["kept"], again["dropped"]) == (0, 0)


def test_stale_data_is_not_purged(project: Project) -> None:
    project.provenance("revoke", "source:forum", "--reason", REASON)
    project.write({"forum.jsonl": lines([*FORUM, {"text": "by somebody else"}])})
    assert "its sidecar was made for a file of md5" in project.refusal("purge", "forum.jsonl")


def test_purging_as_a_stage_runs_again_when_more_is_revoked(project: Project) -> None:
    project.write({"provenance.revocations.yaml": "version: 1\n"})
    project.run("dvc", "repro", "--quiet", "clean")
    assert len(texts(project.root / "clean.jsonl")) == 5
    project.provenance("revoke", "source:forum", "--reason", REASON)
    project.run("dvc", "repro", "--quiet", "clean")
    assert texts(project.root / "clean.jsonl") == [f"again: {row['text']}" for row in WIKI]
    status = {each["path"]: each for each in project.ask("status")["datasets"]}
    assert (status["clean.jsonl"]["state"], status["clean.jsonl"]["rows"]) == ("ok", 2)
    assert project.ask("verify")["ok"]
    refusal = project.refusal("purge", "answers.jsonl")
    assert "made by the stage generate, which would make it again; purge it in a stage of its own" in refusal
    assert "must be a file of the same format" in project.refusal("purge", "wiki.jsonl", "-o", "wiki.csv")
    assert "not a dataset that DVC tracks" in project.refusal("purge", "gone.jsonl")


def test_what_a_model_learnt_is_reached_at_every_commit(project: Project) -> None:
    project.write({"later.py": STUDENT})
    project.run("python", "later.py")
    project.run("dvc", "add", "--quiet", "later.jsonl", "later.jsonl.lineage.parquet")
    project.commit()
    # What it learnt from is put down only after what it wrote was committed.
    project.ask("model", "add", "student", "--trained-on", "answers.jsonl@HEAD~1")
    project.provenance("revoke", "source:forum", "--reason", REASON)
    found = project.ask("impact", "--revoked", "--history")
    now = {each["path"]: (each["affected_rows"], each["affected_through_models"]) for each in found["datasets"]}
    assert now == {"answers.jsonl": (3, 0), "forum.jsonl": (3, 0), "later.jsonl": (0, 1), "wiki.jsonl": (0, 0)}
    head, first = project.run("git", "log", "--format=%H").stdout.split()
    assert [(each["commit"], each["path"]) for each in found["history"]] == [
        (head, "later.jsonl"),
        (first, "answers.jsonl"),
        (first, "forum.jsonl"),
    ]
    assert found["unknown"] == []
    measured = project.provenance("audit", "later.jsonl", "--json")
    assert measured.code == 1
    assert measured.json()["datasets"][0]["measures"]["revoked"] == {
        "revocations": 1,
        "rows": 1,
        "fraction": 1.0,
        "certain_rows": 1,
        "rows_through_models": 1,
    }
    assert project.ask("purge", "later.jsonl")["kept"] == 0


def test_a_selector_that_fits_nothing_any_more_is_told(project: Project) -> None:
    entry = {"id": "0" * 12, "selectors": ["source:gone"], "reason": REASON, "revoked": "2026-11-26T00:00:00Z"}
    project.write({"provenance.revocations.yaml": json.dumps({"version": 1, "revocations": [entry]})})
    said = project.provenance("impact", "--revoked")
    assert said.code == 0
    assert "note: source:gone is revoked, and no sidecar here has it\n" in said.stderr
    assert project.ask("impact", "--revoked")["selected"] == 0


def test_what_cannot_be_meant_is_refused(project: Project) -> None:
    assert "no such source" in project.refusal("revoke", "source:nowhere", "--reason", REASON)
    assert "not a selector" in project.refusal("revoke", "forum", "--reason", REASON)
    assert "reason" in project.refusal("revoke", "source:forum", "--reason", "  ")
    assert not (project.root / "provenance.revocations.yaml").exists()
    for arguments in (["revoke", "source:forum"], ["revoke", "--list", "--reason", "x"], ["impact"], ["purge"]):
        assert project.provenance(*arguments).code == 2
    entry = {"id": "0" * 12, "selectors": ["soruce:forum"], "reason": REASON, "revoked": "2026-11-26T00:00:00Z"}
    project.write({"provenance.revocations.yaml": json.dumps({"version": 1, "revocations": [entry]})})
    assert "soruce:forum: not a selector" in project.refusal("audit", "answers.jsonl")
