from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import RepositoryError
from provenance.repository.changes import IN_GIT, Changed, Recorded, Tracked, read_changes
from provenance.repository.git import Git

A, B = "a" * 32, "b" * 32


def added(md5: str, path: str = "x.jsonl") -> str:
    return f"outs:\n- md5: {md5}\n  size: 3\n  hash: md5\n  path: {path}\n"


def imported(md5: str) -> str:
    repo = "deps:\n- path: there.jsonl\n  repo:\n    url: https://example.org/r\n    rev_lock: abc\nfrozen: true\n"
    return repo + added(md5)


def no_dvc(commit: str) -> Tracked:
    raise AssertionError(f"DVC was asked about {commit}")


class Work:
    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.run("init", "--quiet")
        self.git = Git(root)

    def run(self, *arguments: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        return subprocess.run(
            ["git", *who, *arguments], cwd=self.root, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self, **files: str | None) -> str:
        for name, text in files.items():
            if text is None:
                (self.root / name).unlink()
            else:
                (self.root / name).write_text(text, encoding="utf-8")
        self.run("add", "--all")
        self.run("commit", "--quiet", "-m", "changed")
        return self.run("rev-parse", "HEAD")

    def changes(self, temporary: Path, by_dvc: Any = no_dvc) -> dict[str, Changed]:
        return read_changes(self.git, temporary, self.git.commits(["HEAD"]), by_dvc)


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path / "repository")


def test_what_was_added_changed_moved_and_taken_away(work: Work, tmp_path: Path) -> None:
    first = work.commit(**{"x.jsonl.dvc": added(A)})
    second = work.commit(**{"x.jsonl.dvc": added(B)})
    third = work.commit(**{"x.jsonl.dvc": None, "other.dvc": added(B)})
    fourth = work.commit(**{"other.dvc": None})

    found = {sha: changed.outs for sha, changed in work.changes(tmp_path).items()}

    assert found == {
        first: {"x.jsonl": Recorded(A, "md5", imported=False)},
        second: {"x.jsonl": Recorded(B, "md5", imported=False)},
        # Another DVC file took it over.
        third: {"x.jsonl": Recorded(B, "md5", imported=False)},
        fourth: {"x.jsonl": None},
    }


def test_what_is_imported_says_so(work: Work, tmp_path: Path) -> None:
    commit = work.commit(**{"x.jsonl.dvc": imported(A)})
    assert work.changes(tmp_path)[commit].outs == {"x.jsonl": Recorded(A, "md5", imported=True)}


def test_a_sidecar_in_git_is_known_by_its_blob(work: Work, tmp_path: Path) -> None:
    commit = work.commit(**{"x.jsonl.lineage.parquet": "sidecar"})
    ((path, recorded),) = work.changes(tmp_path)[commit].outs.items()
    assert path == "x.jsonl.lineage.parquet"
    assert recorded == Recorded(work.run("rev-parse", f"HEAD:{path}"), IN_GIT, imported=False)


def test_commits_are_read_once(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work.commit(**{"x.jsonl.dvc": added(A)})
    before = work.changes(tmp_path)
    newest = work.commit(**{"x.jsonl.dvc": added(B)})
    read: list[str] = []
    ask = Git.changed_files

    def changed_files(git: Git, commits: Any) -> Any:
        commits = list(commits)
        read.extend(commit.sha for commit in commits)
        return ask(git, commits)

    monkeypatch.setattr(Git, "changed_files", changed_files)
    after = work.changes(tmp_path)

    assert read == [newest]
    assert {sha: after[sha] for sha in before} == before


def test_a_damaged_memory_is_read_anew(work: Work, tmp_path: Path) -> None:
    work.commit(**{"x.jsonl.dvc": added(A)})
    expected = work.changes(tmp_path)
    (tmp_path / "history.json").write_text("{")
    assert work.changes(tmp_path) == expected


def test_a_file_that_nobody_can_read_is_told(work: Work, tmp_path: Path) -> None:
    work.commit(**{"x.jsonl.dvc": added(A)})
    broken = work.commit(**{"x.jsonl.dvc": "outs: ["})

    def by_dvc(commit: str) -> Tracked:
        raise RepositoryError(f"{commit}: not YAML")

    changed = work.changes(tmp_path, by_dvc)[broken]
    assert (changed.outs, changed.unreadable) == ({}, ["x.jsonl.dvc"])
