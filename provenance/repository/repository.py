"""A DVC repository, as the rest of the package sees it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import RepositoryError
from provenance.files import MODELS_FILE, REVOCATIONS_FILE
from provenance.repository import commits
from provenance.repository.calls import dvc_call
from provenance.repository.changes import IN_GIT
from provenance.repository.git import Git
from provenance.repository.objects import Fetching, Objects
from provenance.repository.revisions import Revisions
from provenance.repository.stages import Stage, running_stage
from provenance.repository.tracked import Dataset, TrackedFile, pointer_file, tracked_files

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc_data.hashfile.meta import Meta
    from dvc_data.hashfile.obj import HashFile

    from provenance.documents import Model
    from provenance.identity import FileIds
    from provenance.lineage.records import GitState
    from provenance.models import ModelRegister
    from provenance.repository.history import History, Version
    from provenance.revocations import Revocations
    from provenance.settings import Settings

# By their names, files of these kinds may be datasets.
_MOSTLY_OTHER_THINGS = (".json", ".json.gz", ".json.zst", ".tar")


class Repository:
    """One DVC repository, its history and its caches.

    Every method takes paths from the DVC root (or absolute ones) and raises `RepositoryError` for a path outside the
    repository, an unknown revision and whatever DVC or git refuses. ``rev`` is anything that DVC takes as a git
    revision; None is the workspace. No method changes the workspace except `add`. Not safe for concurrent threads.
    DVC itself, which takes long to import, is opened when it is first needed.
    """

    def __init__(self, root: Path, fetching: Fetching | None) -> None:
        self.root = root
        self._fetching = fetching
        self._git = Git(root)
        self._revisions = Revisions(self._git, self.temporary)

    @classmethod
    def open(cls, directory: str | os.PathLike[str] = ".", fetching: Fetching | None = lambda path: None) -> Repository:
        """Open the repository that ``directory`` is in.

        ``fetching`` is told the path of what is about to be fetched from a remote or another repository; with None
        nothing is fetched, and what is not on this machine is not to be had.

        In a temporary experiment that is the experiment's own workspace: DVC_ROOT, which names another, is not read.

        Raises:
            RepositoryError: not inside a DVC repository.
        """
        # DVC keeps its hashes by path, and itself starts from the resolved one.
        start = Path(os.path.realpath(directory))
        if start.is_dir():
            for root in (start, *start.parents):
                if (root / ".dvc").is_dir():
                    return cls(root, fetching)
        message = f"{directory}: not inside a DVC repository; run `git init && dvc init` at the project's root"
        raise RepositoryError(message)

    @cached_property
    def _dvc(self) -> Repo:
        from dvc.repo import Repo

        with dvc_call():
            return Repo(str(self.root))

    @cached_property
    def _objects(self) -> Objects:
        return Objects(self._dvc, self.temporary, self._fetching)

    @property
    def temporary(self) -> Path:
        """A directory for what can be made again; git and DVC pass it over."""
        directory = self.root / ".dvc" / "tmp" / "provenance"
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def relative(self, path: str | os.PathLike[str]) -> str:
        """``path``, absolute or from the working directory, as a path from the DVC root with forward slashes."""
        return self._inside(Path.cwd(), path)

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
        return commits.committed_text(self.root, self._resolve(rev), MODELS_FILE) is not None

    def revocations(self) -> Revocations:
        """provenance.revocations.yaml of the workspace, which counts at every revision; none where it is not there."""
        from provenance.revocations import Revocations

        return self._document(REVOCATIONS_FILE, Revocations, None)

    def git_user(self) -> str | None:
        """Who commits here, as git names people: NAME <EMAIL>; None where git does not know."""
        return commits.user(self.root) if self._has_git() else None

    def datasets(self, rev: str | None = None) -> list[Dataset]:
        """Every dataset that DVC tracks, sorted by path.

        A dataset is an out (of a stage, added or imported) whose file name says so, and that is neither a sidecar nor a
        metric or plot. JSON and tar files and directories, which are mostly other things, only count with a sidecar.
        What is in the workspace is hashed if DVC does not know its hash yet.
        """
        from provenance.lineage.sidecar import may_have_sidecar, sidecar_path

        tracked = self._tracked(rev)
        datasets = []
        for path, file in sorted(tracked.items()):
            sidecar = sidecar_path(path)
            known = sidecar in tracked or (rev is None and (self.root / sidecar).is_file())
            if known:
                # What is not made yet may become a directory.
                fits = file.md5 is None or file.is_directory or (self.root / path).is_dir() or may_have_sidecar(path)
            else:
                fits = may_have_sidecar(path) and not path.lower().endswith(_MOSTLY_OTHER_THINGS)
            if fits and not file.result:
                dataset = Dataset(path, file.md5, file.size, file.stage, sidecar if known else None)
                datasets.append(self._as_it_is_now(dataset) if rev is None else dataset)
        return datasets

    def pointers(self, rev: str | None = None) -> dict[str, str]:
        """For each dataset, the file in git that stands for it (a .dvc file or dvc.yaml), from the root of git."""
        return {dataset.path: self.in_git(pointer_file(dataset.path, dataset.stage)) for dataset in self.datasets(rev)}

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
        listed = self._git.commits(references.values() if rev is None else [self._resolve(rev)])
        changes = read_changes(self._git, self.temporary, listed, self._tracked)
        return History(listed, changes, references)

    def data_file(self, path: str | os.PathLike[str], rev: str | None = None) -> Path | None:
        """A local file to read (never to change) with the content of ``path``; None where there is none to be had.

        In the workspace, that is the file itself. Else it is the object in DVC's cache, which is fetched from the
        remote, or from the repository it was imported from, if need be; or a copy of what git has. Those have no file
        name extension. Of a directory that is not in the workspace, see `directory_files`.
        """
        name = self._inside(self.root, path)
        if rev is None and (self.root / name).exists():
            return self.root / name
        tracked = self._tracked(rev).get(name)
        if tracked is not None and tracked.is_directory:
            return None
        if tracked is not None and tracked.cached:
            return self._objects.file(tracked)
        if rev is None:
            return None
        return commits.committed_file(self.root, self._resolve(rev), name, self.temporary / "committed")

    def directory_files(self, path: str | os.PathLike[str], rev: str | None = None) -> dict[str, Path] | None:
        """The files, to read and never to change, of the directory that DVC tracks at ``path``, by their paths in it.

        They are objects in DVC's cache, fetched if need be; None where they are not to be had.
        """
        tracked = self._tracked(rev).get(self._inside(self.root, path))
        return self._objects.files(tracked) if tracked is not None and tracked.is_directory else None

    def file_ids(self, path: str | os.PathLike[str], rev: str | None = None) -> FileIds:
        """The remembered sample ids of the files of the directory at ``path``, which DVC's hashes of them find."""
        from provenance.identity import FileIds

        return FileIds(self.temporary, lambda: self._file_md5s(path, rev))

    def file_once_at(self, path: str, md5: str, rev: str | None) -> Path | None:
        """A local file to read (never to change) with the content that ``path`` had when DVC's hash of it was ``md5``.

        ``rev``: a commit that has it so, if one is known; it may be gone. None where it is not to be had.
        """
        try:
            commit = self._resolve(rev) if rev else None
        except RepositoryError:
            commit = None
        if commit is not None and self.recorded_md5(path, commit) == md5:
            return self.data_file(path, commit)
        return self._objects.file(TrackedFile(path, md5, None, "md5", None, None, True, False, None))

    def sidecar_file(self, path: str | os.PathLike[str], rev: str | None = None) -> Path | None:
        """As `data_file`, for the sidecar of the dataset ``path``."""
        from provenance.lineage.sidecar import sidecar_path

        return self.data_file(sidecar_path(os.fspath(path)), rev)

    def sidecar_of(self, version: Version) -> Path | None:
        """As `sidecar_file`, for a version of a dataset: sooner, where the sidecar is in DVC's cache."""
        if version.sidecar is not None and version.sidecar.hash_name != IN_GIT:
            here = self._objects.cached(version.sidecar.md5, version.sidecar.hash_name)
            if here is not None:
                return here
        return self.sidecar_file(version.path, version.commit.sha)

    def has_revision(self, name: str) -> bool:
        """Whether ``name`` is a revision."""
        try:
            return bool(self._resolve(name))
        except RepositoryError:
            return False

    @property
    def fetches(self) -> bool:
        """Whether what is not on this machine is fetched."""
        return self._fetching is not None

    def sidecar_digest(self, path: str | os.PathLike[str], rev: str | None = None) -> str:
        """What finds again the content of the sidecar of the dataset ``path``: DVC's hash of it, or git's.

        Raises:
            RepositoryError: it is nowhere.
        """
        from provenance.lineage.sidecar import sidecar_path

        name = self._inside(self.root, sidecar_path(os.fspath(path)))
        if rev is None and (self.root / name).exists():
            return self.md5(name)[0]
        tracked = self._tracked(rev).get(name)
        if tracked is not None and tracked.md5 is not None:
            return tracked.md5
        committed = self.sidecar_file(path, rev)
        if committed is None:
            raise RepositoryError(f"{name}: not on this machine; fetch it with `dvc pull {name}`")
        # A copy of what git has is named by git's hash.
        return committed.name

    def md5(self, path: str | os.PathLike[str]) -> tuple[str, int]:
        """DVC's hash (of a directory: with ``.dir``) and the size in bytes of what is at ``path`` in the workspace.

        DVC keeps it, so that neither it nor we hash the same content again.

        Raises:
            RepositoryError: nothing is there.
        """
        meta, built = self._built(path)
        return str(built.hash_info.value), int(meta.size or 0)

    def recorded_md5(self, path: str | os.PathLike[str], rev: str) -> str | None:
        """DVC's hash of the file or directory that revision ``rev`` has at ``path``, computed for a file that git
        tracks; None where there is none, or none was recorded."""
        name = self._inside(self.root, path)
        tracked = self._tracked(rev).get(name)
        if tracked is not None:
            return tracked.md5
        file = self.data_file(name, rev)
        if file is None:
            return None
        with open(file, "rb") as handle:
            return hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()

    def commit(self, rev: str) -> str:
        """The id of the commit that ``rev`` is."""
        return self._resolve(rev)

    def recorded_hashes(self) -> dict[str, str]:
        """DVC's hash of every out in the workspace, as .dvc files and dvc.lock record it."""
        return {path: tracked.md5 for path, tracked in self._tracked(None).items() if tracked.md5 is not None}

    def git_state(self) -> GitState:
        """The commit that is checked out (None before the first) and whether tracked files differ from it.

        Both are None where DVC works without git.
        """
        from provenance.lineage.records import GitState

        return commits.git_state(self.root) if self._has_git() else GitState(head=None, dirty=None)

    def current_stage(self) -> Stage | None:
        """The stage that this process runs in; None outside a stage of this repository.

        Raises:
            RepositoryError: more than one stage fits what DVC says of it.
        """
        with dvc_call():
            return running_stage(self._dvc, self._hash_if_there)

    def is_in_git(self, path: str | os.PathLike[str]) -> bool:
        """Whether git tracks the file at ``path``; DVC then does not."""
        if not self._has_git():
            return False
        with dvc_call():
            return bool(self._dvc.scm.is_tracked(str(self.root / self._inside(self.root, path))))

    def add(self, paths: Iterable[str | os.PathLike[str]]) -> None:
        """Track files with DVC, each with its own .dvc file, as `dvc add` does."""
        targets = [str(self.root / self._inside(self.root, path)) for path in paths]
        with dvc_call():
            self._dvc.add(targets)

    def _document(self, file: str, model: type[Model], rev: str | None) -> Model:
        from provenance.documents import load_tracked, parse_tracked

        if rev is None:
            return load_tracked(self.root / file, model)
        text = commits.committed_text(self.root, self._resolve(rev), file)
        return model() if text is None else parse_tracked(text, f"{rev}:{file}", model)

    def _inside(self, base: Path, path: str | os.PathLike[str]) -> str:
        if any("\ud800" <= character <= "\udfff" for character in os.fspath(path)):
            # Python's stand-ins for bytes that are not UTF-8.
            raise RepositoryError(f"{os.fspath(path)!r}: not valid UTF-8, so that DVC cannot track it; rename the file")
        # Only the directory is resolved: the file itself may be DVC's link into its cache.
        try:
            joined = Path(os.path.normpath(base / path))
            return (joined.parent.resolve() / joined.name).relative_to(self.root).as_posix()
        except (ValueError, OSError) as error:
            raise RepositoryError(f"{os.fspath(path)}: not inside the DVC repository {self.root}") from error

    def _has_git(self) -> bool:
        from dvc.scm import NoSCM

        with dvc_call():
            return not isinstance(self._dvc.scm, NoSCM)

    def _resolve(self, rev: str) -> str:
        sha = self._git.commit_id(rev) if rev else None
        return sha or self._resolve_by_dvc(rev)

    def _resolve_by_dvc(self, rev: str) -> str:
        """As `_resolve`, of names that git does not know, such as those of experiments."""
        from dvc.scm import RevError, resolve_rev

        if not self._has_git():
            raise RepositoryError(f"{rev}: there are no revisions here: this DVC repository works without git")
        with dvc_call():
            try:
                sha = commits.commit_id(self.root, resolve_rev(self._dvc.scm, rev)) if rev else None
            except RevError:
                sha = None
        if sha is None:
            raise RepositoryError(f"{rev!r}: no such git revision; `git log` and `dvc exp show` list them")
        return sha

    def _tracked(self, rev: str | None) -> dict[str, TrackedFile]:
        if rev is None:
            with dvc_call():
                return tracked_files(self._dvc)
        sha = self._resolve(rev)
        return self._revisions.tracked(sha, lambda: self._tracked_by_dvc(sha, rev))

    def _tracked_by_dvc(self, commit: str, named: str) -> dict[str, TrackedFile]:
        from dvc.exceptions import NotDvcRepoError

        with dvc_call(named):
            try:
                with self._dvc.switch(commit):
                    return tracked_files(self._dvc)
            except NotDvcRepoError:
                # A commit from before the DVC repository was made.
                return {}

    def _built(self, path: str | os.PathLike[str]) -> tuple[Meta, HashFile]:
        """What DVC knows of what is at ``path`` in the workspace: of a directory, a tree of its files."""
        from dvc_data.hashfile.build import build

        name = self._inside(self.root, path)
        if not (self.root / name).exists():
            raise RepositoryError(f"{name}: no such file; restore it with `dvc checkout` or `dvc pull`")
        with dvc_call():
            repo = self._dvc
            place = str(self.root / name)
            _, meta, built = build(repo.cache.repo, place, repo.fs, "md5", ignore=repo.dvcignore, dry_run=True)
        return meta, built

    def _file_md5s(self, path: str | os.PathLike[str], rev: str | None) -> dict[str, str]:
        from dvc_data.hashfile.tree import Tree

        name = self._inside(self.root, path)
        if rev is None and (self.root / name).is_dir():
            _, tree = self._built(path)
            assert isinstance(tree, Tree)
            return {"/".join(key): str(hash_info.value) for key, _, hash_info in tree}
        tracked = self._tracked(rev).get(name)
        return self._objects.md5s(tracked) if tracked is not None and tracked.is_directory else {}

    def _hash_if_there(self, path: str) -> str | None:
        return self.md5(path)[0] if (self.root / path).exists() else None

    def _as_it_is_now(self, dataset: Dataset) -> Dataset:
        if not (self.root / dataset.path).exists():
            return dataset
        md5, size = self.md5(dataset.path)
        return replace(dataset, md5=md5, size=size)
