"""DVC files as `dvc push` to a remote that keeps versions of files by name leaves them: files and versions in place of
one hash. No such remote is asked here."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.project import Project, lines

STAGE = """
stages:
  join:
    cmd: provenance run -- sh -c 'mkdir -p out; cat docs.jsonl hub/0.jsonl > out/x.jsonl; cp hub/1.jsonl out/y.jsonl'
    deps: [docs.jsonl, docs.jsonl.lineage.parquet, hub, hub.lineage.parquet]
    outs: [out, out.lineage.parquet]
"""
CLOUD = {"store": {"etag": "0d0636f3", "version_id": "b5a8a10a-3473"}}


def versioned(project: Project, out: dict[str, Any]) -> None:
    folder = project.root / out["path"]
    if not folder.is_dir():
        out["cloud"] = CLOUD
        return
    for name in ("md5", "size", "nfiles"):
        out.pop(name, None)
    out["files"] = [
        {
            "relpath": file.name,
            "md5": hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest(),
            "size": file.stat().st_size,
            "cloud": CLOUD,
        }
        for file in sorted(folder.iterdir())
    ]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.new(tmp_path / "project")
    hub = {f"hub/{number}.jsonl": lines([{"text": f"hub {number}"}]) for number in range(2)}
    project.write({"docs.jsonl": lines([{"text": "a"}, {"text": "b"}]), "dvc.yaml": STAGE, **hub})
    for name, origin in (("docs.jsonl", "real"), ("hub", "synthetic")):
        project.provenance("add", name, "--origin", origin, "--source", "s")
    project.run("dvc", "repro", "--quiet")
    project.commit()
    for file in [*project.root.glob("[!.]*.dvc"), project.root / "dvc.lock"]:
        document = yaml.safe_load(file.read_text())
        for out in document["outs"] if "outs" in document else document["stages"]["join"]["outs"]:
            versioned(project, out)
        file.write_text(yaml.safe_dump(document))
    project.commit()
    return project


def test_what_is_versioned_in_a_cloud_is_the_same_data(project: Project) -> None:
    assert project.run("dvc", "status").stdout.strip() == "Data and pipelines are up to date."
    for revision in ((), ("--rev", "HEAD"), ("--rev", "HEAD~1")):
        states = {each["path"]: (each["state"], each["rows"]) for each in project.ask("status", *revision)["datasets"]}
        assert states == {"docs.jsonl": ("ok", 2), "hub": ("ok", 2), "out": ("ok", 4)}
        assert project.ask("verify", *revision)["problems"] == []
    for name, rows in (("docs.jsonl", 2), ("hub", 2), ("out", 4)):
        # The push changed no data, so it is no version.
        (entry,) = project.ask("log", name)["entries"]
        assert (entry["state"], entry["rows"], entry["subject"]) == ("ok", rows, "test")


def test_what_is_not_in_the_workspace_is_read_from_the_cache(project: Project) -> None:
    for name in ("hub", "out"):
        for file in (project.root / name).iterdir():
            file.unlink()
        (project.root / name).rmdir()
    assert project.ask("verify")["problems"] == []
    assert project.ask("verify", "hub", "--rev", "HEAD")["datasets"] == ["hub"]


@pytest.mark.parametrize(("name", "rows"), [("docs.jsonl", 2), ("hub", 2), ("out", 4)])
def test_what_another_repository_keeps_versions_of_is_imported_and_traced(
    project: Project, tmp_path: Path, name: str, rows: int
) -> None:
    here = Project.new(tmp_path / "here")
    answer = here.provenance("import", str(project.root), name)
    assert answer.code == 0, answer.stderr
    (dataset,) = here.ask("status")["datasets"]
    assert (dataset["path"], dataset["state"], dataset["rows"]) == (name, "ok", rows)
    assert here.ask("verify")["problems"] == []
    (audited,) = here.ask("audit", name)["datasets"]
    (from_source,) = project.ask("audit", name)["datasets"]
    assert audited["by_origin"] == from_source["by_origin"]
