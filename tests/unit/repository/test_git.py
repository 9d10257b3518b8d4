from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from provenance.errors import RepositoryError
from provenance.repository.git import Change, Git

DATA = "data/ünï codé.jsonl.dvc"


class Work:
    """A git repository whose DVC root is a folder of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "deep"
        self.folder.mkdir(parents=True)
        self.run("init", "--quiet", "--initial-branch", "main")
        self.git = Git(self.folder)

    def run(self, *arguments: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        return subprocess.run(
            ["git", *who, *arguments], cwd=self.root, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self, subject: str, **files: str | None) -> str:
        for name, text in files.items():
            self.write(name, text)
        self.run("add", "--all")
        self.run("commit", "--quiet", "--allow-empty", "-m", subject)
        return self.run("rev-parse", "HEAD")

    def write(self, name: str, text: str | None) -> None:
        file = self.folder / name
        if text is None:
            file.unlink()
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path / "repository")


def blob(text: str) -> str:
    return (
        subprocess.run(["git", "hash-object", "--stdin"], input=text.encode(), check=True, capture_output=True)
        .stdout.decode()
        .strip()
    )


def test_an_empty_repository_has_no_commits(work: Work) -> None:
    assert work.git.exists()
    assert work.git.commit_id("HEAD") is None
    assert work.git.references() == {}
    assert work.git.commits([]) == []
    assert work.git.changed_files([]) == {}


def test_no_repository(tmp_path: Path) -> None:
    assert not Git(tmp_path).exists()
    with pytest.raises(RepositoryError, match="git ls-tree failed"):
        Git(tmp_path).files("HEAD")


def test_a_revision_is_never_an_option(work: Work) -> None:
    head = work.commit("one")
    assert work.git.commit_id("HEAD") == work.git.commit_id("main") == head
    assert work.git.commit_id("--all") is None
    assert work.git.commit_id("nothing") is None


def test_commits_come_before_their_parents_with_tags_peeled(work: Work) -> None:
    first = work.commit("one")
    work.run("tag", "-a", "v1", "-m", "tagged")
    second = work.commit("two\n\nand a body")

    assert work.git.references() == {"HEAD": second, "refs/heads/main": second, "refs/tags/v1": first}
    commits = work.git.commits([second, second])
    assert [(each.sha, each.parents, each.subject) for each in commits] == [
        (second, (first,), "two"),
        (first, (), "one"),
    ]


def test_changes_are_of_dvc_files_and_sidecars_from_the_folder(work: Work) -> None:
    first = work.commit("one", **{DATA: "a", "notes.txt": "n", "x.jsonl.lineage.parquet": "s"})
    second = work.commit("two", **{DATA: "b", "notes.txt": "m"})
    third = work.commit("three", **{DATA: None})
    (work.root / "elsewhere.dvc").write_text("outside the DVC root")
    fourth = work.commit("four")

    found = work.git.changed_files(work.git.commits([fourth]))

    assert {sha: sorted(changes, key=lambda change: change.path) for sha, changes in found.items()} == {
        first: [Change(DATA, None, blob("a")), Change("x.jsonl.lineage.parquet", None, blob("s"))],
        second: [Change(DATA, blob("a"), blob("b"))],
        third: [Change(DATA, blob("b"), None)],
    }


def test_links_are_no_files(work: Work) -> None:
    work.write("a.dvc", "text")
    (work.folder / "b.dvc").symlink_to("a.dvc")
    commit = work.commit("one")

    (changes,) = work.git.changed_files(work.git.commits([commit])).values()

    assert Change("b.dvc", None, None) in changes
    assert work.git.files(commit) == {"a.dvc": blob("text"), "b.dvc": ""}
    assert work.git.file(commit, "b.dvc") is None


def test_contents_are_read_in_batches(work: Work, tmp_path: Path) -> None:
    texts = {"a.txt": "", "b.txt": "two\nlines\n", DATA: "ü"}
    commit = work.commit("one", **texts)

    blobs = work.git.blobs_of([*((commit, name) for name in texts), (commit, "gone"), (commit, "a\nb")])

    assert blobs == {(commit, name): blob(text) for name, text in texts.items()} | {
        (commit, "gone"): None,
        (commit, "a\nb"): None,
    }
    assert work.git.contents([blob(text) for text in texts.values()]) == {
        blob(text): text.encode() for text in texts.values()
    }
    work.git.save(blob("two\nlines\n"), tmp_path / "saved")
    assert (tmp_path / "saved").read_text() == "two\nlines\n"


def test_a_path_is_not_a_pattern(work: Work) -> None:
    commit = work.commit("one", **{"a.txt": "a", "[a].txt": "b"})
    assert work.git.file(commit, "[a].txt") == blob("b")
    assert work.git.file(commit, "*.txt") is None
