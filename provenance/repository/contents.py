"""The content of what DVC tracks, here or at a revision: local files to read, and what finds them again."""

from __future__ import annotations

import errno
import os
import shlex
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import RepositoryError, SidecarError
from provenance.file_digests import md5_of
from provenance.files import folder_of_process
from provenance.repository.calls import Fetching, dvc_call
from provenance.repository.changes import IN_GIT
from provenance.repository.git import Git
from provenance.repository.kept_copies import KeptCopies
from provenance.repository.objects import Objects, file_md5s, md5_of_directory
from provenance.repository.paths import from_root, require_no_address
from provenance.repository.read_hashes import ReadHashes
from provenance.repository.sources import SourceSidecars
from provenance.repository.tracked import TrackedFile
from provenance.repository.tracking import Tracking
from provenance.repository.workspace import Workspace
from provenance.stored import FolderElsewhere, StoredFile

if TYPE_CHECKING:
    from dvc.repo import Repo

    from provenance.identity import FileIds
    from provenance.repository.history import Version


class Contents:
    """What a `Repository` is for those who read: see there."""

    def __init__(self, root: Path, fetching: Fetching | None) -> None:
        self.root = root
        self._fetching = fetching
        self._to_come: dict[str, Path] = {}
        self._git = Git(root)
        self._tracking = Tracking(root, self._git, self.temporary, lambda: self._dvc)
        self._workspace = Workspace(root, lambda: self._dvc)

    @cached_property
    def _dvc(self) -> Repo:
        from dvc.repo import Repo

        with dvc_call():
            return Repo(str(self.root))

    @cached_property
    def _objects(self) -> Objects:
        kept = KeptCopies(self.temporary / "imported", self._read_hashes)
        return Objects(self.root, lambda: self._dvc, kept, self._read_hashes, self._fetching)

    @cached_property
    def _source_sidecars(self) -> SourceSidecars:
        kept = KeptCopies(self.temporary / "sources", self._read_hashes)
        return SourceSidecars(kept, lambda: self._dvc, self._fetching)

    @property
    def temporary(self) -> Path:
        """A directory for what can be made again; git and DVC pass it over.

        Where nothing can be written in the repository, it is one that ends with this process: nothing is remembered.
        """
        return self._temporary

    @cached_property
    def _temporary(self) -> Path:
        directory = self.root / ".dvc" / "tmp" / "provenance"
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
                raise
        return directory if os.access(directory, os.W_OK) else folder_of_process()

    def relative(self, path: str | os.PathLike[str]) -> str:
        """``path``, absolute or from the working directory, as a path from the DVC root with forward slashes.

        Raises:
            RepositoryError: it is outside the repository, or an address, such as ``s3://bucket/data.jsonl``.
        """
        require_no_address(path)
        return self._inside(Path.cwd(), path)

    @property
    def fetches(self) -> bool:
        """Whether what is not on this machine is fetched."""
        return self._fetching is not None

    def data_file(self, path: str | os.PathLike[str], rev: str | None = None, *, in_place: bool = False) -> Path | None:
        """A local file to read (never to change) with the content of ``path``; None where there is none to be had.

        In the workspace, that is the file itself. Else it is the object in DVC's cache, which is fetched from the
        remote, or from the repository it was imported from, if need be; or a copy of what git has. Those have no file
        name extension. Of a directory that is not in the workspace, see `directory_files`.

        ``in_place``: what is not on this machine, but on object storage, is not fetched: it is a `StoredFile`.
        """
        name = self._inside(self.root, path)
        if rev is None and (self.root / name).exists():
            return self.root / name
        tracked = self._tracking.files(rev).get(name)
        if tracked is not None and tracked.is_directory:
            return None
        if tracked is not None and tracked.cached:
            return self._objects.file(tracked, rev, in_place=in_place)
        if rev is None:
            return None
        blob = self._git.file(self._tracking.commit(rev), name)
        return None if blob is None else self._copy_of(blob)

    def directory_files(
        self, path: str | os.PathLike[str], rev: str | None = None, *, in_place: bool = False
    ) -> dict[str, Path] | None:
        """The files, to read and never to change, of the directory that DVC tracks at ``path``, by their paths in it.

        They are objects in DVC's cache, fetched if need be; None where they are not available. ``in_place``: as in
        `data_file`.
        """
        tracked = self._tracking.files(rev).get(self._inside(self.root, path))
        if tracked is None or not tracked.is_directory:
            return None
        return self._objects.files(tracked, rev, in_place=in_place)

    def file_ids(self, path: str | os.PathLike[str], rev: str | None = None) -> FileIds:
        """The remembered sample ids of the files of the directory at ``path``, which DVC's hashes of them find."""
        from provenance.identity import FileIds

        return FileIds(self.temporary, lambda: self._file_md5s(path, rev))

    def file_once_at(self, path: str, md5: str, rev: str | None) -> Path | None:
        """A file to read (never to change), in place, with what ``path`` had when DVC's hash of it was ``md5``.

        ``rev``: a commit that has it so, if one is known; it may be gone. None where there is no such file.
        """
        try:
            commit = self._tracking.commit(rev) if rev else None
        except RepositoryError:
            commit = None
        tracked = TrackedFile(path, md5, None, "md5", None, None, True, False, None)
        if tracked.is_directory:
            return self._folder_of(tracked, commit)
        if commit is not None and self.recorded_md5(path, commit) == md5:
            return self.data_file(path, commit, in_place=True)
        return self._objects.file(tracked, in_place=True)

    def sidecar_file(self, path: str | os.PathLike[str], rev: str | None = None) -> Path | None:
        """As `data_file`, for the sidecar of the dataset ``path``, which is read in place.

        Where the dataset was imported without one, it is that of its source, kept under `temporary`.

        Raises:
            RepositoryError: it may be at the source, which cannot be asked.
            SidecarError: the copy in DVC's cache is damaged.
        """
        from provenance.identity.names import sidecar_path

        name = self._inside(self.root, sidecar_path(os.fspath(path)))
        if rev is None and name in self._to_come:
            return self._to_come[name]
        if rev is None and (self.root / name).exists():
            return self.root / name
        tracked = self._tracking.files(rev)
        recorded = tracked.get(name)
        if recorded is not None and recorded.is_directory:
            return self._folder_of(recorded, rev)
        file = self.data_file(name, rev, in_place=True)
        if file is not None:
            return file if recorded is None else self._whole(file, name, recorded.md5, recorded.hash_name)
        dataset = tracked.get(self._inside(self.root, path))
        if dataset is None or dataset.source is None or name in tracked:
            return None
        return self._source_sidecars.file(dataset.source, dataset.path)

    def _may_be_known(self, imported: TrackedFile) -> bool:
        """Whether the source of what was ``imported`` has a sidecar of it, or cannot be asked."""
        try:
            return imported.source is None or self._source_sidecars.file(imported.source, imported.path) is not None
        except RepositoryError:
            return True

    def expect_sidecar(self, path: str, file: Path) -> None:
        """From now on, take ``file`` for the workspace's sidecar of the dataset ``path``, which it becomes later."""
        from provenance.identity.names import sidecar_path

        self._to_come[sidecar_path(path)] = file

    def sidecar_of(self, version: Version) -> Path | None:
        """As `sidecar_file`, for a version of a dataset: sooner, where the sidecar is in DVC's cache."""
        if version.sidecar is not None and version.sidecar.hash_name != IN_GIT:
            md5, hash_name = version.sidecar.md5, version.sidecar.hash_name
            here = self._objects.cached(md5, hash_name)
            if here is not None:
                tracked = TrackedFile(version.path, md5, None, hash_name, None, None, True, False, None)
                if tracked.is_directory:
                    return self._folder_of(tracked, version.commit.sha)
                return self._whole(here, version.path, md5, hash_name)
        return self.sidecar_file(version.path, version.commit.sha)

    def sidecar_digest(self, path: str | os.PathLike[str], rev: str | None = None) -> str:
        """What finds again the content of the sidecar of the dataset ``path``: DVC's hash of it, or its MD5.

        Raises:
            RepositoryError: it is nowhere.
        """
        from provenance.identity.names import sidecar_path

        name = self._inside(self.root, sidecar_path(os.fspath(path)))
        if rev is None and (self.root / name).exists():
            return self._digest_of(self.root / name)
        tracked = self._tracking.files(rev).get(name)
        if tracked is not None and tracked.md5 is not None:
            return tracked.md5
        copy = self.sidecar_file(path, rev)
        if copy is None:
            raise RepositoryError(f"{name}: not on this machine; fetch it with `dvc pull {shlex.quote(name)}`")
        return self._digest_of(copy)

    def _digest_of(self, sidecar: Path) -> str:
        """DVC's hash of a sidecar that is here, a file or a folder."""
        if not sidecar.is_dir():
            return self._read_hashes.md5(sidecar)
        if isinstance(sidecar, FolderElsewhere):
            return md5_of_directory({name: self._read_hashes.md5(file) for name, file in sidecar.files.items()})
        return md5_of_directory(file_md5s(sidecar, self._read_hashes.md5))

    def _folder_of(self, tracked: TrackedFile, rev: str | None) -> Path | None:
        """A folder to read with what DVC recorded for the sidecar ``tracked``, a directory; None: there is none.

        Raises:
            SidecarError: the copy of a file in DVC's cache is damaged.
        """
        files = self._objects.files(tracked, rev, in_place=True)
        if files is None or tracked.md5 is None:
            return None
        for name, md5 in self._objects.md5s(tracked, in_place=True).items():
            self._whole(files[name], f"{tracked.path}/{name}", md5, tracked.hash_name)
        return FolderElsewhere(tracked.path if rev is None else f"{rev}:{tracked.path}", files)

    def _whole(self, file: Path, name: str, md5: str | None, hash_name: str) -> Path:
        """``file``, in which DVC's cache has what was recorded as ``md5`` of ``name``; an error where it is not that.

        A cache that is linked to the workspace is changed by whoever writes into a file there.
        """
        if isinstance(file, StoredFile):
            # To compare it would be to read all of it.
            return file
        if hash_name == "md5" and md5 is not None and self._read_hashes.md5(file) != md5:
            raise SidecarError(
                f"{name}: the copy of its sidecar in DVC's cache is damaged; remove {file}, then `dvc fetch` brings it "
                "from the remote"
            )
        return file

    @cached_property
    def _read_hashes(self) -> ReadHashes:
        return ReadHashes(self.temporary)

    def md5(self, path: str | os.PathLike[str], *, anew: bool = False) -> tuple[str, int]:
        """DVC's hash (of a directory: with ``.dir``) and the size in bytes of what is at ``path`` in the workspace.

        DVC keeps it, so that neither it nor we hash the same content again; with ``anew`` it is not asked what it
        keeps, and every file is read.

        Raises:
            RepositoryError: nothing is there.
        """
        return self._workspace.md5(self._inside(self.root, path), anew=anew)

    def believe_md5(self, path: str | os.PathLike[str], md5: str, before: os.stat_result) -> None:
        """Tell DVC the hash of the file at ``path``, which was read when its state was ``before``: it keeps it.

        Nothing is kept where the file's state is another by now.
        """
        self._workspace.believe_md5(self._inside(self.root, path), md5, before)

    def recorded_md5(self, path: str | os.PathLike[str], rev: str) -> str | None:
        """DVC's hash of the file or directory that revision ``rev`` has at ``path``; None where there is none, or none
        was recorded. It is computed for a file that git tracks, and for what DVC 2 tracked (None: unknown)."""
        name = self._inside(self.root, path)
        tracked = self._tracking.files(rev).get(name)
        if tracked is not None:
            return self._objects.content_md5(tracked)
        file = self.data_file(name, rev)
        if file is None:
            return None
        return md5_of(file)

    def is_as_recorded(self, path: str | os.PathLike[str]) -> bool:
        """Whether what is at ``path`` in the workspace is, as far as can be known, what DVC has recorded of it."""
        tracked = self._tracking.files(None).get(self._inside(self.root, path))
        recorded = None if tracked is None else self._objects.content_md5(tracked)
        there = self.md5(path)[0]
        return recorded == there or (recorded is None and tracked is not None and tracked.is_legacy)

    def has_other_sidecar(self, path: str | os.PathLike[str]) -> bool:
        """Whether the sidecar of the dataset ``path`` in the workspace is not the one that DVC has recorded."""
        from provenance.identity.names import sidecar_path

        name = self._inside(self.root, sidecar_path(os.fspath(path)))
        if name in self._to_come or not (self.root / name).exists():
            return False
        return self.recorded_hashes().get(name) not in (None, self._digest_of(self.root / name))

    def recorded_hashes(self) -> dict[str, str]:
        """DVC's hash of every out in the workspace, as .dvc files and dvc.lock record it."""
        return {path: tracked.md5 for path, tracked in self._tracking.files(None).items() if tracked.md5 is not None}

    def has_in_cache(self, md5: str) -> bool:
        """Whether what has this DVC hash is in DVC's cache."""
        return self._objects.cached(md5, "md5") is not None

    def _copy_of(self, blob: str) -> Path:
        kept = KeptCopies(self.temporary / "committed", self._read_hashes)
        return kept.find(blob) or kept.keep(blob, lambda file: self._git.save(blob, file))

    def _file_md5s(self, path: str | os.PathLike[str], rev: str | None) -> dict[str, str]:
        name = self._inside(self.root, path)
        if rev is None and (self.root / name).is_dir():
            return self._workspace.file_md5s(name)
        tracked = self._tracking.files(rev).get(name)
        return self._objects.md5s(tracked) if tracked is not None and tracked.is_directory else {}

    def _inside(self, base: Path, path: str | os.PathLike[str]) -> str:
        return from_root(self.root, base, path)
