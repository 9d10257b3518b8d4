"""A DVC repository, as the rest of the package sees it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from provenance.errors import RepositoryError
from provenance.files import MODELS_FILE, REVOCATIONS_FILE
from provenance.repository import commits
from provenance.repository.calls import Fetching, dvc_call
from provenance.repository.contents import Contents
from provenance.repository.paths import root_around
from provenance.repository.stages import Stage, running_stage
from provenance.repository.tracked import Dataset, pointer_file

if TYPE_CHECKING:
    from provenance.documents import Model
    from provenance.lineage.records import GitState
    from provenance.models import ModelRegister
    from provenance.repository.history import History
    from provenance.repository.imports import Imports
    from provenance.repository.pipelines import Pipelines
    from provenance.repository.tracked import TrackedFile
    from provenance.revocations import Revocations
    from provenance.settings import Settings


class Repository(Contents):
    """One DVC repository, its history and its caches.

    Every method takes paths from the DVC root (or absolute ones) and raises `RepositoryError` for a path outside the
    repository, an unknown revision and whatever DVC or git refuses. ``rev`` is anything that DVC takes as a git
    revision; None is the workspace. Nothing changes the workspace except `add` and `imports`. Not safe for concurrent
    threads. DVC itself, which takes long to import, is opened when it is first needed.
    """

    @classmethod
    def open(cls, directory: str | os.PathLike[str] = ".", fetching: Fetching | None = lambda path: None) -> Repository:
        """Open the repository that ``directory`` is in.

        ``fetching`` is called with the path of what is about to be fetched from a remote or another repository; with
        None nothing is fetched, and what is not on this machine is not available.

        In a temporary experiment that is the experiment's own workspace: DVC_ROOT, which names another, is not read.

        Raises:
            RepositoryError: not inside a DVC repository.
        """
        return cls(root_around(directory), fetching)

    def settings(self, rev: str | None = None) -> Settings:
        """provenance.yaml of the workspace or of a revision; the defaults where there is none."""
        from provenance.settings import SETTINGS_FILE, Settings

        return self._document(SETTINGS_FILE, Settings, rev)

    def models(self, rev: str | None = None) -> ModelRegister:
        """provenance.models.yaml of the workspace or of a revision; an empty register where there is none."""
        from provenance.models import ModelRegister

        return self._document(MODELS_FILE, ModelRegister, rev)

    def has_models(self, rev: str | None = None) -> bool:
        """Whether the workspace or a revision has a register of models."""
        if rev is None:
            return (self.root / MODELS_FILE).exists()
        return self._committed(MODELS_FILE, rev) is not None

    def revocations(self) -> Revocations:
        """provenance.revocations.yaml of the workspace, which counts at every revision; none where it is not there."""
        from provenance.revocations import Revocations

        return self._document(REVOCATIONS_FILE, Revocations, None)

    def git_user(self) -> str | None:
        """Who commits here, as git names people: NAME <EMAIL>; None where git does not know."""
        return commits.user(self.root) if self._tracking.has_git() else None

    def datasets(self, rev: str | None = None) -> list[Dataset]:
        """Every dataset that DVC tracks, sorted by path.

        A dataset is an out (of a stage, added or imported) whose file name says so, and that is neither a sidecar nor a
        metric or plot. JSON and tar files and directories, which are mostly other things, only count with a sidecar,
        here or where they were imported from.
        What is in the workspace is hashed if DVC does not know its hash yet.
        """
        found = self._tracking.datasets(rev, self._may_be_known)
        return [self._workspace.as_it_is_now(dataset) if rev is None else dataset for dataset in found]

    def remarks(self) -> list[str]:
        """What lets lineage in the workspace go stale or get lost without a word from DVC, and what mends it."""
        from provenance.repository.remarks import remarks_on

        def is_here(path: str) -> bool:
            return (self.root / path).exists() and not self.is_in_git(path)

        tracked = self._tracking.files(None)
        with dvc_call():
            return list(remarks_on(self._dvc, tracked, is_here))

    def pointers(self, rev: str | None = None) -> dict[str, str]:
        """For each dataset, the file in git that stands for it (a .dvc file or dvc.yaml), from the root of git."""
        return {dataset.path: self.in_git(pointer_file(dataset.path, dataset.stage)) for dataset in self.datasets(rev)}

    def stage_inputs(self, rev: str | None = None) -> dict[str, frozenset[str]]:
        """By the path of each stage's out, the paths in the repository that the stage depends on."""
        return self._tracking.stage_inputs(rev)

    def out(self, path: str) -> TrackedFile | None:
        """What DVC tracks at ``path``, from the DVC root, in the workspace, whether it is a dataset or not."""
        return self._tracking.files(None).get(path)

    def require_whole(self, path: str) -> None:
        """Refuse ``path``, from the DVC root, where it is a part of a directory that DVC tracks as one.

        Raises:
            RepositoryError: it is; the message names the directory.
        """
        tracked = self._tracking.files(None)
        for folder in map(str, PurePosixPath(path).parents):
            if folder in tracked:
                raise RepositoryError(f"{path}: part of the dataset {folder}, which has one sidecar; name {folder}")

    def file_md5s(self, path: str) -> dict[str, str]:
        """DVC's hash of each file of the directory at ``path``, from the DVC root, in the workspace, by its path in it.

        What DVC is told to ignore is not there.
        """
        return self._workspace.file_md5s(path)

    def in_git(self, path: str) -> str:
        """``path``, from the DVC root, as a path from the root of the git repository."""
        top = next((folder for folder in (self.root, *self.root.parents) if (folder / ".git").exists()), self.root)
        return (self.root.relative_to(top) / path).as_posix()

    def history(self, rev: str | None = None) -> History:
        """The history of what DVC tracks: that of ``rev``, or of all branches, tags and experiments."""
        from provenance.repository.changes import read_changes
        from provenance.repository.history import History, is_experiment, reference_name

        if not self._git.exists():
            raise RepositoryError("there is no history here: this DVC repository works without git")
        references = {
            ref: sha for ref, sha in self._git.references().items() if reference_name(ref) or is_experiment(ref)
        }
        listed = self._git.commits(references.values() if rev is None else [self._tracking.commit(rev)])
        changes = read_changes(self._git, self.temporary, listed, self._tracking.files)
        return History(listed, changes, references, cut_off=self._git.is_shallow())

    def has_revision(self, name: str) -> bool:
        """Whether ``name`` is a revision."""
        return self._tracking.has_revision(name)

    def commit(self, rev: str) -> str:
        """The id of the commit that ``rev`` is."""
        return self._tracking.commit(rev)

    @property
    def has_git(self) -> bool:
        """Whether DVC works with git here, and not as after `dvc init --no-scm`."""
        return self._tracking.has_git()

    def git_state(self) -> GitState:
        """The commit that is checked out (None before the first) and whether tracked files differ from it.

        Both are None where DVC works without git.
        """
        from provenance.lineage.records import GitState

        return commits.git_state(self.root) if self._tracking.has_git() else GitState(head=None, dirty=None)

    def current_stage(self) -> Stage | None:
        """The stage that this process runs in; None outside a stage of this repository.

        Raises:
            RepositoryError: more than one stage fits what DVC says of it.
        """
        if not os.environ.get("DVC_STAGE"):
            return None  # as DVC would say, which takes long to open
        known = {dataset.path for dataset in self._tracking.datasets(None, self._may_be_known)}
        with dvc_call():
            return running_stage(self._dvc, self._workspace.md5_if_there, known)

    def is_in_git(self, path: str | os.PathLike[str]) -> bool:
        """Whether git tracks the file at ``path``; DVC then does not."""
        if not self._tracking.has_git():
            return False
        with dvc_call():
            return bool(self._dvc.scm.is_tracked(str(self.root / self._inside(self.root, path))))

    def is_ignored_by_git(self, path: str) -> bool:
        """Whether git ignores the file at ``path``, from the DVC root, which it does not track yet."""
        if not self._tracking.has_git() or self.is_in_git(path):
            return False
        with dvc_call():
            return bool(self._dvc.scm.is_ignored(str(self.root / path)))

    def add(self, paths: Iterable[str | os.PathLike[str]]) -> None:
        """Track files with DVC, each with its own .dvc file, as `dvc add` does."""
        self._workspace.add([self._inside(self.root, path) for path in paths])

    @cached_property
    def imports(self) -> Imports:
        """What is imported from other DVC repositories, and imports more."""
        from provenance.repository.imports import Imports

        return Imports(self.root, self._dvc, self._tracking, self._workspace, self.temporary)

    @cached_property
    def pipelines(self) -> Pipelines:
        """The pipelines as they are written and as DVC recorded them."""
        from provenance.repository.pipelines import Pipelines

        return Pipelines(self.root, lambda: self._dvc)

    def _document(self, file: str, model: type[Model], rev: str | None) -> Model:
        from provenance.documents import load_tracked, parse_tracked

        if rev is None:
            return load_tracked(self.root / file, model)
        text = self._committed(file, rev)
        return model() if text is None else parse_tracked(text, f"{rev}:{file}", model)

    def _committed(self, file: str, rev: str) -> str | None:
        """The text of ``file`` in git at ``rev``; None where there is none."""
        blob = self._git.file(self._tracking.commit(rev), file)
        if blob is None:
            return None
        try:
            return self._git.contents([blob])[blob].decode("utf-8")
        except UnicodeDecodeError as error:
            raise RepositoryError(f"{rev}:{file}: not UTF-8; save it as UTF-8 and commit it again") from error
