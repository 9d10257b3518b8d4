from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.contents import ONE, TWO, digest, write

from provenance.errors import RepositoryError
from provenance.repository import Dataset, Repository
from provenance.settings import Settings

Run = Callable[..., str]
Commit = Callable[[], str]


def write_yaml(path: Path, content: Any) -> None:
    write(path, json.dumps(content).encode())  # JSON is YAML


def reproduce(*targets: str) -> None:
    from dvc.repo import Repo

    with Repo() as repo:
        repo.reproduce(list(targets) or None, all_pipelines=not targets)


def test_opens_from_a_sub_directory(dvc_repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (dvc_repository / "a/b").mkdir(parents=True)
    monkeypatch.chdir(dvc_repository / "a/b")

    repository = Repository.open()

    assert repository.root == dvc_repository
    assert repository.relative("../x.jsonl") == "a/x.jsonl"
    assert repository.relative(dvc_repository / "y.jsonl") == "y.jsonl"
    assert Repository.open(dvc_repository / "a").root == dvc_repository


def test_outside_a_repository_says_what_to_do(isolated: Path) -> None:
    with pytest.raises(RepositoryError, match="not inside a DVC repository; run `git init && dvc init`"):
        Repository.open()
    with pytest.raises(RepositoryError, match="nowhere"):
        Repository.open("nowhere")


@pytest.mark.parametrize("path", ["../x.jsonl", "/etc/passwd", "a/../../x", "outside/x.jsonl"])
def test_refuses_paths_that_lead_out(dvc_repository: Path, isolated: Path, path: str) -> None:
    (dvc_repository / "outside").symlink_to(isolated)
    repository = Repository.open()

    for method in (repository.relative, repository.data_file, repository.md5, lambda p: repository.add([p])):
        with pytest.raises(RepositoryError, match="not inside the DVC repository"):
            method(path)


def test_file_that_dvc_linked_to_its_cache_is_inside(two_versions: tuple[str, str], dvc_repository: Path) -> None:
    (dvc_repository / "data/x.jsonl").unlink()
    (dvc_repository / "data/x.jsonl").symlink_to(dvc_repository.parent / "shared-cache")

    assert Repository.open().relative("data/x.jsonl") == "data/x.jsonl"


def test_temporary_directory_is_ignored_by_git(dvc_repository: Path, run: Run) -> None:
    temporary = Repository.open().temporary

    assert temporary == dvc_repository / ".dvc/tmp/provenance"
    assert temporary.is_dir()
    run("git", "check-ignore", str(temporary))


def test_before_the_first_commit(dvc_repository: Path) -> None:
    write(dvc_repository / "x.jsonl", ONE)
    repository = Repository.open()
    repository.add(["x.jsonl"])

    assert repository.datasets() == [Dataset("x.jsonl", digest(ONE), len(ONE), None, None)]
    assert repository.git_state().head is None
    with pytest.raises(RepositoryError, match="'HEAD': no such git revision"):
        repository.datasets("HEAD")


def test_datasets_of_stages(dvc_repository: Path, commit: Commit) -> None:
    names = ["b.csv", "a.jsonl", "a.jsonl.lineage.parquet", "c.json", "d.json", "d.json.lineage.parquet", "model.bin"]
    names += ["metrics.json", "plot.csv"]
    copies = f"{sys.executable} -c \"import sys; [open(name, 'w').write(name) for name in sys.argv[1:]]\""
    stage = {"cmd": f"{copies} {' '.join(names)}", "wdir": "../data", "outs": names[:-2]}
    stage |= {"metrics": ["metrics.json"], "plots": ["plot.csv"]}
    write_yaml(dvc_repository / "pipelines/dvc.yaml", {"stages": {"make": stage}})
    (dvc_repository / "data").mkdir()
    repository = Repository.open()

    assert [(d.path, d.md5, d.size) for d in repository.datasets()] == [
        ("data/a.jsonl", None, None),
        ("data/b.csv", None, None),
        ("data/d.json", None, None),
    ]
    reproduce()
    commit()

    made_by = "pipelines/dvc.yaml:make"
    expected = [
        Dataset("data/a.jsonl", digest(b"a.jsonl"), 7, made_by, "data/a.jsonl.lineage.parquet"),
        Dataset("data/b.csv", digest(b"b.csv"), 5, made_by, None),
        Dataset("data/d.json", digest(b"d.json"), 6, made_by, "data/d.json.lineage.parquet"),
    ]
    assert repository.datasets() == repository.datasets("HEAD") == expected


def test_workspace_is_as_it_is_now(two_versions: tuple[str, str], dvc_repository: Path) -> None:
    (dvc_repository / "data/x.jsonl").unlink()  # under DVC never written in place
    (dvc_repository / "data/x.jsonl").write_bytes(b"{}\n")
    repository = Repository.open()

    (now,) = repository.datasets()

    assert (now.md5, now.size) == (digest(b"{}\n"), 3)
    assert repository.data_file("data/x.jsonl") == dvc_repository / "data/x.jsonl"


def test_reads_revisions_without_checkout(two_versions: tuple[str, str], dvc_repository: Path) -> None:
    repository = Repository.open()

    for rev, content in ((two_versions[0], ONE), ("HEAD~1", ONE), ("main", TWO), (two_versions[1][:8], TWO)):
        (dataset,) = repository.datasets(rev)
        assert dataset == Dataset("data/x.jsonl", digest(content), 16, None, "data/x.jsonl.lineage.parquet")
        data, sidecar = repository.data_file(dataset.path, rev), repository.sidecar_file(dataset.path, rev)
        assert data is not None and data.read_bytes() == content
        assert sidecar is not None and sidecar.read_bytes() == b"lineage of " + content
    assert (dvc_repository / "data/x.jsonl").read_bytes() == TWO
    assert repository.data_file("data/other.jsonl", "HEAD") is None


def test_reads_revisions_from_a_sub_directory(two_versions: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("data")

    assert [d.md5 for d in Repository.open().datasets("HEAD~1")] == [digest(ONE)]


@pytest.mark.parametrize("rev", ["nope", "", "--help", "HEAD:data", "HEAD^{tree}", "\x1b[31m", "HEAD~99"])
def test_unknown_revision_is_named(two_versions: tuple[str, str], rev: str) -> None:
    repository = Repository.open()

    for method in (repository.datasets, repository.settings, lambda r: repository.data_file("data/x.jsonl", r)):
        with pytest.raises(RepositoryError, match="no such git revision") as caught:
            method(rev)
        assert repr(rev) in str(caught.value)


def test_annotated_tag_and_commit_from_before_dvc(isolated: Path, run: Run, commit: Commit) -> None:
    run("git", "init", "--quiet", "--initial-branch=main")
    write(isolated / "sub/notes.txt", b"notes")
    commit()
    run("git", "tag", "--annotate", "before", "--message=before")
    run("dvc", "init", "--quiet")

    assert Repository.open().datasets("before") == []


def test_settings_of_a_revision(dvc_repository: Path, commit: Commit) -> None:
    write(dvc_repository / "provenance.yaml", b"digest: sha256\n")
    commit()
    write(dvc_repository / "provenance.yaml", b"digest: blake2b\n")
    commit()
    write(dvc_repository / "provenance.yaml", b"digest: [\n")
    repository = Repository.open()

    assert repository.settings("HEAD~1") == Settings(digest="sha256")
    assert repository.settings("HEAD") == Settings(digest="blake2b")
    with pytest.raises(RepositoryError, match=r"provenance\.yaml: not valid YAML"):
        repository.settings()


def test_file_committed_to_git_is_read_at_its_revision(dvc_repository: Path, commit: Commit) -> None:
    write(dvc_repository / "small.jsonl", ONE)
    (dvc_repository / "link.jsonl").symlink_to("/etc/passwd")
    commit()
    (dvc_repository / "small.jsonl").unlink()
    repository = Repository.open()

    file = repository.data_file("small.jsonl", "HEAD")

    assert file is not None and file.read_bytes() == ONE
    assert repository.data_file("small.jsonl/more", "HEAD") is None
    assert repository.data_file("link.jsonl", "HEAD") is None


def test_hash_that_points_out_of_the_cache_is_refused(two_versions: tuple[str, str], dvc_repository: Path) -> None:
    pointer = dvc_repository / "data/x.jsonl.dvc"
    pointer.write_text(pointer.read_text().replace(digest(TWO), "../../../../../../etc/passwd"))

    with pytest.raises(RepositoryError, match=r"data/x\.jsonl: the hash recorded in data/x\.jsonl\.dvc is not an MD5"):
        Repository.open().datasets()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("dvc.yaml", b"\xff\xfe"),
        ("dvc.yaml", b"stages: " + b"[" * 2000),
        ("x.jsonl.dvc", b"!!python/object/apply:os.system ['touch pwned']"),
        ("x.jsonl.dvc", b"outs: 5"),
        ("x.jsonl.dvc", b"outs:\n- path: s3://bucket/x.jsonl\n- path: remote://nowhere/x.jsonl"),
        (".dvcignore", b"\xff\n"),
        (".dvc/config", b"[core\n"),
    ],
)
def test_damaged_or_hostile_dvc_file_is_an_error(dvc_repository: Path, name: str, content: bytes) -> None:
    write(dvc_repository / name, content)

    with pytest.raises(RepositoryError) as caught:
        Repository.open().datasets()
    assert "\n" not in str(caught.value)
    assert not (dvc_repository / "pwned").exists()


def test_broken_dvc_yaml_is_one_line(dvc_repository: Path, commit: Commit) -> None:
    write(dvc_repository / "dvc.yaml", b"stages: [\n")
    commit()
    repository = Repository.open()

    with pytest.raises(RepositoryError, match=r"dvc\.yaml") as caught:
        repository.datasets()
    assert "\n" not in str(caught.value)
    with pytest.raises(RepositoryError, match=r"^HEAD: .*dvc\.yaml"):
        repository.datasets("HEAD")
