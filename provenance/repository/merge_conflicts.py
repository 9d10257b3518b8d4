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


def told_conflict(file: str) -> str:
    """That there is a conflict in ``file``, and what settles it; for behind the file's name."""
    return f"git left a merge conflict here; {mending_conflict(file)}"


def mending_conflict(file: str) -> str:
    """What settles a conflict in ``file``; what comes of dvc.lock, the stages make again."""
    if posixpath.basename(file) == _LOCK_FILE:
        return f"take one side with `git checkout --ours {shlex.quote(file)}`, then run `dvc repro`"
    if file.endswith(".dvc"):
        # Rows that both sides added are together in neither.
        name = shlex.quote(file)
        return (
            f"take one side with `git checkout --ours {name}` and `git add {name}`, of data and sidecar both, then "
            "run dvc checkout; if the other side's rows are wanted, add them to the data, and run provenance add again"
        )
    return f"edit it, then run `git add {shlex.quote(file)}`"


def _has_conflict(file: Path) -> bool:
    try:
        return file.is_file() and has_marks(file.read_bytes())
    except OSError:
        return False


def has_marks(content: bytes) -> bool:
    """Whether git left a merge conflict in a file with this content."""
    return any(line.startswith(_CONFLICT_MARKS) for line in content.splitlines())
