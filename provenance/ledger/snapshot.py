"""What DVC said of the workspace, remembered for as long as nothing there has changed.

To ask DVC takes a second; to see that nothing has changed, as many `stat` calls as there are folders and DVC files. A
file is the same if its size, inode and times of change are: also the time that only the kernel sets, so a file whose
other time was put back is seen. What is remembered has a digest (see `cached`). A workspace whose pipelines are
templated, or with very many files in datasets, is not remembered: then DVC is asked each time.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from provenance.cached import read_cached, write_cached

_VERSION = 3
_FILE = "workspace.json"
# What else than DVC's own files decides what DVC tracks and how we read it.
_SETTINGS = (".dvc/config", ".dvc/config.local")
_WATCHED_NAMES = ("dvc.yaml", "dvc.lock", ".dvcignore")
_WATCHED_SUFFIXES = (".dvc", ".yaml", ".yml", ".toml")
_PASSED_OVER = frozenset({".git", ".dvc", ".venv", "node_modules", "__pycache__"})
_MOST_ENTRIES = 20_000
# A file that was changed just now may change again without its time of change telling.
_SETTLED_NANOSECONDS = 20_000_000

# By path: time of change in nanoseconds, size in bytes, inode, the inode's time of change. Of a folder only the first
# tells of its entries.
Marks = dict[str, list[int]]


def snapshot_file(temporary: Path) -> Path:
    """Where it is remembered."""
    return temporary / _FILE


def look_around(root: Path) -> Marks | None:
    """The marks of all folders and of all files that decide what DVC tracks; None where they cannot tell everything."""
    marks: Marks = {}
    for path in _decisive(root):
        marks[path] = _mark(path)
        if len(marks) > _MOST_ENTRIES or (path.endswith("dvc.yaml") and _is_templated(path)):
            return None
    return marks


def save(root: Path, temporary: Path, marks: Marks, since: int, files: Iterable[Path], content: dict[str, Any]) -> None:
    """Remember ``content`` until one of ``marks``, or of the ``files`` (folders: all that is in them), changes.

    ``since``: when it was begun to ask, in nanoseconds; where something has changed since, nothing is remembered.
    """
    watched = dict(marks)
    for file in files:
        for path in _all_in(str(file)):
            watched[path] = _mark(path)
            if len(watched) > _MOST_ENTRIES:
                return
    if any(mark[0] > since - _SETTLED_NANOSECONDS for mark in watched.values()):
        return
    write_cached(snapshot_file(temporary), _VERSION, {"root": str(root), "watched": watched, "content": content})


def load(root: Path, temporary: Path) -> dict[str, Any] | None:
    """What was remembered; None where something has changed, or there is nothing, or what there is cannot be used."""
    remembered = read_cached(snapshot_file(temporary), _VERSION)
    if remembered is None or remembered["root"] != str(root):
        return None
    watched: Marks = remembered["watched"]
    try:
        is_same = all(_mark(path) == mark for path, mark in watched.items())
    except OSError:
        return None
    content: dict[str, Any] = remembered["content"]
    return content if is_same else None


def _decisive(root: Path) -> Iterator[str]:
    yield from (str(root / name) for name in _SETTINGS)
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in _PASSED_OVER]
        yield folder
        for name in files:
            if name in _WATCHED_NAMES or name.endswith(_WATCHED_SUFFIXES):
                yield os.path.join(folder, name)


def _all_in(path: str) -> Iterator[str]:
    yield path
    for folder, folders, files in os.walk(path):
        yield from (os.path.join(folder, name) for name in (*folders, *files))


def _mark(path: str) -> list[int]:
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return [0, 0, 0, 0]
    if not stat.S_ISREG(found.st_mode):
        return [found.st_mtime_ns, 0, found.st_ino, 0]
    return [found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns]


def _is_templated(path: str) -> bool:
    try:
        return b"${" in Path(path).read_bytes()
    except OSError:
        return True
