"""action.yml: its audit step run by a real shell, as a GitHub runner would."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.project import Answer, Project, lines

ACTION = Path(__file__).resolve().parents[2] / "action.yml"
_EXPRESSION = re.compile(r"\$\{\{\s*inputs\.([\w-]+)\s*\}\}")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.new(tmp_path / "repository")
    project.write({"data/two words.jsonl": lines([{"text": f"real {row}"} for row in range(3)])})
    project.provenance("add", "data/two words.jsonl", "--origin", "real", "--source", "library")
    project.write({"strict.yaml": "rules: [{id: few, value: rows, threshold: {at_most: 2}, reason: so}]\n"})
    return project


def run_action(project: Project, inputs: Mapping[str, str], code: int) -> tuple[Answer, str, str]:
    """How the audit step ends with ``inputs``, what is then in the job summary, and what in the outputs."""
    action = YAML(typ="safe").load(ACTION.read_text(encoding="utf-8"))
    given: dict[str, str] = {name: described["default"] for name, described in action["inputs"].items()} | dict(inputs)
    assert given.keys() == action["inputs"].keys()
    (step,) = (step for step in action["runs"]["steps"] if step.get("id") == "audit")
    assert "${{" not in step["run"], "an input in the script itself could be a command"

    def resolved(text: str) -> str:
        return _EXPRESSION.sub(lambda match: given[match[1]], text)

    summary, outputs = (project.root.parent / name for name in ("summary.md", "outputs"))
    variables = {name: resolved(text) for name, text in step["env"].items()}
    runner = Project(
        project.root,
        {**project.environment, **variables, "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(outputs)},
    )
    bash = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"])
    answer = runner.run(*bash, code=code, folder=resolved(step["working-directory"]))
    written = [file.read_text(encoding="utf-8") if file.exists() else "" for file in (summary, outputs)]
    return answer, written[0], written[1]


def sarif(project: Project) -> Any:
    return json.loads((project.root / "provenance.sarif").read_text())


def test_what_is_cleared_passes_with_a_summary(project: Project) -> None:
    _, summary, outputs = run_action(project, {"datasets": "data/two words.jsonl\n"}, code=0)
    assert summary.startswith("# CLEARED\n")
    assert "| real | 3 | 100.0% |" in summary
    assert outputs == "verdict=CLEARED\n"
    assert sarif(project)["runs"][0]["results"] == []
    assert project.ask("audit", "--recheck", "provenance-verdict.json")["holds"]


def test_what_is_blocked_fails_the_job_after_the_summary_is_written(project: Project) -> None:
    inputs = {"datasets": "two words.jsonl", "policy": "baseline\n../strict.yaml\n", "working-directory": "data"}
    inputs |= {"sarif": "../provenance.sarif"}
    answer, summary, outputs = run_action(project, inputs, code=1)
    assert "BLOCKED; see the job summary" in answer.stdout
    assert "✗ error" in summary
    assert outputs == "verdict=BLOCKED\n"
    (result,) = sarif(project)["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("few", "error")


def test_an_error_fails_the_job_and_leaves_no_verdict_from_before(project: Project) -> None:
    run_action(project, {"datasets": "data/two words.jsonl"}, code=0)
    answer, _, outputs = run_action(project, {"datasets": "data/none.jsonl"}, code=2)
    assert "data/none.jsonl: not a dataset that DVC tracks" in answer.stderr
    assert outputs == "verdict=CLEARED\n", "nothing was added"
    assert not (project.root / "provenance-verdict.json").exists()


@pytest.mark.parametrize("name", ["datasets", "policy", "arguments"])
def test_inputs_are_never_commands(project: Project, name: str) -> None:
    given = {"datasets": "data/two words.jsonl"} | {name: '$(touch forged)"; touch forged; "'}
    run_action(project, given, code=2)
    assert not (project.root / "forged").exists()
