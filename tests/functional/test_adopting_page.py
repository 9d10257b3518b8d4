"""docs/adopting.md, done as it is written: a pipeline as found in the wild, adopted by the page alone."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.pages import follow
from support.project import Project

PAGE = (Path(__file__).resolve().parents[2] / "docs/adopting.md").read_text(encoding="utf-8")
# What may change, and nothing else: no script.
ADOPTED = {
    *(".dvcignore", ".gitattributes", ".gitignore", "adopt.sh", "data/.gitignore"),
    *("data/faq.jsonl.lineage.parquet.dvc", "dvc.lock", "dvc.yaml"),
    *("provenance.models.yaml", "provenance.revocations.yaml", "provenance.yaml"),
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project.at(tmp_path / "repository")
    yield project
    server = project.root / "server.pid"
    if server.exists():
        try:
            os.kill(int(server.read_text()), signal.SIGTERM)
        except ProcessLookupError:
            return


def test_the_page_runs_as_written(project: Project) -> None:
    follow(project, PAGE)
    changed = project.run("git", "diff", "--name-only", ":/A pipeline", ":/^Lineage").stdout.split()
    assert {path for path in changed if not path.startswith(".dvc/")} == ADOPTED
    assert (project.root / "calls.txt").read_text().count("\n") == 36
