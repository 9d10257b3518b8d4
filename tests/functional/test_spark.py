"""Spark as the engine of commands, in a real repository: the same answers, and what is missing is said."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.project import Project
from support.trained_writer import trained_writer
from support.workbench import Workbench, identifier

from provenance.engines.spark_session import spark_session

SEED = [{"text": f"document {number}"} for number in range(6)]
ROWS = [{"text": f"what the model wrote of it {number}"} for number in range(5)]

needs_java = pytest.mark.skipif(not shutil.which("java"), reason="Spark needs Java, which is not here")


@pytest.fixture(scope="module")
def session() -> Iterator[None]:
    """What Spark has started is shared by the commands of these tests."""
    with spark_session():
        yield


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Documents, a model that was trained on them, and what it wrote of some; the first document is gone since."""
    parents = [[SEED[0]], [SEED[1], SEED[2]], [], [SEED[0]], []]
    return trained_writer(tmp_path / "repository", SEED, ROWS, parents)


@needs_java
def test_impact_says_the_same(project: Project, session: None) -> None:
    asked = ("impact", f"sample:{identifier(SEED[0])[:10]}", "--rows")
    by_index = project.ask(*asked, "--ids", "index.txt")
    assert by_index["descendants"] and by_index["through_models"]["models"]
    assert project.ask(*asked, "--ids", "spark.txt", "--engine", "spark") == by_index
    assert (project.root / "spark.txt").read_text() == (project.root / "index.txt").read_text()
    assert list((project.root / ".dvc/tmp/provenance").glob("*scratch*")) == []


@needs_java
def test_impact_of_what_is_revoked(project: Project, session: None) -> None:
    project.provenance("revoke", f"sample:{identifier(SEED[1])}", "--reason", "consent withdrawn")
    by_index = project.ask("impact", "--revoked")
    assert by_index["descendants"] == 1
    assert project.ask("impact", "--revoked", "--engine", "spark") == by_index


@needs_java
def test_an_audit_says_the_same(project: Project, session: None) -> None:
    asked = ("audit", "rows.jsonl", "seed.jsonl", "--policy", "baseline", "--evaluation", "seed.jsonl")
    by_index = project.ask(*asked)
    assert project.ask(*asked, "--engine", "spark") == by_index


@needs_java
def test_rows_differ_by_the_same(project: Project, session: None) -> None:
    by_index = project.ask("diff", "HEAD~1")
    assert sum(each["removed"]["rows"] for each in by_index["datasets"]) == 1
    assert project.ask("diff", "HEAD~1", "--engine", "spark") == by_index


@needs_java
def test_verify_finds_the_same(project: Project, session: None) -> None:
    bench, folder = Workbench(project.root), project.root / "shards"
    folder.mkdir()
    for number in range(3):
        bench.dataset(f"shards/{number}.jsonl", [{"text": f"line {number} {line}"} for line in range(4)])
    images = project.root / "images"
    images.mkdir()
    for number in range(3):
        (images / f"{number}.png").write_bytes(bytes([number]) * 10)
    for name in ("shards", "images"):
        project.provenance("add", name, "--origin", "real", "--source", "archive", "--parts", "2")
    assert project.ask("verify", "--engine", "spark") == project.ask("verify")
    bench.dataset("shards/1.jsonl", [{"text": f"line 1 {line}"} for line in (0, 2, 3, 9)])
    (images / "1.png").write_bytes(b"another")
    here = project.ask("verify")
    said = " ".join(each["path"] + str(each["row"]) + each["problem"] for each in here["problems"])
    assert "shards/1.jsonl4its sample" in said and "images/1.pngNoneits sample" in said
    assert project.ask("verify", "--engine", "spark") == here
    (folder / "2.jsonl").write_text('{"text": "line 2 0"}\n{"text"')
    assert project.ask("verify", "--engine", "spark") == project.ask("verify")
    (project.root / "rows.jsonl.lineage.parquet").write_bytes(b"PAR1")
    here_said = project.provenance("verify", "rows.jsonl")
    there_said = project.provenance("verify", "rows.jsonl", "--engine", "spark")
    assert (there_said.code, there_said.stderr) == (here_said.code, here_said.stderr)
    assert there_said.code == 2


@needs_java
def test_sidecars_in_parts_are_asked_alike(project: Project, session: None) -> None:
    Workbench(project.root).dataset("parted.jsonl", [*SEED, *ROWS])
    project.provenance("add", "parted.jsonl", "--origin", "real", "--source", "archive", "--parts", "4")
    for asked in (
        ("impact", f"sample:{identifier(SEED[2])[:10]}", "source:archive", "--rows"),
        ("audit", "parted.jsonl", "--policy", "baseline"),
        ("diff", "HEAD"),
    ):
        by_index = project.ask(*asked)
        assert project.ask(*asked, "--engine", "spark") == by_index


def test_who_has_no_java_is_told_so(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    git = Path(shutil.which("git") or "").parent
    monkeypatch.setenv("PATH", str(git if not (git / "java").exists() else project.root))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    line = project.refusal("impact", "source:library", "--engine", "spark")
    assert "needs Java 17 or later" in line and "default-jre-headless" in line
    (project.root / "provenance.yaml").write_text("engine: spark\n")
    assert "needs Java" in project.refusal("audit", "seed.jsonl")
    monkeypatch.setenv("PROVENANCE_ENGINE", "duckdb")
    assert project.provenance("audit", "seed.jsonl").code == 0
    monkeypatch.setenv("PROVENANCE_ENGINE", "mapreduce")
    assert "PROVENANCE_ENGINE=mapreduce: no such engine" in project.refusal("audit", "seed.jsonl")


def test_who_has_no_pyspark_is_told_so(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    assert "pip install 'dvc-provenance[spark]'" in project.refusal("audit", "seed.jsonl", "--engine", "spark")
