"""Several files that change together: staged first, then put in place, so that what was interrupted can be finished.

A set is a folder. While it is filled it has another name; the rename that ends this is the moment from which it counts.
Then each file either has its old content or its new one, and digests tell which: so it can be finished, by whoever
comes next, and taken back.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provenance.errors import RepositoryError
from provenance.file_digests import sha256_of
from provenance.files import copy_of, exchange, remove, scratch_folder, sync_directory, whole_file

_JOURNAL = "files.json"
_DONE = "done"


@dataclass(frozen=True)
class _Entry:
    """A file, from the root; ``before`` and ``after`` are the digests of its contents, None where it is not there."""

    path: str
    before: str | None
    after: str | None


class NewFiles:
    """A set that is being filled, in the folder ``folder``; see `gathered`."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._folder = folder
        self._paths: dict[str, Path] = {}

    def place_for(self, path: str) -> Path:
        """The file in which to write what ``path``, from the root, is to hold."""
        number = len(self._paths)
        return self._paths.setdefault(path, self._folder / f"{number}.after")

    def write(self, path: str, text: str) -> None:
        """State the text that ``path`` is to hold."""
        self.place_for(path).write_bytes(text.encode("utf-8"))

    @property
    def paths(self) -> list[str]:
        return list(self._paths)

    def seal(self, note: dict[str, Any]) -> None:
        """Write down what is there before and after, with a note of the caller's."""
        entries = []
        for path, after in self._paths.items():
            there = self._root / path
            if there.exists():
                copy_of(there, after.with_suffix(".before"))
            entries.append([path, _digest(there), _digest(after)])
        journal = {"entries": entries, "note": note}
        (self._folder / _JOURNAL).write_text(json.dumps(journal), encoding="utf-8")


@dataclass(frozen=True)
class FileSet:
    """The files of the sealed set at ``folder``, for the folder ``root``; ``note``: what was sealed with them."""

    root: Path
    folder: Path
    note: dict[str, Any]
    entries: tuple[_Entry, ...]

    @classmethod
    def at(cls, root: Path, folder: Path) -> FileSet | None:
        """The set at ``folder``; None where there is none."""
        try:
            journal = json.loads((folder / _JOURNAL).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return cls(root, folder, journal["note"], tuple(_Entry(*entry) for entry in journal["entries"]))

    @property
    def paths(self) -> list[str]:
        return [entry.path for entry in self.entries]

    @property
    def is_done(self) -> bool:
        return (self.folder / _DONE).exists()

    def apply(self) -> None:
        """Give each file its new content; those that have it already stay.

        Raises:
            RepositoryError: somebody else has changed a file since; all are left as they are.
        """
        self._require({"before", "after"}, "changed since; put it back as it was, then do the same again")
        for number, entry in enumerate(self.entries):
            if self._now(entry) != entry.after:
                self._put(entry.path, self.folder / f"{number}.after")

    def undo(self) -> None:
        """Give each file its old content back, and remove those that were not there; the set goes.

        Raises:
            RepositoryError: somebody else has changed a file since; all are left as they are.
        """
        self._require({"before", "after"}, "changed since, so it is not undone; use git to go back")
        for number, entry in enumerate(self.entries):
            if self._now(entry) == entry.before:
                continue
            if entry.before is None:
                remove(self.root / entry.path)
            else:
                self._put(entry.path, self.folder / f"{number}.before")
        shutil.rmtree(self.folder)

    def finish(self) -> None:
        """Mark the set as done."""
        (self.folder / _DONE).touch()

    def _require(self, states: set[str], otherwise: str) -> None:
        for entry in self.entries:
            if self._now(entry) not in [getattr(entry, state) for state in states]:
                raise RepositoryError(f"{entry.path}: {otherwise}")

    def _now(self, entry: _Entry) -> str | None:
        return _digest(self.root / entry.path)

    def _put(self, path: str, content: Path) -> None:
        target = self.root / path
        if content.is_dir() or target.is_dir():
            _put_folder(target, content)
            return
        with whole_file(target) as temporary:
            shutil.copyfile(content, temporary)
            if target.exists():
                shutil.copymode(target, temporary)


@contextmanager
def gathered(root: Path, folder: Path) -> Iterator[NewFiles]:
    """Yield a set to be filled for the folder ``root``; at the end of the block it is at ``folder``.

    The block has to `seal` it. Where the block fails, nothing has changed.
    """
    with scratch_folder(folder.parent, folder.name) as scratch:
        content = scratch / "set"
        content.mkdir()
        yield NewFiles(root, content)
        sync_folder(content)
        if folder.exists():
            # A set that is in the way was done, or its caller would not begin another.
            os.replace(folder, scratch / "replaced")
        os.replace(content, folder)
        sync_directory(folder.parent)


def _put_folder(target: Path, content: Path) -> None:
    """Let a copy of ``content`` take the place of ``target``, where one of them is a folder."""
    with whole_folder(target) as copy:
        copy_of(content, copy)


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Yield a path at which to make a folder; on success it takes the place of ``target``, else it is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(target.parent, f".{target.name}") as scratch:
        new = scratch / target.name
        yield new
        sync_folder(new)
        if os.path.lexists(target):
            exchange(new, target)
        else:
            os.replace(new, target)
        sync_directory(target.parent)


def _digest(path: Path) -> str | None:
    """What the content of a file, or of all files of a folder, is known by; None where nothing is there."""
    if not path.is_dir():
        return sha256_of(path) if path.exists() else None
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return json.dumps([[file.relative_to(path).as_posix(), sha256_of(file)] for file in files])


def sync_folder(folder: Path) -> None:
    """Write all that is in ``folder`` to the disk."""
    for path in (*folder.rglob("*"), folder):
        if path.is_file() or path.is_dir():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
