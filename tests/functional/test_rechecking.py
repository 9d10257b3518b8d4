"""`provenance audit --recheck`: a verdict holds as long as nothing that it rests on has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, lines

ROWS = [{"text": f"real {number}"} for number in range(20)]
POLICY = """
extends: [baseline]
rules:
  - {id: most, value: rows, threshold: {at_most: 20}, reason: so}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """data/real.jsonl, committed, and a verdict on it by policy.yaml that passes."""
    project = Project.new(tmp_path_factory.mktemp("made") / "repository")
    added(project, ROWS)
    project.write({"policy.yaml": POLICY})
    project.commit()
    judged = project.provenance("audit", "data/real.jsonl", "--policy", "policy.yaml", "--verdict", "verdict.json")
    assert judged.code == 0, judged.stdout
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    return made.copied(tmp_path / "repository")


def added(project: Project, rows: list[dict[str, Any]]) -> None:
    project.write({"data/real.jsonl": lines(rows)})
    answer = project.provenance("add", "data/real.jsonl", "--origin", "real", "--source", "library")
    assert answer.code == 0, answer.stderr


def recheck(project: Project) -> Any:
    answer = project.provenance("audit", "--recheck", "verdict.json", "--json")
    document = answer.json()
    by_the_policy = not any("judged by the policy as the verdict holds it" in each for each in document["as_recorded"])
    assert answer.code == (0 if document["holds"] and document["passes"] and by_the_policy else 1)
    return document


def test_a_verdict_holds_while_nothing_changes(project: Project) -> None:
    assert recheck(project) == {
        "holds": True,
        "recomputed": True,
        "verdict": "CLEARED",
        "passes": True,
        "date": json.loads((project.root / "verdict.json").read_text())["date"],
        "changes": [],
        "remarks": [],
        "as_recorded": [],
    }
    assert "CLEARED" in project.provenance("audit", "--recheck", "verdict.json").stdout


def change_the_data(project: Project) -> None:
    project.write({"data/real.jsonl": lines(ROWS[:-1])})


def change_the_data_keeping_its_size_and_time(project: Project) -> None:
    import os

    file = project.root / "data/real.jsonl"
    before = file.stat()
    content = file.read_text().replace("real 1", "fake 1")
    file.unlink()
    file.write_text(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def change_the_sidecar(project: Project) -> None:
    added(project, ROWS[:-1])
    project.write({"data/real.jsonl": lines(ROWS)})


def change_the_source(project: Project) -> None:
    answer = project.provenance("add", "data/real.jsonl", "--origin", "real", "--source", "another")
    assert answer.code == 0


def change_a_rule(project: Project) -> None:
    project.write({"policy.yaml": POLICY.replace("at_most: 20", "at_most: 19")})


def drop_a_rule(project: Project) -> None:
    project.write({"policy.yaml": POLICY + "disable: {has-rows: we know}\n"})


def forge(project: Project, change: Callable[[Any], object]) -> None:
    document = json.loads((project.root / "verdict.json").read_text())
    change(document)
    project.write({"verdict.json": json.dumps(document)})


def most(document: Any) -> Any:
    (finding,) = (finding for finding in document["findings"] if finding["rule"] == "most")
    return finding


def forge_what_was_observed(project: Project) -> None:
    forge(project, lambda document: most(document).update(observed=2))


def forge_the_message(project: Project) -> None:
    forge(project, lambda document: most(document).update(message="nothing to see here"))


def forge_the_date(project: Project) -> None:
    forge(project, lambda document: document.update(date="2140-01-01"))


def forge_the_rows(project: Project) -> None:
    forge(project, lambda document: document["inputs"][0].update(rows=99))


def leave_the_inputs_out(project: Project) -> None:
    forge(project, lambda document: document.update(inputs=[]))


def loosen_the_recorded_policy(project: Project) -> None:
    forge(project, lambda document: document["policy"].update(rules=document["policy"]["rules"][:1]))


def remove_the_data(project: Project) -> None:
    for name in ("real.jsonl.dvc", "real.jsonl.lineage.parquet.dvc", "real.jsonl", "real.jsonl.lineage.parquet"):
        (project.root / "data" / name).unlink()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (change_the_data, "data of data/real.jsonl"),
        (change_the_data_keeping_its_size_and_time, "data of data/real.jsonl"),
        (change_the_sidecar, "sidecar of data/real.jsonl"),
        (change_the_source, "sidecar of data/real.jsonl"),
        (change_a_rule, "rule most: threshold"),
        (drop_a_rule, "rule has-rows"),
        (forge_what_was_observed, "most of data/real.jsonl: observed"),
        (forge_the_message, "most of data/real.jsonl"),
        (forge_the_date, "the date"),
        (forge_the_rows, "rows of data/real.jsonl"),
        (leave_the_inputs_out, "audited data/real.jsonl"),
        (loosen_the_recorded_policy, "the verdict file's policy"),
        (remove_the_data, "data/real.jsonl"),
    ],
)
def test_what_changed_is_told(project: Project, change: Callable[[Project], None], told: str) -> None:
    change(project)
    document = recheck(project)
    assert not document["holds"]
    assert told in [each["what"] for each in document["changes"]]
    said = project.provenance("audit", "--recheck", "verdict.json")
    assert said.code == 1
    assert "DOES NOT HOLD" in said.stdout
    assert f"  {told}" in said.stdout


def test_a_verdict_on_a_commit_holds_whatever_the_workspace_says(project: Project) -> None:
    judged = project.provenance(
        "audit", "data/real.jsonl", "--policy", "policy.yaml", "--rev", "HEAD", "--verdict", "verdict.json"
    )
    assert judged.code == 0
    added(project, ROWS[:3])
    assert recheck(project)["holds"]


def test_a_policy_that_is_gone_is_taken_as_the_verdict_holds_it(project: Project) -> None:
    (project.root / "policy.yaml").unlink()
    document = recheck(project)
    assert document["holds"] and not document["recomputed"]
    assert "policy.yaml is not in this repository" in document["remarks"][0]
    answer = project.provenance("audit", "--recheck", "verdict.json")
    assert answer.code == 1 and "holds as recorded, but was NOT RECOMPUTED by the policy itself" in answer.stdout


def test_data_that_cannot_be_hashed_is_remarked_upon(project: Project) -> None:
    (project.root / "data/real.jsonl").unlink()
    document = recheck(project)
    assert document["holds"] and not document["recomputed"]
    assert (
        document["as_recorded"]
        == document["remarks"]
        == ["data/real.jsonl is not here: its data is taken for what DVC has recorded"]
    )


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 2}', "[" * 100_000])
def test_what_is_no_verdict_is_an_error_that_names_it(project: Project, content: str) -> None:
    project.write({"verdict.json": content})
    answer = project.provenance("audit", "--recheck", "verdict.json")
    assert answer.code == 2 and answer.stderr
    assert all(line.startswith("error: verdict.json: ") for line in answer.stderr.splitlines())
