"""A DVC repository as its user has it before them: files, and programs that are run in it."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from support.isolation import FOREIGN, isolated_variables
from typer.testing import CliRunner

from provenance.cli import app


@dataclass(frozen=True)
class Answer:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        assert self.code in (0, 1), self.stderr
        return json.loads(self.stdout)


@dataclass(frozen=True)
class Project:
    """A git and DVC repository at ``root``; ``environment`` is that of its programs."""

    root: Path
    environment: Mapping[str, str]

    @classmethod
    def at(cls, root: Path) -> Project:
        """A project in the folder ``root``, which is made; DVC's own files go beside it."""
        root.mkdir(parents=True, exist_ok=True)
        inherited = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        return cls(root, inherited | isolated_variables(root.parent))

    @classmethod
    def new(cls, root: Path) -> Project:
        """A fresh repository without a commit."""
        shutil.copytree(_fresh_repository(), root, dirs_exist_ok=True)
        return cls.at(root)

    def copied(self, root: Path) -> Project:
        """The same repository in the folder ``root``, which is made: nearly a second sooner than by its commands."""
        shutil.copytree(self.root, root, symlinks=True)
        return Project.at(root)

    def run(self, *command: str, code: int = 0, folder: str = ".") -> Answer:
        """Run a program from ``folder`` and expect it to end with ``code``."""
        done = subprocess.run(
            command, cwd=self.root / folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return Answer(done.returncode, done.stdout, done.stderr)

    def provenance(self, *arguments: str, folder: str = ".", stage: str | None = None) -> Answer:
        """A `provenance` command, in this process: many are asked, and an interpreter starts slowly.

        A query runs outside, as it is asked in a child of its process.

        ``stage``: as if DVC ran it in the stage of this name.
        """
        environment: dict[str, str | None] = {**isolated_variables(self.root.parent), "DVC_STAGE": stage}
        if arguments[0] == "query":
            return self._outside(arguments, folder)
        with contextlib.chdir(self.root / folder):
            done = CliRunner().invoke(app, list(arguments), env=environment)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return Answer(done.exit_code, done.stdout, done.stderr)

    def _outside(self, arguments: tuple[str, ...], folder: str) -> Answer:
        command = [sys.executable, "-m", "provenance", *arguments]
        done = subprocess.run(
            command, cwd=self.root / folder, env=self.environment, capture_output=True, text=True, check=False
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def ask(self, *arguments: str) -> Any:
        """What a `provenance` command answers as JSON."""
        return self.provenance(*arguments, "--json").json()

    def refusal(self, *arguments: str, folder: str = ".", stage: str | None = None) -> str:
        """The one line with which a `provenance` command refuses its input; it must change no file."""
        before = self.files()
        answer = self.provenance(*arguments, folder=folder, stage=stage)
        assert (answer.code, answer.stdout) == (2, ""), answer
        assert self.files() == before
        (line,) = answer.stderr.splitlines()
        assert line.startswith("error: ") and "internal error" not in line, line
        return line

    def commit(self) -> str:
        """Commit everything; the commit's id."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message=test")
        return self.run("git", "rev-parse", "HEAD").stdout.strip()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def files(self) -> dict[str, bytes]:
        """Every file of the workspace but what git and DVC keep for themselves."""
        names = (path for path in self.root.rglob("*") if path.is_file())
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in names
            if not {".git", "cache", "tmp"} & set(path.relative_to(self.root).parts[:2])
        }

    def records(self, dataset: str) -> list[dict[str, Any]]:
        """The records of a dataset's sidecar, ids as hex."""
        records: list[dict[str, Any]] = pq.read_table(self.root / f"{dataset}.lineage.parquet").to_pylist()
        for record in records:
            record["sample_id"] = record["sample_id"].hex()
            record["parents"] = [parent.hex() for parent in record["parents"]]
        return records


def lines(rows: list[dict[str, Any]]) -> str:
    """Rows as JSON Lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


@cache
def _fresh_repository() -> Path:
    """What `git init` and `dvc init` make: done once in a process, as hundreds of tests begin with it."""
    folder = Path(tempfile.mkdtemp(prefix="provenance-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    project = Project.at(folder / "repository")
    project.run("git", "init", "--quiet", "--initial-branch=main")
    project.run("dvc", "init", "--quiet")
    return project.root
