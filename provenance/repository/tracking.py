"""Which revisions there are, and what DVC tracks at each of them and in the workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from provenance.errors import RepositoryError, UnknownRevisionError
from provenance.repository import commits
from provenance.repository.calls import dvc_call
from provenance.repository.git import Git
from provenance.repository.revisions import Revisions
from provenance.repository.tracked import Dataset, TrackedFile, stage_inputs, tracked_files

if TYPE_CHECKING:
    from dvc.repo import Repo

_Any = TypeVar("_Any")
# By their names, files of these kinds may be datasets.
_MOSTLY_OTHER_THINGS = (".json", ".json.gz", ".json.zst", ".tar")


class Tracking:
    """The revisions of one repository; ``temporary``: a directory for what can be made again; ``dvc`` opens DVC."""

    def __init__(self, root: Path, git: Git, temporary: Path, dvc: Callable[[], Repo]) -> None:
        self._root = root
        self._git = git
        self._revisions = Revisions(git, temporary)
        self._dvc = dvc

    def has_git(self) -> bool:
        """Whether DVC works with git here."""
        from dvc.config import Config
        from dvc.scm import SCM, NoSCM

        # As DVC itself finds out; to open it for this would take ten times as long.
        with dvc_call():
            without = Config(str(self._root / ".dvc"))["core"].get("no_scm", False)
            with closing(SCM(str(self._root), no_scm=without)) as found:
                return not isinstance(found, NoSCM)

    def commit(self, rev: str) -> str:
        """The id of the commit that ``rev`` is.

        Raises:
            RepositoryError: no such revision.
        """
        sha = self._git.commit_id(rev) if rev else None
        return sha or self._commit_by_dvc(rev)

    def has_revision(self, name: str) -> bool:
        """Whether ``name`` is a revision."""
        try:
            return bool(self.commit(name))
        except RepositoryError:
            return False

    def files(self, rev: str | None) -> dict[str, TrackedFile]:
        """Every out at the revision ``rev``, or in the workspace, by path."""
        if rev is None:
            with dvc_call():
                return tracked_files(self._dvc())
        sha = self.commit(rev)
        return self._revisions.tracked(sha, lambda: self._at(sha, rev, tracked_files))

    def stage_inputs(self, rev: str | None) -> dict[str, frozenset[str]]:
        """By the path of each stage's out at ``rev``, or in the workspace, the paths that the stage depends on."""
        if rev is None:
            with dvc_call():
                return stage_inputs(self._dvc())
        return self._at(self.commit(rev), rev, stage_inputs)

    def datasets(self, rev: str | None, may_be_known: Callable[[TrackedFile], bool]) -> Iterator[Dataset]:
        """Every dataset at ``rev``, or in the workspace, as DVC recorded it, by path; see `Repository.datasets`.

        ``may_be_known``: whether the source of something that was imported may have a sidecar of it.
        """
        from provenance.identity.names import is_dataset, sidecar_path

        tracked = self.files(rev)
        for path, file in sorted(tracked.items()):
            sidecar = sidecar_path(path)
            known = sidecar in tracked or (rev is None and (self._root / sidecar).exists())
            if known:
                # What is not made yet may become a directory.
                fits = file.md5 is None or file.is_directory or (self._root / path).is_dir() or is_dataset(path)
            else:
                fits = is_dataset(path) and not path.lower().endswith(_MOSTLY_OTHER_THINGS)
                if not fits and file.source is not None and (file.is_directory or is_dataset(path)):
                    fits = may_be_known(file)
            if fits and not file.result:
                source = None if file.source is None else file.source.path
                yield Dataset(path, file.md5, file.size, file.stage, sidecar if known else None, source, file.is_legacy)

    def _commit_by_dvc(self, rev: str) -> str:
        """As `commit`, of names that git does not know, such as those of experiments."""
        from dvc.scm import RevError, resolve_rev

        if not self.has_git():
            raise RepositoryError(f"{rev}: there are no revisions here: this DVC repository works without git")
        with dvc_call():
            try:
                sha = commits.commit_id(self._root, resolve_rev(self._dvc().scm, rev)) if rev else None
            except RevError:
                sha = None
        if sha is None:
            raise UnknownRevisionError(f"{rev!r}: no such git revision; `git log` and `dvc exp show` list them")
        return sha

    def _at(self, commit: str, named: str, ask: Callable[[Repo], dict[str, _Any]]) -> dict[str, _Any]:
        """What ``ask`` finds by path at ``commit``, which was ``named`` so."""
        from dvc.exceptions import NotDvcRepoError

        with dvc_call(named):
            try:
                repo = self._dvc()
                with repo.switch(commit):
                    return ask(repo)
            except NotDvcRepoError:
                # A commit from before the DVC repository was made.
                return {}
