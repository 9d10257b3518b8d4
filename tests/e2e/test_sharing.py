"""Lineage goes where the data goes: pushed, pulled, asked of a revision, imported into another repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import Project

MIX = "data/mix.parquet"


@pytest.fixture
def pulled(copy_of_demo: Project, tmp_path: Path) -> Project:
    """A fresh clone of a repository whose data was pushed to a remote; nothing is pulled yet."""
    copy_of_demo.run("dvc", "remote", "add", "--quiet", "--default", "storage", str(tmp_path / "storage"))
    copy_of_demo.commit()
    copy_of_demo.run("dvc", "push", "--quiet")
    clone = Project.at(tmp_path / "clone")
    clone.run("git", "clone", "--quiet", str(copy_of_demo.root), ".")
    return clone


def test_trace_after_pull_and_without_checkout(demo: Project, pulled: Project) -> None:
    expected = demo.ask("trace", f"{MIX}:1")
    assert pulled.ask("trace", f"{MIX}:1", "--rev", "HEAD") == expected, "without data in the workspace"
    assert not (pulled.root / MIX).exists()
    pulled.run("dvc", "pull", "--quiet")
    assert pulled.ask("trace", f"{MIX}:1") == expected
    assert pulled.ask("verify")["ok"]
    assert pulled.ask("audit", MIX) == demo.ask("audit", MIX)


def test_import_of_the_mix_and_its_sidecar_alone(demo: Project, tmp_path: Path) -> None:
    other = Project.new(tmp_path / "other")
    for path in (MIX, f"{MIX}.lineage.parquet"):
        other.run("dvc", "import", "--quiet", str(demo.root), path)
    revised = {record["sample_id"] for record in demo.records("data/revised.jsonl") if record["rows"]}
    row = min(revised & {record["sample_id"] for record in other.records("mix.parquet")})
    nodes = other.ask("trace", row)["nodes"]
    assert nodes == demo.ask("trace", row)["nodes"]
    assert (nodes[-1]["origin"], nodes[-1]["source"]) == ("real", "python-stdlib")
    (status,) = other.ask("status")["datasets"]
    assert (status["path"], status["state"]) == ("mix.parquet", "ok")
    assert other.ask("verify", "mix.parquet")["ok"]
    assert (
        other.ask("audit", "mix.parquet")["datasets"][0]["by_origin"]
        == (demo.ask("audit", MIX)["datasets"][0]["by_origin"])
    )
