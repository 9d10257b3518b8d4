"""What is said where a disk is full: which place it is, and that the same works once there is room."""

from __future__ import annotations

import errno
import os
from pathlib import Path

# As the system says it: of the disk, or of what one may have of it.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# Where a write has just failed, less than this is left.
_LEFT_BYTES = 1 << 24


def what_failed(error: OSError) -> str:
    """What the system says against what was asked of it, in one line."""
    where = error.filename or "cannot go on"
    if error.errno in _FULL:
        there = " there" if error.filename else ""
        return f"{where}: {os.strerror(error.errno)}; make room{there}, then run this again"
    return f"{where}: {error.strerror or error}"


def is_full(error: BaseException) -> bool:
    """Whether it says that a disk is full."""
    return isinstance(error, OSError) and error.errno in _FULL


def name_place(error: OSError, place: Path, folder: Path) -> None:
    """Name ``place``, in ``folder``, in an error that says that a disk is full, but not which, where it is this one."""
    if error.filename is None and is_full(error) and has_no_room(folder):
        error.filename = str(place)


def has_no_room(folder: Path) -> bool:
    """Whether the disk that ``folder`` is on is as full as one is where a write has just failed."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < _LEFT_BYTES


def no_room() -> OSError:
    """What the system says where a disk is full, for those who say it in words of their own."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
