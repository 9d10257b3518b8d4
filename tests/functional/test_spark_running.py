"""`run --engine spark` on a real cluster: the sidecars that `run` makes here, whatever happens to tasks and driver."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.project import Answer, Project, lines
from support.waiting import until

from provenance.lineage.manifest import MANIFEST
from provenance.lineage.sidecar import open_sidecar

pytestmark = pytest.mark.skipif(not shutil.which("java"), reason="Spark needs Java, which is not here")

SHARDS, PARTS = 24, 16
SPARK = ("--engine", "spark")
SECONDS = 600
# What each stage reads.
STAGES = {
    "tell": ["web"],
    "again": ["told.jsonl", "web"],
    "mix": ["again.jsonl", "both.jsonl", "web"],
    "table": ["mix"],
    "longer": ["web"],
}
OUTS = {"tell": "told.jsonl", "again": "again.jsonl", "mix": "mix", "table": "table.parquet", "longer": "longer"}


def stages() -> str:
    said = ["stages:"]
    for name, read in STAGES.items():
        out = OUTS[name]
        deps = [each for path in read for each in (path, f"{path}.lineage.parquet")]
        said += [f"  {name}:", "    cmd: provenance run -- true", f"    deps: [{', '.join(deps)}]"]
        said += [f"    outs: [{out}, {out}.lineage.parquet]"]
    return "\n".join(said) + "\n"


def shards(folder: Path, rows: list[dict[str, Any]], number: int = SHARDS) -> None:
    folder.mkdir()
    for place in range(number):
        pq.write_table(pa.Table.from_pylist(rows[place::number]), folder / f"{place:03d}.parquet")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Data of two sources, in part the same; what stages made of it, and what others have written."""
    project = Project.new(tmp_path_factory.mktemp("running") / "repository")
    rng, root = random.Random(5), project.root
    texts = [f"document {number} of the archive" for number in range(2000)]
    shards(root / "web", [{"text": text, "page": number} for number, text in enumerate(texts)])
    (root / "both.jsonl").write_text(lines([{"text": text, "page": 7} for text in texts[:40]]))
    for name, source in (("web", "crawl"), ("both.jsonl", "forum")):
        assert project.provenance("add", name, "--origin", "real", "--source", source).code == 0
    (root / "dvc.yaml").write_text(stages())
    told = [{"text": f"told: {text}", "_parents": [f"web:{row}"]} for row, text in enumerate(texts[:300], 1)]
    (root / "told.jsonl").write_text(lines(told))
    assert run(project, "tell").code == 0
    again = [{"text": f"again {row['text']}", "_parents": [f"told.jsonl:{n}"]} for n, row in enumerate(told, 1)]
    (root / "again.jsonl").write_text(lines(again))
    assert run(project, "again").code == 0
    # Rows of several births, of generations that came from one another, repeated ones, and some that nobody knows.
    mixed = [{"text": row["text"], "page": 1} for row in again[::2]]
    mixed += [{"text": text, "page": rng.choice([7, number])} for number, text in enumerate(texts) if number % 2]
    mixed += [{"text": f"nobody knows {number}", "page": 0} for number in range(30)]
    mixed += rng.choices(mixed, k=900)
    rng.shuffle(mixed)
    shards(root / "mix", mixed)
    assert project.provenance("run", "--parts", str(PARTS), "--", "true", stage="mix").code == 0
    pq.write_table(pa.Table.from_pylist(mixed[::3]), root / "table.parquet")
    longer = [{"text": f"{text}, at length", "_parents": [f"web:{row}"]} for row, text in enumerate(texts, 1)]
    shards(root / "longer", longer[:600] + [{**row, "_parents": []} for row in longer[600:700]], 3)
    return project


def run(project: Project, stage: str, *options: str) -> Answer:
    return project.provenance("run", *options, "--", "true", stage=stage)


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A cluster of two workers, which Spark is configured to use."""
    from support.spark_cluster import cluster, configuration, end_of_java

    end_of_java()
    folder = tmp_path_factory.mktemp("cluster")
    with cluster(folder) as running, pytest.MonkeyPatch.context() as patch:
        settings = {"spark__executor__memory": "512m", "spark__task__maxFailures": "8"}
        for name, value in configuration(folder, spark__master=running.url, **settings).items():
            patch.setenv(name, value)
        yield running
        end_of_java()


def sidecar_of(project: Project, stage: str) -> Path:
    return project.root / f"{OUTS[stage]}.lineage.parquet"


def made(project: Project, stage: str) -> tuple[Any, Any]:
    """The records of a sidecar, of parts byte for byte, and its header, but for when the stage ran; it is gone then."""
    sidecar = sidecar_of(project, stage)
    header = open_sidecar(sidecar).header.model_dump()
    for activity in header["activities"]:
        if (activity["stage"] or {}).get("name") == stage:
            activity["started"] = activity["ended"] = None
    if sidecar.is_file():
        table = pq.read_table(sidecar).replace_schema_metadata()
        sidecar.unlink()
        return table, header
    files = {file.name: file.read_bytes() for file in sidecar.iterdir() if file.name != MANIFEST}
    shutil.rmtree(sidecar)
    return files, header


def left_over(project: Project) -> list[str]:
    kept = {"locks", "read-hashes.json", "rows", "generations"}
    found = [each.name for each in (project.root / ".dvc/tmp/provenance").iterdir() if each.name not in kept]
    return found + [each.name for each in project.root.iterdir() if "scratch" in each.name]


def files_of_tasks(project: Project) -> int:
    return len(list((project.root / ".dvc/tmp/provenance").glob("run-*/complete-*/ranges-*/*")))


def test_a_lost_worker_changes_nothing(project: Project, configured: Any) -> None:
    expected = made(project, "mix")
    lost: list[int] = []

    def kill_when_ranges_are_merged() -> None:
        until(lambda: files_of_tasks(project))
        configured.kill_a_worker()
        lost.append(files_of_tasks(project))
        configured.start_worker()

    killer = Thread(target=kill_when_ranges_are_merged)
    killer.start()
    said = run(project, "mix", "--parts", str(PARTS), *SPARK)
    killer.join()
    assert said.code == 0, said.stderr
    assert lost
    # Rows of several births are told apart by their pages, which are read here.
    assert "this machine read rows too, since rows of samples with several births are told apart" in said.stderr
    found = made(project, "mix")
    assert found == expected
    assert len(found[0]) == PARTS and found[1]["divided_by"] == "marks"
    assert left_over(project) == []
    assert run(project, "mix", "--parts", str(PARTS)).code == 0


@pytest.mark.parametrize("stage", ["table", "longer"])
def test_the_sidecar_is_the_same(project: Project, configured: Any, stage: str) -> None:
    """A dataset of one file, whose ancestors are those of three generations; and rows that name their parents."""
    out = project.root / OUTS[stage]
    before = {each: each.read_bytes() for each in ([out] if out.is_file() else out.iterdir())}
    here = run(project, stage)
    expected = made(project, stage)
    for file, content in before.items():
        file.write_bytes(content)
    there = run(project, stage, *SPARK)
    assert (here.code, there.code) == (0, 0), there.stderr
    said = [line for line in there.stderr.splitlines() if "this machine read rows too" not in line]
    assert said == here.stderr.splitlines()
    found = made(project, stage)
    assert found[1] == expected[1]
    assert found[0].equals(expected[0])
    assert (len(said) < len(there.stderr.splitlines())) == (stage == "longer")
    assert left_over(project) == []


def test_a_killed_driver_leaves_the_old_sidecar(project: Project, configured: Any) -> None:
    sidecar, mix = sidecar_of(project, "mix"), project.root / "mix"
    assert sidecar.is_dir()
    # The stage writes one row more; its out stays where it is while it runs.
    more = pa.Table.from_pylist([{"text": "one row more", "page": 3}])
    pq.write_table(more, mix / "999.parquet")
    before = {file.name: file.read_bytes() for file in sidecar.iterdir()}
    command = [sys.executable, "-m", "provenance", "run", "--parts", str(PARTS), *SPARK, "--", "true"]
    environment = {**project.environment, **os.environ, "DVC_STAGE": "mix"}
    with subprocess.Popen(command, cwd=project.root, env=environment, start_new_session=True) as driver:
        until(lambda: files_of_tasks(project), command=driver)
        os.killpg(driver.pid, signal.SIGKILL)
    assert {file.name: file.read_bytes() for file in sidecar.iterdir()} == before
    rows = open_sidecar(sidecar).header.dataset.rows
    assert run(project, "mix", "--parts", str(PARTS), *SPARK).code == 0
    assert open_sidecar(sidecar).header.dataset.rows == rows + 1
    assert left_over(project) == []
