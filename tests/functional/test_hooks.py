"""The hooks of .pre-commit-hooks.yaml, run by the real pre-commit in real commits and pushes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.project import Project, lines

HOOKS = Path(__file__).resolve().parents[2] / ".pre-commit-hooks.yaml"
# `language: python` would have pip install the package and all of DVC; here the one that is installed is run.
CONFIG = """
repos:
  - repo: {repository}
    rev: {rev}
    hooks:
      - {{id: provenance-audit, args: [data/real.jsonl, --policy, policy.yaml], language: system, stages: [pre-commit]}}
      - {{id: provenance-audit, args: [data/real.jsonl, --policy, strict.yaml], language: system, stages: [pre-push]}}
      - {{id: provenance-verify, language: system}}
"""


def rule(rows: int) -> str:
    return f"rules: [{{id: few, value: rows, threshold: {{at_most: {rows}}}, reason: so}}]\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """data/real.jsonl of 3 rows, the hooks installed, and a remote; commits take up to 5 rows, pushes up to 4."""
    hooks = Project.at(tmp_path / "hooks")
    hooks.run("git", "init", "--quiet", "--initial-branch=main")
    shutil.copy(HOOKS, hooks.root)
    hooks.run("git", "add", ".")
    hooks.run("git", "commit", "--quiet", "-m", "hooks")
    rev = hooks.run("git", "rev-parse", "HEAD").stdout.strip()

    project = Project.new(tmp_path / "repository")
    project = Project(project.root, {**project.environment, "PRE_COMMIT_HOME": str(tmp_path / "pre-commit")})
    config = CONFIG.format(repository=hooks.root, rev=rev)
    project.write({".pre-commit-config.yaml": config, "policy.yaml": rule(5), "strict.yaml": rule(4)})
    project.run("git", "init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    project.run("git", "remote", "add", "origin", str(tmp_path / "remote.git"))
    project.run("pre-commit", "install", "--hook-type", "pre-commit", "--hook-type", "pre-push")
    rows(project, 3)
    return project


def rows(project: Project, number: int) -> None:
    project.write({"data/real.jsonl": lines([{"text": f"real {row}"} for row in range(number)])})
    answer = project.provenance("add", "data/real.jsonl", "--origin", "real", "--source", "library")
    assert answer.code == 0, answer.stderr
    project.run("git", "add", ".")


def test_a_commit_that_breaks_the_policy_is_stopped_and_says_why(project: Project) -> None:
    project.run("git", "commit", "-m", "three rows")
    rows(project, 6)
    stopped = project.run("git", "commit", "-m", "six rows", code=1)
    assert "few failed (error)" in stopped.stdout + stopped.stderr
    assert "6 rows; the rule requires at most 5 (1 over)" in stopped.stdout + stopped.stderr
    assert project.run("git", "log", "--format=%s").stdout.split("\n")[0] == "three rows"


def test_a_commit_that_changes_no_data_does_not_wait_for_an_audit(project: Project) -> None:
    project.run("git", "commit", "-m", "three rows")
    project.write({"notes.txt": "notes"})
    project.run("git", "add", "notes.txt")
    passed = project.run("git", "commit", "-m", "notes")
    assert "(no files to check)Skipped" in passed.stdout + passed.stderr


def test_a_push_is_held_to_its_own_policy_and_to_the_truth(project: Project) -> None:
    project.run("git", "commit", "-m", "three rows")
    project.run("git", "push", "--quiet", "origin", "main")
    rows(project, 5)
    project.run("git", "commit", "-m", "five rows")
    stopped = project.run("git", "push", "--quiet", "origin", "main", code=1)
    assert "5 rows; the rule requires at most 4 (1 over)" in stopped.stdout + stopped.stderr

    rows(project, 4)
    project.run("git", "commit", "-m", "four rows")
    project.run("git", "push", "--quiet", "origin", "main")
    rows(project, 2)
    project.run("git", "commit", "-m", "two rows")
    (project.root / "data/real.jsonl").write_text(lines([{"text": "real 0"}, {"text": "forged"}]))
    stopped = project.run("git", "push", "--quiet", "origin", "main", code=1)
    assert "provenance verify" in stopped.stdout + stopped.stderr
