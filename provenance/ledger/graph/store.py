"""Folders of raw arrays: written in parts, made visible by a rename, memory-mapped, and thrown away when damaged.

Each array has a digest in the folder's description, which has one itself. Up to `_READ_EACH_TIME` bytes, a folder's
arrays are read and compared each time that it is opened. Larger ones are when a file's size, times, inode or device is
another than when they were last compared: so whatever was written to them is found, by whatever program, even where it
put the time of change back. What decays on a disk unseen by the operating system is found in the smaller ones only.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from provenance.cached import read_cached, write_cached, write_checked
from provenance.file_digests import stamp_of, xxh3_of
from provenance.files import Cleaned, held_folder, is_in_use, remove_folder

# Of the layout of segments and graphs; with another one they are built again.
VERSION = 6
_DESCRIPTION = "folder.json"
_COMPARED = "compared.json"
_UNFINISHED = ".building-"
_READ_EACH_TIME = 1 << 25

Array = NDArray[Any]


class Folder:
    """A finished folder: ``stated`` is what its maker said of it, ``array`` its arrays, mapped when first asked for."""

    def __init__(self, path: Path, description: dict[str, Any]) -> None:
        self.path = path
        self.stated: dict[str, Any] = description["stated"]
        self._arrays: dict[str, dict[str, Any]] = description["arrays"]
        self._mapped: dict[str, Array] = {}

    def array(self, name: str) -> Array:
        """The array ``name``, read-only; its pages are read as they are used."""
        if name not in self._mapped:
            about = self._arrays[name]
            shape = tuple(about["shape"])
            empty = 0 in shape
            self._mapped[name] = (
                np.empty(shape, about["dtype"])
                if empty
                else np.memmap(self.path / name, dtype=about["dtype"], mode="r", shape=shape).view(np.ndarray)
            )
        return self._mapped[name]

    @property
    def bytes(self) -> int:
        """Size on disk."""
        return sum(int(about["size"]) for about in self._arrays.values())


class Draft:
    """A folder that is being written: arrays grow by `append`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stated: dict[str, Any] = {}
        self._files: dict[str, BinaryIO] = {}
        self._shapes: dict[str, tuple[np.dtype[Any], list[int]]] = {}

    def append(self, name: str, values: Array) -> None:
        """Add ``values`` to the end of array ``name``, whose type and further dimensions the first call settles."""
        if name not in self._files:
            self._files[name] = open(self.path / name, "wb")  # noqa: SIM115 - open until the draft is finished
            self._shapes[name] = (values.dtype, [0, *values.shape[1:]])
        dtype, shape = self._shapes[name]
        self._files[name].write(np.ascontiguousarray(values, dtype).data)
        shape[0] += len(values)

    def mapped(self, name: str) -> Array:
        """What was appended to ``name`` so far, for reading and writing in place."""
        self._files[name].flush()
        dtype, shape = self._shapes[name]
        if 0 in shape:
            return np.empty(shape, dtype)
        return np.memmap(self.path / name, dtype=dtype, mode="r+", shape=tuple(shape)).view(np.ndarray)

    def drop(self, name: str) -> None:
        """Remove an array that was only needed on the way."""
        self._files.pop(name).close()
        del self._shapes[name]
        (self.path / name).unlink()

    def finish(self) -> dict[str, Any]:
        """Write the description of the arrays, with what tells later that none was changed; the description."""
        arrays = {}
        for name, file in self._files.items():
            file.close()
            dtype, shape = self._shapes[name]
            about = {"dtype": dtype.str, "shape": shape, "digest": xxh3_of(self.path / name)}
            arrays[name] = about | {"size": (self.path / name).stat().st_size}
        description = {"stated": self.stated, "arrays": arrays}
        write_checked(self.path / _DESCRIPTION, VERSION, description)
        write_cached(self.path / _COMPARED, VERSION, _stamps(self.path, arrays))
        return description

    def abandon(self) -> None:
        """Close and remove everything."""
        for file in self._files.values():
            file.close()
        shutil.rmtree(self.path, ignore_errors=True)


class Store:
    """All folders under ``directory``, each found by its name."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def find(self, name: str) -> Folder | None:
        """The folder ``name``; None where there is none that is whole, undamaged and of this version."""
        path = self.directory / name
        looked_at = _inode(path)
        if looked_at is None:
            return None
        description = read_cached(path / _DESCRIPTION, VERSION)
        with suppress(OSError):
            if description is not None and _is_whole(path, description["arrays"]):
                return Folder(path, description)
        # A folder that is of no use must not stand in the way of the one that is built anew; nor must that one go,
        # where another process has built it by now.
        if _inode(path) == looked_at:
            shutil.rmtree(path, ignore_errors=True)
        return None

    def is_as_written(self, name: str) -> bool | None:
        """Whether all arrays of the folder ``name`` have the content that was written; None: no such folder. Reads all.

        A folder that is not stays: `find` leaves aside what it notices itself.
        """
        path = self.directory / name
        description = read_cached(path / _DESCRIPTION, VERSION)
        if description is None:
            return None
        try:
            return all(xxh3_of(path / name) == about["digest"] for name, about in description["arrays"].items())
        except OSError:
            return False

    @contextmanager
    def draft(self, name: str) -> Iterator[Draft]:
        """A draft that becomes the folder ``name`` when the block ends well, and nothing when it does not."""
        self._remove_unfinished()
        with held_folder(self.directory, f"{_UNFINISHED}{name}") as path:
            draft = Draft(path)
            try:
                yield draft
                draft.finish()
                try:
                    os.rename(path, self.directory / name)
                except OSError:
                    # Another process was faster: what it made is the same.
                    if self.find(name) is None:
                        raise
            finally:
                draft.abandon()

    def clean(self, keep: Collection[str]) -> Cleaned:
        """Remove all folders but those in ``keep``, and what killed processes left."""
        removed = self._remove_unfinished()
        for path in self._folders():
            if path.name not in keep and not path.name.startswith(_UNFINISHED):
                removed += remove_folder(path)
        return removed

    def _remove_unfinished(self) -> Cleaned:
        """Remove the drafts of processes that were killed."""
        removed = Cleaned()
        for path in self._folders():
            if path.name.startswith(_UNFINISHED) and not is_in_use(path):
                removed += remove_folder(path)
        return removed

    def _folders(self) -> list[Path]:
        return sorted(path for path in self.directory.iterdir() if path.is_dir()) if self.directory.is_dir() else []


def _is_whole(path: Path, arrays: dict[str, dict[str, Any]]) -> bool:
    """Whether the arrays are as they were written."""
    now = _stamps(path, arrays)
    if any(now[name][0] != about["size"] for name, about in arrays.items()):
        return False
    is_small = sum(about["size"] for about in arrays.values()) <= _READ_EACH_TIME
    if not is_small and read_cached(path / _COMPARED, VERSION) == now:
        return True
    if any(xxh3_of(path / name) != about["digest"] for name, about in arrays.items()):
        return False
    if not is_small:
        write_cached(path / _COMPARED, VERSION, now)
    return True


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _stamps(path: Path, names: Iterable[str]) -> dict[str, list[int]]:
    return {name: stamp_of(path / name) for name in names}
