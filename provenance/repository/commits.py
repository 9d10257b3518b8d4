"""What git alone knows: the commit that is checked out, and files as they were committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import RepositoryError
from provenance.files import whole_file
from provenance.repository.calls import one_line

if TYPE_CHECKING:
    import git

    from provenance.lineage.records import GitState

_REGULAR_FILE_MODES = (0o100644, 0o100755)


def git_state(root: Path) -> GitState:
    """The commit checked out at ``root`` (None before the first) and whether tracked files differ from it."""
    from provenance.lineage.records import GitState

    with _opened(root) as repo:
        head = repo.head.commit.hexsha if repo.head.is_valid() else None
        return GitState(head=head, dirty=repo.is_dirty(submodules=False))


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


def committed_text(root: Path, sha: str, path: str) -> str | None:
    """The text of the file ``path`` (from ``root``) in commit ``sha``; None where there is none.

    Raises:
        RepositoryError: it is not UTF-8.
    """
    with _opened(root) as repo:
        blob = _blob(repo, root, sha, path)
        if blob is None:
            return None
        try:
            return str(blob.data_stream.read(), "utf-8")
        except UnicodeDecodeError as error:
            raise RepositoryError(f"{sha[:7]}:{path}: not UTF-8; save it as UTF-8 and commit it again") from error


def committed_file(root: Path, sha: str, path: str, directory: Path) -> Path | None:
    """A copy, under ``directory``, of the file ``path`` (from ``root``) in commit ``sha``; None where there is none."""
    with _opened(root) as repo:
        blob = _blob(repo, root, sha, path)
        if blob is None:
            return None
        copy = directory / blob.hexsha
        if not copy.exists():
            with whole_file(copy) as temporary, open(temporary, "wb") as handle:
                blob.stream_data(handle)
        return copy


def _blob(repo: git.Repo, root: Path, sha: str, path: str) -> git.Blob | None:
    top = Path(str(repo.working_tree_dir)).resolve()
    try:
        item = repo.commit(sha).tree / (root / path).relative_to(top).as_posix()
    except KeyError:
        return None
    return item if item.type == "blob" and item.mode in _REGULAR_FILE_MODES else None


@contextmanager
def _opened(root: Path) -> Iterator[git.Repo]:
    import git

    try:
        with git.Repo(root, search_parent_directories=True) as repo:
            yield repo
    except git.exc.GitError as error:
        raise RepositoryError(f"{root}: git failed: {one_line(error)}") from error
