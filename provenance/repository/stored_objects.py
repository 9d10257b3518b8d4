"""Objects of DVC's remotes on object storage, read where they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import RepositoryError
from provenance.repository.calls import dvc_call
from provenance.stored import Storage, StoredFile

if TYPE_CHECKING:
    from dvc.data_cloud import Remote
    from dvc.repo import Repo
    from dvc_data.hashfile.db import HashFileDB

    from provenance.repository.tracked import TrackedFile

# Storage of which ranges are read as cheaply as wholes, as DVC calls it.
_OBJECT_STORAGE = frozenset({"s3", "gs", "azure", "oss"})


class StoredObjects:
    """Objects by their hashes, in the remotes of a repository; ``dvc`` opens DVC, which takes its time."""

    def __init__(self, dvc: Callable[[], Repo]) -> None:
        self._dvc = dvc
        self._known: dict[tuple[str | None, str], tuple[Storage, HashFileDB] | None] = {}

    def file(self, tracked: TrackedFile) -> StoredFile | None:
        """The object that was recorded for ``tracked``; None where its remote is not one to read in place.

        Raises:
            RepositoryError: the object is not there, or the remote cannot be asked.
        """
        assert tracked.md5 is not None
        found = self._in_remote(tracked, tracked.path, tracked.md5)
        if found is not None and not tracked.is_directory:
            # Of the list of a directory's files, all is read at once.
            found.state_size(found.size)
        return found

    def files(self, tracked: TrackedFile, md5s: Mapping[str, str]) -> dict[str, Path] | None:
        """The objects of the files of the directory ``tracked``, by the files' paths in it; not looked for yet."""
        found = {name: self._in_remote(tracked, f"{tracked.path}/{name}", md5) for name, md5 in md5s.items()}
        return {name: file for name, file in found.items() if file is not None} or None

    def _in_remote(self, tracked: TrackedFile, path: str, md5: str) -> StoredFile | None:
        place = tracked.remote, tracked.hash_name
        if place not in self._known:
            self._known[place] = self._opened(*place)
        remote = self._known[place]
        if remote is None:
            return None
        storage, objects = remote
        key = str(objects.oid_to_path(md5))
        return StoredFile(f"{path} ({storage.url(key)})", storage, key)

    def _opened(self, name: str | None, hash_name: str) -> tuple[Storage, HashFileDB] | None:
        from dvc.cachemgr import LEGACY_HASH_NAMES
        from dvc.config import NoRemoteError

        with dvc_call():
            try:
                remote = self._dvc().cloud.get_remote(name, "pull")
            except NoRemoteError:
                return None
            filesystem = remote.fs
            # One that keeps files by name and version cannot be asked for a hash.
            if filesystem.protocol not in _OBJECT_STORAGE or filesystem.version_aware or remote.worktree:
                return None
            objects = remote.legacy_odb if hash_name in LEGACY_HASH_NAMES else remote.odb
            return _storage(remote), objects


def _storage(remote: Remote) -> Storage:
    try:
        return Storage(str(remote.name), remote.fs.fs)
    except Exception as error:
        # Whatever the storage's own library raises; what it says may hold more than is to be shown.
        raise RepositoryError(
            f"the remote {remote.name} cannot be opened ({type(error).__name__}); check its configuration with `dvc "
            "config --list`"
        ) from error
