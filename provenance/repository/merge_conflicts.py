"""Merge conflicts that git left in files of DVC, or in ours."""

from __future__ import annotations

import os
import posixpath
import shlex
from pathlib import Path

_LOCK_FILE = "dvc.lock"
_CONFLICT_MARKS = (b"<<<<<<< ", b">>>>>>> ")
_PASSED_OVER = frozenset({".git", ".dvc", ".venv", "node_modules", "__pycache__"})


def conflicts(root: Path) -> list[str]:
    """The files of DVC below ``root``, and ours at ``root``, in which git left a merge conflict."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in _PASSED_OVER]
        for name in names:
            file = Path(folder, name)
            is_ours = file.parent == root and name.startswith("provenance.")
            if (is_ours or name in ("dvc.yaml", _LOCK_FILE) or name.endswith(".dvc")) and _has_conflict(file):
                found.append(file.relative_to(root).as_posix())
    return sorted(found)


def mending_conflict(file: str) -> str:
    """What settles a conflict in ``file``; what comes of dvc.lock, the stages make again."""
    if posixpath.basename(file) == _LOCK_FILE:
        return f"take one side with `git checkout --ours {shlex.quote(file)}`, then run `dvc repro`"
    return f"edit it, then run `git add {shlex.quote(file)}`"


def _has_conflict(file: Path) -> bool:
    try:
        lines = file.read_bytes().splitlines() if file.is_file() else []
    except OSError:
        return False
    return any(line.startswith(_CONFLICT_MARKS) for line in lines)
