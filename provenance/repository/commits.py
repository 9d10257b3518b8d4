"""What git says of the commit that is checked out, and of one that DVC names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import RepositoryError
from provenance.repository.calls import one_line
from provenance.repository.pipelines import LOCK_FILE

if TYPE_CHECKING:
    import git

    from provenance.lineage.records import GitState


def git_state(root: Path) -> GitState:
    """The commit checked out at ``root`` (None before the first) and whether tracked files differ from it.

    That ``dvc.lock`` does is left out: DVC writes it after each stage, so for every stage but the first of a
    ``dvc repro`` it differs. What it says, the hashes of what a stage reads, a record of a stage has itself.
    """
    from provenance.lineage.records import GitState

    with _opened(root) as repo:
        head = repo.head.commit.hexsha if repo.head.is_valid() else None
        return GitState(head=head, dirty=any(Path(name).name != LOCK_FILE for name in _changed(repo)))


def _changed(repo: git.Repo) -> set[str]:
    """The tracked files that differ from the index, or in it from the commit that is checked out."""
    asked = ("--name-only", "-z", "--ignore-submodules", "--no-ext-diff")
    found: set[str] = set()
    for staged in ((), ("--cached",)):
        found |= {name for name in repo.git.diff(*asked, *staged).split("\0") if name}
    return found


def user(root: Path) -> str | None:
    """Who commits at ``root`` by git's settings, as NAME <EMAIL>; None where these do not say."""
    with _opened(root) as repo, repo.config_reader() as settings:
        name, email = (settings.get_value("user", key, default="") for key in ("name", "email"))
        return f"{name} <{email}>" if name and email else None


def commit_id(root: Path, revision: str) -> str | None:
    """The commit that ``revision`` (a full id) is or, as a tag, points to; None where it is a tree or a file."""
    with _opened(root) as repo:
        try:
            return str(repo.commit(revision).hexsha)
        except ValueError:
            return None


@contextmanager
def _opened(root: Path) -> Iterator[git.Repo]:
    import git

    try:
        with git.Repo(root, search_parent_directories=True) as repo:
            yield repo
    except git.exc.GitError as error:
        raise RepositoryError(f"{root}: git failed: {one_line(error)}") from error
