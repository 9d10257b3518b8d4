"""docs/auditing.md, done as a newcomer does it: files saved, commands run, and they print what the page shows."""

from __future__ import annotations

from pathlib import Path

from support.pages import follow
from support.project import Project

PAGE = (Path(__file__).resolve().parents[2] / "docs/auditing.md").read_text(encoding="utf-8")


def test_the_walk_through_runs_as_written(tmp_path: Path) -> None:
    assert follow(Project.at(tmp_path / "repository"), PAGE) > 15
