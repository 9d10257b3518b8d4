"""`add --engine spark`: the sidecar that `add` writes here, byte for byte, whatever happens to tasks and the driver."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.interrupts import interruptible
from support.project import Project, lines
from support.waiting import until

from provenance.identity import Identity
from provenance.lineage.manifest import MANIFEST
from provenance.lineage.sidecar import open_sidecar
from provenance.lineage.verification import verify

needs_java = pytest.mark.skipif(not shutil.which("java"), reason="Spark needs Java, which is not here")

SHARDS = PARTS = 64
WEB, SIDECAR = "web", "web.lineage.parquet"
ADD = ("add", WEB, "--origin", "real", "--source", "crawl", "--parts", str(PARTS))
SPARK = ("--engine", "spark")
SECONDS = 600


@pytest.fixture(scope="module", autouse=True)
def _java_of_its_own() -> Iterator[None]:
    """Each test here has Spark configured in its way."""
    if shutil.which("java"):
        from support.spark_cluster import end_of_java

        end_of_java()
        yield
        end_of_java()
    else:
        yield


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A dataset of 64 files, whose rows are repeated within files and across them, added without Spark."""
    project = Project.new(tmp_path_factory.mktemp("added") / "repository")
    rng = random.Random(7)
    (project.root / WEB).mkdir()
    for number in range(SHARDS):
        texts = [f"document {rng.randrange(6000)} of the archive" for _ in range(150)]
        columns: dict[str, list[Any]] = {"text": texts, "url": [f"https://archive.example/{number}"] * len(texts)}
        if number % 9 == 8:
            columns["note"] = ["a column that other files do not have"] * len(texts)
        pq.write_table(pa.table(columns), project.root / WEB / f"{number:03d}.parquet")
    assert project.provenance(*ADD).code == 0
    return project


def bytes_of(sidecar: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sidecar.iterdir() if file.name != MANIFEST}


def told(sidecar: Path) -> dict[str, Any]:
    """What the header says, but how and when the command ran."""
    said: dict[str, Any] = open_sidecar(sidecar).header.model_dump()
    for activity in said["activities"]:
        activity["started"] = activity["command"] = activity["packages"] = None
    return said


def unadded(added: Project, root: Path) -> Project:
    """The same data in a repository of its own."""
    project = Project.new(root)
    shutil.copytree(added.root / WEB, root / WEB)
    return project


_KEPT = {"locks", "read-hashes.json", "rows"}


def left_over(project: Project) -> list[str]:
    """What is in the repository and neither a sidecar's nor what is kept on purpose."""
    kept = project.root / ".dvc/tmp/provenance"
    named = {part.name for part in open_sidecar(project.root / SIDECAR).layout.files} | {MANIFEST}  # type: ignore[union-attr]
    found = [path.name for path in (project.root / SIDECAR).iterdir() if path.name not in named]
    found += [path.name for path in project.root.iterdir() if "scratch" in path.name or "-tmp" in path.name]
    return found + [path.name for path in kept.iterdir() if path.name not in _KEPT]


@needs_java
def test_the_sidecar_is_the_same(added: Project, tmp_path: Path) -> None:
    project = unadded(added, tmp_path / "repository")
    from provenance.engines.spark_session import spark_session

    with spark_session():
        said = project.provenance(*ADD, *SPARK)
        assert said.code == 0 and f"{SHARDS * 150:,} rows" in said.stdout
        sidecar = project.root / SIDECAR
        assert bytes_of(sidecar) == bytes_of(added.root / SIDECAR)
        assert told(sidecar) == told(added.root / SIDECAR)
        assert left_over(project) == []
        assert project.provenance("verify").code == 0
        assert project.run("dvc", "status", "--quiet").code == 0
        # As one file, which is put together here.
        project.provenance(*ADD[:-1], "1", *SPARK)
        added_whole = Project.at(tmp_path / "whole")
        shutil.copytree(added.root, added_whole.root, symlinks=True, dirs_exist_ok=True)
        added_whole.provenance(*ADD[:-1], "1")
        assert pq.read_table(sidecar).equals(pq.read_table(added_whole.root / SIDECAR))
        # What is wrong is said in the same words, and nothing has changed then.
        before = sidecar.read_bytes()
        (project.root / "rows").mkdir()
        for number, rows in enumerate(['{"text": "fine"}\n' * 3, '{"text": "fine"}\n{"text": }\n']):
            (project.root / f"rows/{number}.jsonl").write_text(rows)
        wrong = ("add", "rows", "--origin", "real", "--source", "crawl")
        line = project.refusal(*wrong)
        assert "rows/1.jsonl:2: " in line
        assert project.refusal(*wrong, *SPARK) == line
        assert sidecar.read_bytes() == before and not (project.root / "rows.lineage.parquet").exists()


@needs_java
def test_an_interrupt_ends_it_without_a_word(added: Project, tmp_path: Path) -> None:
    project = unadded(added, tmp_path / "repository")
    command = interruptible(*ADD, *SPARK)
    # With all that it starts, as a terminal does.
    with subprocess.Popen(
        command, cwd=project.root, env=project.environment, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        until(lambda: parts_that_tasks_wrote(project), command=process)
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=SECONDS)[1].decode()
    assert (process.returncode, said) == (128 + signal.SIGINT, "")
    assert not (project.root / SIDECAR).exists()
    assert not list((project.root / ".dvc/tmp/provenance").glob("add-*"))


def test_who_has_no_java_or_no_pyspark_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project.new(tmp_path / "repository")
    (project.root / "rows.jsonl").write_text(lines([{"text": "one document"}]))
    wanted = ("add", "rows.jsonl", "--origin", "real", "--source", "crawl")
    with monkeypatch.context() as patched:
        git = Path(shutil.which("git") or "").parent
        patched.setenv("PATH", str(git if not (git / "java").exists() else project.root))
        patched.delenv("JAVA_HOME", raising=False)
        assert "needs Java 17 or later" in project.refusal(*wanted, *SPARK)
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "pyspark", None)
        assert "pip install 'dvc-provenance[spark]'" in project.refusal(*wanted, *SPARK)
    (project.root / "provenance.yaml").write_text("engine: spark\n")
    assert project.provenance(*wanted, "--engine", "duckdb").code == 0


def test_a_stage_is_not_run_where_spark_cannot_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project.new(tmp_path / "repository")
    made = "{cmd: provenance run -- true, outs: [out.jsonl, out.jsonl.lineage.parquet]}"
    project.write({"dvc.yaml": f"stages:\n  make: {made}\n", "provenance.yaml": "engine: spark\n"})
    command = ("--", "sh", "-c", "echo '{}' > out.jsonl")
    monkeypatch.setitem(sys.modules, "pyspark", None)
    for options in ((), SPARK):
        assert "pip install 'dvc-provenance[spark]'" in project.refusal("run", *options, *command, stage="make")
    assert project.provenance("run", "--engine", "duckdb", *command, stage="make").code == 0
    (project.root / "out.jsonl.lineage.parquet").unlink()
    monkeypatch.setenv("PROVENANCE_ENGINE", "duckdb")
    assert project.provenance("run", *command, stage="make").code == 0


@pytest.fixture
def configured(tmp_path: Path) -> Iterator[tuple[Any, Mapping[str, str]]]:
    """A cluster of two workers, and what makes Spark use it."""
    from support.spark_cluster import cluster, configuration

    with cluster(tmp_path) as running:
        settings = {"spark__executor__memory": "512m", "spark__task__maxFailures": "8"}
        yield running, configuration(tmp_path, spark__master=running.url, **settings)


def parts_that_tasks_wrote(project: Project) -> int:
    return len(list((project.root / ".dvc/tmp/provenance").glob("add-*/*/part-*")))


@needs_java
def test_a_lost_worker_and_a_killed_driver_change_nothing(
    added: Project, tmp_path: Path, configured: tuple[Any, Mapping[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    running, environment = configured
    project = unadded(added, tmp_path / "repository")
    sidecar = project.root / SIDECAR
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    # A worker is killed while parts are written.
    written: list[int] = []

    def kill_when_some_are_written() -> None:
        until(lambda: parts_that_tasks_wrote(project))
        running.kill_a_worker()
        written.append(parts_that_tasks_wrote(project))
        running.start_worker()

    killer = Thread(target=kill_when_some_are_written)
    killer.start()
    assert project.provenance(*ADD, *SPARK).code == 0
    killer.join()
    assert 0 < written[0] < PARTS
    assert bytes_of(sidecar) == bytes_of(added.root / SIDECAR)
    assert told(sidecar) == told(added.root / SIDECAR)
    assert left_over(project) == []

    # The driver is killed before the manifest of another source is written: the old sidecar is whole.
    other = [*ADD, *SPARK]
    other[other.index("crawl")] = "archive"
    stated = (sidecar / MANIFEST).read_bytes()
    with driver(project, other) as command:
        until(lambda: parts_that_tasks_wrote(project), command=command)
    assert (sidecar / MANIFEST).read_bytes() == stated
    assert [source.name for source in open_sidecar(sidecar).header.sources] == ["crawl"]
    assert project.provenance("verify").code == 0

    # And after: the new one.
    with driver(project, other) as command:
        until(lambda: (sidecar / MANIFEST).read_bytes() != stated, command=command)
    assert [source.name for source in open_sidecar(sidecar).header.sources] == ["archive"]
    assert verify(project.root / WEB, sidecar, Identity(), name=WEB, md5=None, workspace=tmp_path) == []
    # Whoever writes the sidecar next removes what the killed ones have left.
    assert project.provenance(*ADD).code == 0
    assert project.provenance("verify").code == 0
    assert left_over(project) == []


@contextmanager
def driver(project: Project, arguments: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a process of its own, which is killed, and then its Java, at the end of the block."""
    command = [sys.executable, "-m", "provenance", *arguments]
    process = subprocess.Popen(command, cwd=project.root, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
