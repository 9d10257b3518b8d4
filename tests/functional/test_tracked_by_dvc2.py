"""Data that DVC 2 tracked: its MD5 reads CRLF as LF, and says nothing of the bytes; directories, at a revision, too."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.project import Project, lines

CRLF = "question,answer\r\nx,1\r\ny,2\r\n"
REAL = ("--from", "columns", "--set", "origin=real", "--set", "source=faq")


def old_md5(content: bytes) -> str:
    return hashlib.md5(content.replace(b"\r\n", b"\n"), usedforsecurity=False).hexdigest()


def keep(project: Project, content: bytes, suffix: str = "") -> str:
    """Put ``content`` where DVC 2 kept it; its name."""
    md5 = old_md5(content) + suffix
    project.write({f".dvc/cache/{md5[:2]}/{md5[2:]}": content})
    return md5


def track(project: Project, path: str, content: str | Mapping[str, str]) -> None:
    """Track a file, or a directory of files, as DVC 2 did: without a word of which hash it is."""
    files = {"": content} if isinstance(content, str) else content
    project.write({f"{path}/{name}".rstrip("/"): text for name, text in files.items()})
    md5s = {name: keep(project, text.encode()) for name, text in sorted(files.items())}
    md5 = md5s.get("")
    if md5 is None:
        manifest = json.dumps([{"md5": each, "relpath": name} for name, each in md5s.items()], sort_keys=True)
        md5 = keep(project, manifest.encode(), ".dir")
    size = sum(len(text) for text in files.values())
    with (project.root / ".gitignore").open("a", encoding="utf-8") as ignored:
        ignored.write(f"/{path}\n")
    project.write({f"{path}.dvc": f"outs:\n- md5: {md5}\n  size: {size}\n  path: {path}\n"})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.new(tmp_path / "repository")


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("excel.csv", CRLF),
        ("windows.jsonl", lines([{"text": "a"}, {"text": "b"}]).replace("\n", "\r\n")),
        ("unix.jsonl", lines([{"text": "a"}, {"text": "b"}])),
        ("shards", {"0.jsonl": lines([{"text": "a"}]), "1.jsonl": lines([{"text": "b"}])}),
        ("sheets", {"0.csv": "question,answer\r\nx,1\r\n", "1.csv": "question,answer\r\ny,2\r\n"}),
    ],
)
def test_a_sidecar_made_for_it_is_of_it_at_every_revision(
    project: Project, path: str, content: str | Mapping[str, str]
) -> None:
    track(project, path, content)
    project.commit()
    said = project.provenance("declare", path, *REAL).stdout
    assert "DVC has other data" not in said
    assert (project.root / f"{path}.lineage.parquet.dvc").is_file()
    project.commit()
    for rev in ((), ("--rev", "HEAD")):
        (dataset,) = project.ask("status", *rev)["datasets"]
        assert (dataset["path"], dataset["state"], dataset["rows"]) == (path, "ok", 2)
        assert project.ask("audit", path, *rev)["datasets"][0]["by_origin"]["real"]["rows"] == 2
        assert project.ask("verify", *rev)["ok"]
    assert project.ask("log", path)["entries"][0]["state"] == "ok"


def test_a_sidecar_of_other_line_ends_is_stale(project: Project) -> None:
    track(project, "excel.csv", CRLF)
    project.write({"excel.csv": CRLF.replace("\r\n", "\n")})
    said = project.provenance("declare", "excel.csv", *REAL).stdout
    assert "DVC has other data for it" in said
    project.commit()
    (dataset,) = project.ask("status", "--rev", "HEAD")["datasets"]
    assert dataset["state"] == "stale"
    assert project.ask("log", "excel.csv")["entries"][0]["state"] == "stale"


@pytest.mark.parametrize("legacy", [False, True])
def test_a_clone_fetches_the_files_of_a_directory_at_a_revision(project: Project, tmp_path: Path, legacy: bool) -> None:
    shards = {f"train-0000{place}-of-00002.jsonl": lines([{"text": f"s{place}"}]) for place in range(2)}
    if legacy:
        track(project, "shards", shards)
        project.provenance("declare", "shards", *REAL)
    else:
        project.write({f"shards/{name}": text for name, text in shards.items()})
        project.provenance("add", "shards", "--origin", "real", "--source", "faq")
    project.run("dvc", "remote", "add", "--quiet", "--default", "store", str(tmp_path / "store"))
    project.run("dvc", "push", "--quiet")
    project.commit()
    project.run("git", "clone", "--quiet", str(project.root), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone", project.environment)
    found = clone.ask("trace", "shards/train-00001-of-00002.jsonl:1", "--rev", "HEAD", "--text")
    assert [node["text"] for node in found["nodes"]] == ["s1"]


def test_a_directory_that_dvc_tracks_is_declared_with_dvc(project: Project) -> None:
    project.write({"shards/0.jsonl": lines([{"text": "a"}])})
    project.run("dvc", "add", "--quiet", "shards")
    assert project.ask("declare", "shards", *REAL)["tracked"]
    project.commit()
    assert project.ask("status", "--rev", "HEAD")["datasets"][0]["state"] == "ok"
