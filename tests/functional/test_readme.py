"""The first steps of README.md, done as a newcomer does them, once this package is installed."""

from __future__ import annotations

from pathlib import Path

from support.pages import follow
from support.project import Project

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def test_ten_lines_lead_to_lineage(tmp_path: Path) -> None:
    _, after_installing = README.split("mkdir -p ~/faq/data && cd ~/faq && ")
    first_steps, _ = after_installing.split("You have a pipeline already?")
    # A terminal shows what stages say on standard error, too.
    page = first_steps.replace("$ dvc repro\n", "$ dvc repro 2>&1\n")
    assert follow(Project.at(tmp_path / "faq"), f"```console\n$ {page}") == 7
