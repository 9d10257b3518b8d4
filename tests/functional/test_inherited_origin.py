"""A stage that asks a model, says only from which rows, and records nothing: that is not passed over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.project import Project, lines

GENERATE = """
import json
import {library}
docs = [json.loads(line)["text"] for line in open("docs.jsonl")]
rows = [{{"text": "the model says " + text[::-1], "_parents": f"docs.jsonl:{{n}}"}} for n, text in enumerate(docs, 1)]
open("said.jsonl", "w").writelines(json.dumps(row) + "\\n" for row in rows)
"""
RULE = "inherited-without-generator"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project.new(tmp_path_factory.mktemp("made") / "repository")
    project.write({"docs.jsonl": lines([{"text": "a lamp"}, {"text": "a chair"}]), "litellm.py": ""})
    project.provenance("add", "docs.jsonl", "--origin", "real", "--source", "kb", "--license", "CC-BY-4.0")
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    return made.copied(tmp_path / "repository")


def generated(project: Project, library: str, *command: str) -> str:
    """What was said while a stage ran whose script imports ``library``."""
    project.write({"generate.py": GENERATE.format(library=library)})
    deps = [word for dep in ("generate.py", "docs.jsonl") for word in ("-d", dep)]
    project.provenance("stage", "add", "-n", "say", *deps, "-o", "said.jsonl", *command)
    answer = project.run("dvc", "repro")
    return answer.stdout + answer.stderr


def finding(project: Project) -> dict[str, Any]:
    audit = project.provenance("audit", "said.jsonl", "--policy", "baseline", "--json").json()
    return next(each for each in audit["findings"] if each["rule"] == RULE)


def test_a_client_that_generates_is_told_by_run_and_blocks(project: Project) -> None:
    warning = "warning: said.jsonl: 2 rows with an origin that is only inherited from parents, and the command imported"
    assert f"{warning} litellm; if a model wrote any" in generated(project, "litellm", "sh", "-c", "python generate.py")
    assert (finding(project)["status"], finding(project)["observed"]) == ("BLOCKED", 2)
    audit = project.provenance("audit", "said.jsonl").stdout
    assert "rows whose origin is only inherited from their parents: 2" in audit


def test_a_stage_that_declares_the_model_is_cleared(project: Project) -> None:
    rename = "sed -i s/_parents/made_from/ said.jsonl"
    declare = (
        "provenance declare said.jsonl --from columns --map parents=made_from --set model=writer --set kind=rewrite"
    )
    said = generated(project, "litellm", "sh", "-c", f"python generate.py && {rename} && {declare}")
    assert "warning" not in said
    assert (finding(project)["status"], finding(project)["observed"]) == ("CLEARED", 0)


def test_without_such_a_library_nothing_is_said_and_the_rows_are_counted(project: Project) -> None:
    assert "warning" not in generated(project, "csv", "python", "generate.py")
    assert finding(project)["status"] == "CLEARED"
    measured = project.provenance("audit", "said.jsonl", "--json").json()["datasets"][0]["measures"]["inherited"]
    assert measured == {"rows": 2, "fraction": 1.0, "beside_generator_rows": 0}


def test_where_no_process_could_be_watched_the_rule_is_unknown_and_does_not_fail(project: Project) -> None:
    generated(project, "csv", "python", "-I", "generate.py")
    assert (finding(project)["status"], finding(project)["unknown"]) == ("UNKNOWN", "warn")
