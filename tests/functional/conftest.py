from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.contents import ONE, TWO, write
from support.isolation import FOREIGN, isolated_variables

from provenance.repository import Repository

Run = Callable[..., str]


@pytest.fixture
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, where neither DVC nor git sees this machine's settings, caches or network."""
    for name, value in isolated_variables(tmp_path).items():
        monkeypatch.setenv(name, value)
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(isolated: Path) -> Run:
    """Runs a program in the working directory (``dvc`` is this environment's) and gives what it prints on stdout."""

    def run_program(*command: str) -> str:
        program = [sys.executable, "-m", "dvc", *command[1:]] if command[0] == "dvc" else list(command)
        done = subprocess.run(program, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    return run_program


@pytest.fixture
def dvc_repository(isolated: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh git and DVC repository without a commit; the working directory is its root."""
    from dvc.repo import Repo

    root = isolated / "repository"
    root.mkdir()
    monkeypatch.chdir(root)
    run("git", "init", "--quiet", "--initial-branch=main")
    Repo.init().close()
    return root


@pytest.fixture
def commit(run: Run) -> Callable[[], str]:
    """Commits everything in the working directory's repository and gives the commit's id."""

    def commit_all() -> str:
        run("git", "add", "--all")
        run("git", "commit", "--quiet", "--message=test")
        return run("git", "rev-parse", "HEAD").strip()

    return commit_all


@pytest.fixture
def two_versions(dvc_repository: Path, commit: Callable[[], str]) -> tuple[str, str]:
    """Commits of data/x.jsonl with its sidecar: ONE, then TWO. The workspace holds the second."""
    commits = []
    for content in (ONE, TWO):
        write(dvc_repository / "data/x.jsonl", content)
        write(dvc_repository / "data/x.jsonl.lineage.parquet", b"lineage of " + content)
        Repository.open().add(["data/x.jsonl", "data/x.jsonl.lineage.parquet"])
        commits.append(commit())
    return commits[0], commits[1]
