"""Folders of raw arrays: written in parts, made visible by a rename, memory-mapped, and thrown away when damaged."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

# Of the layout of segments and graphs; with another one they are built again.
VERSION = 4
_DESCRIPTION = "folder.json"
_UNFINISHED = ".building-"
_BLOCK_BYTES = 1 << 24

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
            about = {"dtype": dtype.str, "shape": shape, "digest": _digest(self.path / name)}
            arrays[name] = about | _stat(self.path / name)
        description = {"version": VERSION, "stated": self.stated, "arrays": arrays}
        (self.path / _DESCRIPTION).write_text(json.dumps(description), encoding="utf-8")
        return description

    def abandon(self) -> None:
        """Close and remove everything."""
        for file in self._files.values():
            file.close()
        shutil.rmtree(self.path, ignore_errors=True)


@dataclass(frozen=True)
class Cleaned:
    """How many folders were removed, and of how many bytes."""

    folders: int
    bytes: int


class Store:
    """All folders under ``directory``, each found by its name."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def find(self, name: str) -> Folder | None:
        """The folder ``name``; None where there is none that is whole, undamaged and of this version."""
        path = self.directory / name
        try:
            description = json.loads((path / _DESCRIPTION).read_bytes())
            if description["version"] == VERSION and _is_whole(path, description["arrays"]):
                return Folder(path, description)
        except (OSError, ValueError, KeyError, TypeError):
            pass
        # A folder that is of no use must not stand in the way of the one that is built anew.
        shutil.rmtree(path, ignore_errors=True)
        return None

    @contextmanager
    def draft(self, name: str) -> Iterator[Draft]:
        """A draft that becomes the folder ``name`` when the block ends well, and nothing when it does not."""
        path = self.directory / f"{_UNFINISHED}{name}-{os.getpid()}-{secrets.token_hex(4)}"
        path.mkdir(parents=True)
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
        removed = size = 0
        for path in sorted(self.directory.iterdir()) if self.directory.is_dir() else []:
            if path.name in keep or (path.name.startswith(_UNFINISHED) and _is_being_built(path.name)):
                continue
            size += sum(file.stat().st_size for file in path.iterdir()) if path.is_dir() else path.stat().st_size
            removed += 1
            shutil.rmtree(path, ignore_errors=True)
        return Cleaned(removed, size)


def _is_whole(path: Path, arrays: dict[str, dict[str, Any]]) -> bool:
    """Whether the arrays are as they were written. Files that were touched since are read again to know."""
    for name, about in arrays.items():
        file = path / name
        now = _stat(file)
        if now["size"] != about["size"]:
            return False
        if now["changed"] != about["changed"] and _digest(file) != about["digest"]:
            return False
    return True


def _stat(file: Path) -> dict[str, int]:
    found = file.stat()
    return {"size": found.st_size, "changed": found.st_mtime_ns}


def _digest(file: Path) -> str:
    from xxhash import xxh3_128

    digest = xxh3_128()
    with open(file, "rb") as handle:
        while block := handle.read(_BLOCK_BYTES):
            digest.update(block)
    return str(digest.hexdigest())


def _is_being_built(name: str) -> bool:
    try:
        os.kill(int(name.rsplit("-", 2)[1]), 0)
    except (ValueError, IndexError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True
