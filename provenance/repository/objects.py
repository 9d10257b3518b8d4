"""The content of what DVC tracks: objects in its cache, fetched from where they are if they are not here."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import RepositoryError
from provenance.file_digests import md5_of
from provenance.repository.calls import Fetching, dvc_call
from provenance.repository.kept_copies import KeptCopies
from provenance.repository.manifests import read_manifest
from provenance.repository.read_hashes import ReadHashes
from provenance.repository.sources import source_files
from provenance.repository.stored_objects import StoredObjects

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc_data.hashfile.db import HashFileDB
    from dvc_data.hashfile.tree import Tree

    from provenance.repository.tracked import TrackedFile


class Objects:
    """The objects of the repository at ``root``.

    ``dvc`` opens DVC, which takes its time. ``imported``: copies of what was imported, by its recorded hash.
    ``fetching`` is called before each fetch; None rules them out.
    """

    def __init__(
        self,
        root: Path,
        dvc: Callable[[], Repo],
        imported: KeptCopies,
        read_hashes: ReadHashes,
        fetching: Fetching | None,
    ) -> None:
        self._root = root
        self._usual_cache = root / ".dvc" / "cache" / "files" / "md5"
        self._dvc = dvc
        self._imported = imported
        self._read_hashes = read_hashes
        self._fetching = fetching
        self._stored = None if fetching is None else StoredObjects(dvc)

    def file(self, tracked: TrackedFile, rev: str | None = None, *, in_place: bool = False) -> Path | None:
        """The file with what was recorded for ``tracked`` (of a directory: DVC's list of its files); None: nowhere.

        ``rev``: a commit that has it so; None: the workspace has. ``in_place``: what is not on this machine, but on
        object storage, is read there.
        """
        if tracked.md5 is None:
            return None
        file = self.cached(tracked.md5, tracked.hash_name)
        if file is not None:
            return file
        if tracked.source is not None and not tracked.is_directory:
            return self._download(tracked)
        if in_place and self._stored is not None and (stored := self._stored.file(tracked)) is not None:
            return stored
        self._pull(tracked, rev)
        return self.cached(tracked.md5, tracked.hash_name)

    def cached(self, md5: str, hash_name: str) -> Path | None:
        """The object of this hash, if it is in DVC's cache."""
        # Looked for first where the cache is if it was not moved: what is there was put there by DVC in any case.
        usual = self._usual_cache / md5[:2] / md5[2:]
        if hash_name == "md5" and usual.is_file():
            return usual
        file = Path(self._cache(hash_name).oid_to_path(md5))
        return file if file.is_file() else None

    def files(self, tracked: TrackedFile, rev: str | None = None, *, in_place: bool = False) -> dict[str, Path] | None:
        """The files of the directory ``tracked``, by their paths in it; None where one of them is nowhere.

        ``rev``, ``in_place``: as in `file`.
        """
        cache = self._cache(tracked.hash_name)
        manifest = self.file(tracked, rev, in_place=in_place)
        if manifest is None:
            return None
        md5s = read_manifest(manifest)
        files = {name: Path(cache.oid_to_path(md5)) for name, md5 in md5s.items()}
        if absent := {name: md5s[name] for name, file in files.items() if not file.is_file()}:
            if in_place and self._stored is not None and (stored := self._stored.files(tracked, absent)) is not None:
                return files | stored
            # Each is named: of a directory's hash alone, DVC fetches the list of its files and nothing else.
            self._pull(tracked, rev, sorted({*absent.values()}))
        return files if all(file.is_file() for file in files.values()) else None

    def md5s(self, tracked: TrackedFile, *, in_place: bool = False) -> dict[str, str]:
        """The MD5 of each file of the directory ``tracked``, by its path in it; empty where DVC does not say.

        ``in_place``: as in `file`.
        """
        # DVC's old hash, of text whatever its line ends, does not stand for a file's bytes.
        manifest = self.file(tracked, in_place=in_place) if tracked.hash_name == "md5" else None
        return {} if manifest is None else read_manifest(manifest)

    def content_md5(self, tracked: TrackedFile) -> str | None:
        """The MD5 that DVC 3 gives to what was recorded for ``tracked``; None where that content is nowhere.

        What DVC 2 tracked has its old hash, which does not tell line ends apart: then the content is read.
        """
        if not tracked.is_legacy:
            return tracked.md5
        if not tracked.is_directory:
            file = self.file(tracked)
            return None if file is None else self._read_hashes.md5(file)
        files = self.files(tracked)
        return (
            None if files is None else md5_of_directory({name: self._read_hashes.md5(f) for name, f in files.items()})
        )

    def _cache(self, hash_name: str) -> HashFileDB:
        from dvc.cachemgr import LEGACY_HASH_NAMES

        # Not asked of DVC at the revision: there it misreads a cache or remote that is configured by relative path.
        caches = self._dvc().cache
        cache: HashFileDB = caches.legacy if hash_name in LEGACY_HASH_NAMES else caches.repo
        return cache

    def _pull(self, tracked: TrackedFile, rev: str | None, md5s: Sequence[str | None] = ()) -> None:
        """Fetch the objects ``md5s`` of ``tracked``; none named: the one that was recorded for it."""
        from dvc.config import NoRemoteError, RemoteConfigError
        from dvc_data.hashfile.hash_info import HashInfo

        if self._fetching is None:
            return
        named = md5s or [tracked.md5]
        self._fetching(tracked.path)
        with dvc_call():
            try:
                wanted = [HashInfo(tracked.hash_name, md5) for md5 in named]
                self._dvc().cloud.pull(wanted, remote=tracked.remote)
            except NoRemoteError:
                # Without a remote it is simply not available.
                return
            except RemoteConfigError:
                self._fetch_version(tracked, rev)

    def _fetch_version(self, tracked: TrackedFile, rev: str | None) -> None:
        """Fetch all of ``tracked`` from a remote that keeps files by name and version, as DVC recorded them at ``rev``.

        Such a remote cannot be asked for a hash.
        """
        from dvc.exceptions import DownloadError

        with contextlib.chdir(self._root), contextlib.suppress(DownloadError):
            self._dvc().fetch([tracked.path], remote=tracked.remote, revs=[rev] if rev else None, workspace=rev is None)

    def _download(self, tracked: TrackedFile) -> Path | None:
        """The imported file from the repository, at the revision, that it was imported from."""
        source, md5 = tracked.source, tracked.md5
        assert source is not None and md5 is not None
        kept = self._imported.find(md5)
        if kept is not None or self._fetching is None:
            return kept
        self._fetching(tracked.path)

        def download(file: Path) -> None:
            with dvc_call():
                source_files(self._dvc(), source.repo).get_file(source.path, str(file))
            if not tracked.is_legacy and md5_of(file) != md5:
                raise RepositoryError(f"{tracked.path}: its source has other data at that commit than was imported")

        return self._imported.keep(md5, download)


def file_md5s(folder: Path, md5: Callable[[Path], str] = md5_of) -> dict[str, str]:
    """The MD5 of each file of ``folder``, by its path in it."""
    files = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return {file.relative_to(folder).as_posix(): md5(file) for file in files}


def md5_of_directory(md5s: Mapping[str, str]) -> str:
    """DVC's hash of a directory, from the MD5 of each of its files."""
    return str(tree_of(md5s).oid)


def tree_of(md5s: Mapping[str, str]) -> Tree:
    """DVC's object of a directory, from the MD5 of each of its files."""
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.tree import Tree

    tree = Tree()  # type: ignore[no-untyped-call]
    for name, md5 in md5s.items():
        tree.add(tuple(name.split("/")), None, HashInfo("md5", md5))
    tree.digest()
    return tree
