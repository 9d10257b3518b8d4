"""Clones, worktrees, imports, and DVC without git or below its root."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.contents import ONE, TWO, digest, write

from provenance.errors import RepositoryError
from provenance.repository import Dataset, Repository

Run = Callable[..., str]
Commit = Callable[[], str]


@pytest.fixture
def remote(isolated: Path, run: Run) -> Callable[[], None]:
    """Pushes the repository in the working directory to a remote that is configured by relative path."""

    def push() -> None:
        run("dvc", "remote", "add", "--default", "store", "../store")
        run("dvc", "push")
        run("git", "commit", "--quiet", "--all", "--message=remote")

    return push


def test_fresh_clone_fetches_what_is_asked_for(
    two_versions: tuple[str, str], isolated: Path, run: Run, remote: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    remote()
    run("git", "clone", "--quiet", ".", "../clone")
    monkeypatch.chdir(isolated / "clone")
    repository = Repository.open()
    expected = Dataset("data/x.jsonl", digest(TWO), 16, None, "data/x.jsonl.lineage.parquet")

    assert repository.datasets() == repository.datasets("HEAD") == [expected]
    assert [file for file in Path(".dvc/cache").rglob("*") if file.is_file()] == []

    sidecar = repository.sidecar_file("data/x.jsonl", "HEAD")
    assert sidecar is not None and sidecar.read_bytes() == b"lineage of " + TWO
    assert len([file for file in Path(".dvc/cache").rglob("*") if file.is_file()]) == 1
    data = repository.data_file("data/x.jsonl")
    assert data is not None and data.read_bytes() == TWO
    # Only the first version was never pushed.
    assert repository.data_file("data/x.jsonl", two_versions[0]) is None
    assert not Path("data/x.jsonl").exists()


def test_nothing_is_fetched_where_it_is_forbidden(
    two_versions: tuple[str, str], isolated: Path, run: Run, remote: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    remote()
    run("git", "clone", "--quiet", ".", "../clone")
    monkeypatch.chdir(isolated / "clone")
    fetched: list[str] = []

    assert Repository.open(fetching=None).sidecar_file("data/x.jsonl", "HEAD") is None
    assert Repository.open(fetching=fetched.append).sidecar_file("data/x.jsonl", "HEAD") is not None
    assert fetched == ["data/x.jsonl.lineage.parquet"]
    assert Repository.open(fetching=None).sidecar_file("data/x.jsonl", "HEAD") is not None


def test_clone_without_remote_has_no_files(
    two_versions: tuple[str, str], isolated: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("git", "clone", "--quiet", ".", "../clone")
    monkeypatch.chdir(isolated / "clone")
    repository = Repository.open()

    assert [d.path for d in repository.datasets()] == ["data/x.jsonl"]
    assert repository.data_file("data/x.jsonl") is None
    assert repository.sidecar_file("data/x.jsonl", "HEAD") is None


def test_git_worktree(
    two_versions: tuple[str, str], isolated: Path, run: Run, remote: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    remote()
    run("git", "worktree", "add", "--quiet", "../tree")
    monkeypatch.chdir(isolated / "tree")
    repository = Repository.open()

    assert repository.root == isolated / "tree"
    assert repository.git_state().dirty is False
    assert [d.md5 for d in repository.datasets("HEAD~2")] == [digest(ONE)]
    data = repository.data_file("data/x.jsonl", "HEAD")
    assert data is not None and data.read_bytes() == TWO


def test_imported_from_another_repository(
    two_versions: tuple[str, str], isolated: Path, run: Run, commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = isolated / "importer"
    here.mkdir()
    monkeypatch.chdir(here)
    run("git", "init", "--quiet", "--initial-branch=main")
    run("dvc", "init", "--quiet")
    for name in ("data/x.jsonl", "data/x.jsonl.lineage.parquet"):
        run("dvc", "import", "--quiet", "../repository", name)
    commit()
    expected = Dataset("x.jsonl", digest(TWO), 16, None, "x.jsonl.lineage.parquet", "data/x.jsonl")
    assert Repository.open().datasets() == Repository.open().datasets("HEAD") == [expected]

    run("git", "clone", "--quiet", ".", "../clone")
    monkeypatch.chdir(isolated / "clone")
    repository = Repository.open()
    data, sidecar = repository.data_file("x.jsonl", "HEAD"), repository.sidecar_file("x.jsonl")
    assert data is not None and data.read_bytes() == TWO
    assert sidecar is not None and sidecar.read_bytes() == b"lineage of " + TWO


def test_without_git(isolated: Path, run: Run) -> None:
    run("dvc", "init", "--quiet", "--no-scm")
    write(isolated / "x.jsonl", ONE)
    repository = Repository.open()
    repository.add(["x.jsonl"])

    assert [d.path for d in repository.datasets()] == ["x.jsonl"]
    state = repository.git_state()
    assert (state.head, state.dirty) == (None, None)
    with pytest.raises(RepositoryError, match="works without git"):
        repository.datasets("HEAD")


def test_dvc_in_a_sub_directory_of_git(
    isolated: Path, run: Run, commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("git", "init", "--quiet", "--initial-branch=main")
    write(isolated / "README.md", b"readme")
    commit()
    (isolated / "project").mkdir()
    monkeypatch.chdir(isolated / "project")
    run("dvc", "init", "--quiet", "--subdir")
    write(isolated / "project/data/x.jsonl", ONE)
    write(isolated / "project/provenance.yaml", b"digest: sha256\n")
    repository = Repository.open()
    repository.add(["data/x.jsonl"])
    commit()

    assert repository.root == isolated / "project"
    assert [d.path for d in repository.datasets("HEAD")] == ["data/x.jsonl"]
    assert repository.settings("HEAD").digest == "sha256"
    assert repository.datasets("HEAD~1") == []
    data = repository.data_file("data/x.jsonl", "HEAD")
    assert data is not None and data.read_bytes() == ONE


def test_git_state(two_versions: tuple[str, str], dvc_repository: Path) -> None:
    write(dvc_repository / "untracked.txt", b"")
    state = Repository.open().git_state()
    assert (state.head, state.dirty) == (two_versions[1], False)

    write(dvc_repository / "data/x.jsonl.dvc", b"changed")
    assert Repository.open().git_state().dirty is True


def test_what_dvc_writes_after_each_stage_is_no_change_of_the_code(
    dvc_repository: Path, commit: Commit, run: Run
) -> None:
    write(dvc_repository / "dvc.lock", b"schema: '2.0'\n")
    write(dvc_repository / "code.py", b"1")
    commit()
    write(dvc_repository / "dvc.lock", b"schema: '2.0'\nstages: {}\n")
    assert Repository.open().git_state().dirty is False
    write(dvc_repository / "code.py", b"2")
    assert Repository.open().git_state().dirty is True
    run("git", "add", "code.py")
    assert Repository.open().git_state().dirty is True
