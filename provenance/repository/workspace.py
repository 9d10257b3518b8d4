"""What is in the workspace, as DVC hashes it: DVC keeps the hashes, so that neither it nor we hash again."""

from __future__ import annotations

import copy
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import RepositoryError
from provenance.repository.calls import dvc_call
from provenance.repository.tracked import Dataset

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc_data.hashfile.meta import Meta
    from dvc_data.hashfile.obj import HashFile


class Workspace:
    """The files under ``root``, named from there; ``dvc`` opens DVC."""

    def __init__(self, root: Path, dvc: Callable[[], Repo]) -> None:
        self._root = root
        self._dvc = dvc

    def md5(self, name: str, *, anew: bool = False) -> tuple[str, int]:
        """DVC's hash and the size in bytes of what is at ``name``.

        ``anew``: every file is read, also where DVC remembers one of the same size and time of change.

        Raises:
            RepositoryError: nothing is there.
        """
        meta, built = self._built(name, anew=anew)
        return str(built.hash_info.value), int(meta.size or 0)

    def believe_md5(self, name: str, md5: str, before: os.stat_result) -> None:
        """Have DVC keep the hash of the file at ``name``, unless its state is not what it was ``before`` any more."""
        from dvc_data.hashfile.hash_info import HashInfo

        place = str(self._root / name)
        with dvc_call():
            repo = self._dvc()
            info = repo.fs.info(place)
            if (info["ino"], info["mtime"], info["size"]) == (before.st_ino, before.st_mtime, before.st_size):
                repo.state.save(place, repo.fs, HashInfo("md5", md5), info)

    def add(self, names: Sequence[str]) -> None:
        """Track the files and directories at ``names``, each with its own .dvc file, as `dvc add` does."""
        targets = [str(self._root / name) for name in names]
        with dvc_call():
            repo = self._dvc()
            with _copies_left_alone(repo) if all(map(_is_copy, targets)) else nullcontext():
                repo.add(targets)

    def md5_if_there(self, name: str) -> str | None:
        """As `md5`; None where nothing is there."""
        return self.md5(name)[0] if (self._root / name).exists() else None

    def file_md5s(self, name: str) -> dict[str, str]:
        """DVC's hash of each file of the directory at ``name``, by its path in it."""
        from dvc_data.hashfile.tree import Tree

        _, tree = self._built(name)
        assert isinstance(tree, Tree)
        return {"/".join(key): str(hash_info.value) for key, _, hash_info in tree}

    def as_it_is_now(self, dataset: Dataset) -> Dataset:
        """``dataset`` with the hash and size of what is there, if something is."""
        if not (self._root / dataset.path).exists():
            return dataset
        md5, size = self.md5(dataset.path)
        return replace(dataset, md5=md5, size=size, is_legacy=False)

    def _built(self, name: str, *, anew: bool = False) -> tuple[Meta, HashFile]:
        """What DVC knows of what is at ``name``: of a directory, a tree of its files."""
        from dvc_data.hashfile.build import build
        from dvc_data.hashfile.state import StateNoop

        if not (self._root / name).exists():
            raise RepositoryError(f"{name}: no such file; restore it with `dvc checkout` or `dvc pull`")
        with dvc_call():
            repo = self._dvc()
            place = str(self._root / name)
            cache = repo.cache.repo
            if anew:
                cache = copy.copy(cache)
                cache.state = StateNoop()
            _, meta, built = build(cache, place, repo.fs, "md5", ignore=repo.dvcignore, dry_run=True)
        return meta, built


def _is_copy(place: str) -> bool:
    """Whether a file is there that shares its content with no other by a link."""
    try:
        state = os.lstat(place)
    except FileNotFoundError:
        return False  # what DVC says of it is the error
    return stat.S_ISREG(state.st_mode) and state.st_nlink == 1


@contextmanager
def _copies_left_alone(repo: Repo) -> Iterator[None]:
    """Meanwhile, DVC leaves files that are copies where they are, if copies (or reflinks) are what it would put there.

    By default it would first try reflinks. That is done when content goes into the cache, so it would be for nothing
    to replace a file of the workspace by another copy of what is in the cache: as long as it takes to copy all of it.
    """
    cache = repo.cache.repo
    types = cache.cache_types
    if {"reflink", "copy"}.issuperset(types):
        cache.cache_types = ["copy"]
    try:
        yield
    finally:
        cache.cache_types = types
