"""Rows of equal content, only some of which were born in a way that is revoked: which go, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, lines
from support.sidecars import Words, record, write
from support.workbench import fingerprint, identifier

from provenance.lineage.records import Activity, ActivityType, Agent

AGENTS = (Agent(name="m0"), Agent(name="m1"))
WORDS = Words(tuple(Activity(type=ActivityType.GENERATION, agent=agent.id) for agent in AGENTS), AGENTS)
YES, NO, CHILD = {"text": "yes, it does"}, {"text": "no, it does not"}, {"text": "a child of a yes"}
ROWS = [{**YES, "n": 1}, {**NO, "n": 2}, {**YES, "n": 3}, {**CHILD, "n": 4}, {**YES, "n": 5}, {**YES, "n": 6}]


def by(model: int, **stated: Any) -> dict[str, Any]:
    values = {"activity": model, "agent": model, "origin": "synthetic", "depth": 1, "real_rooted": False}
    return {**values, "chain_evidence": "observed", "content_bytes": None, **stated}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Of four rows YES, one is m0's, two are m1's, and one may be of either; CHILD was made of a row YES by m1."""
    project = Project.new(tmp_path / "repository")
    project.write({"mix.jsonl": lines(ROWS)})
    records = [
        record(identifier(YES), **by(0, rows=1, possible_rows=1, ambiguous_rows=1)),
        record(identifier(YES), **by(1, rows=2, possible_rows=1)),
        record(identifier(NO), **by(1, rows=1)),
        record(identifier(CHILD), **by(1, rows=1, depth=2, parents=[identifier(YES)])),
    ]
    write(project.root, "mix.jsonl", records, WORDS, md5=fingerprint(project.root / "mix.jsonl")[0])
    project.run("dvc", "add", "--quiet", "mix.jsonl", "mix.jsonl.lineage.parquet")
    project.commit()
    return project


def numbers(file: Path) -> list[int]:
    return [json.loads(line)["n"] for line in file.read_text(encoding="utf-8").splitlines()]


def test_as_many_equal_rows_go_as_may_be_revoked(project: Project) -> None:
    assert project.ask("verify")["ok"]
    (affected,) = project.ask("impact", "model:m0")["datasets"]
    assert (affected["affected_rows"], affected["certainly_affected_rows"]) == (3, 1)
    assert "1 to 3" in project.provenance("impact", "model:m0").stdout
    said = project.provenance("revoke", "model:m0", "--reason", "a stolen model").stdout
    assert "mix.jsonl: 3 rows of 6 must go; 1 for certain: rows of equal content" in said
    assert [each["revoked_rows"] for each in project.ask("status")["datasets"]] == [3]
    audited = project.provenance("audit", "mix.jsonl", "--json")
    measured = audited.json()["datasets"][0]["measures"]["revoked"]
    assert (audited.code, measured["rows"], measured["certain_rows"]) == (1, 3, 1)
    (mark,) = project.ask("show", identifier(YES))["revoked"]
    assert (mark["how"], mark["certain"]) == ("named", False)

    found = project.ask("purge", "mix.jsonl")
    assert {name: found[name] for name in ("kept", "dropped", "certain", "equal_rows")} == {
        "kept": 3,
        "dropped": 3,
        "certain": 1,
        "equal_rows": 2,
    }
    assert found["reasons"] == {"a stolen model": 3}
    # Which of the equal rows go is arbitrary: the first ones.
    assert numbers(project.root / "mix.jsonl") == [2, 5, 6]
    assert project.ask("verify")["ok"]
    births = [each for each in project.records("mix.jsonl") if each["sample_id"] == identifier(YES)]
    # Of the three that may be m1's one may have gone along; the two that are left are.
    assert [(each["agent"], each["rows"], each["possible_rows"], each["ambiguous_rows"]) for each in births] == [
        (0, 0, None, None),
        (1, 2, None, None),
        (None, 0, None, None),
    ]
    assert [each["revoked_rows"] for each in project.ask("status")["datasets"]] == [0]
    assert project.provenance("audit", "mix.jsonl").code == 0
    assert project.ask("purge", "mix.jsonl")["dropped"] == 0


def test_all_equal_rows_can_go(project: Project) -> None:
    project.provenance("revoke", "model:m0", "--reason", "a stolen model")
    said = project.provenance("purge", "mix.jsonl", "--dry-run").stdout
    assert "3 rows would go, 3 rows stay" in said and "1 for certain" in said
    assert "2 rows of equal content stay, in which other columns may name what was revoked: --all-equal" in said
    found = project.ask("purge", "mix.jsonl", "--all-equal")
    assert (found["kept"], found["dropped"], found["equal_rows"]) == (1, 5, 0)
    assert found["reasons"] == {"a stolen model": 5}
    assert numbers(project.root / "mix.jsonl") == [2]
    assert project.ask("verify")["ok"]


ECHO = """
import provenance

with provenance.record("echo.jsonl", model=provenance.Model(name="m")) as recorder:
    for row in provenance.read("docs.jsonl"):
        recorder.write({"text": row["text"]}, parents=[row])
"""


def test_revoked_text_that_a_model_repeated_word_for_word_goes(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "repository")
    project.write({"docs.jsonl": lines([YES, NO])})
    assert project.provenance("add", "docs.jsonl", "--origin", "real", "--source", "w", "--license", "MIT").code == 0
    project.run("python", "-c", ECHO)
    project.run("dvc", "add", "--quiet", "echo.jsonl", "echo.jsonl.lineage.parquet")
    project.commit()
    project.provenance("revoke", "source:w", "--reason", "withdrawn")
    assert {each["path"]: each["revoked_rows"] for each in project.ask("status")["datasets"]} == {
        "docs.jsonl": 2,
        "echo.jsonl": 2,
    }
    assert project.ask("purge", "echo.jsonl", "-o", "left.jsonl")["dropped"] == 2
