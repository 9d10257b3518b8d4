"""Files appear whole or not at all, and what a killed process leaves is known for what it is.

Who writes a temporary file, or works in a scratch folder, holds a lock on it (``flock``), which the kernel lets go of
however the process ends. So another process, be it in another container or of another name space, can tell what is in
use from what was left, where a process's number or a machine's name would not do.
"""

from __future__ import annotations

import atexit
import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from provenance.room import name_place

TEMPORARY_SUFFIX = ".provenance-tmp"
MODELS_FILE = "provenance.models.yaml"
REVOCATIONS_FILE = "provenance.revocations.yaml"

_SCRATCH_SUFFIX = ".provenance-scratch"
_HELD = ".held"
# Of renameat2(2).
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@dataclass(frozen=True)
class Cleaned:
    """How many ``folders`` were removed (a file that stands alone counts as one), and of how many bytes."""

    folders: int = 0
    bytes: int = 0

    def __add__(self, other: Cleaned) -> Cleaned:
        return Cleaned(self.folders + other.folders, self.bytes + other.bytes)


@contextmanager
def whole_file(path: str | os.PathLike[str], *, lasting: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it is synced and takes ``path``'s place, else it is removed.

    ``path`` is never appended to or truncated: under DVC it may be a hard link into the cache. Folders that are missing
    on the way to it are made. What is checked when it is read, and can be made again, need not be ``lasting``: it is
    not synced, which takes long for many small files. Of a lasting file, what was left by processes that were killed
    while they wrote it is removed.
    """
    target = Path(path)
    _make_folder(target.parent)
    if lasting:
        _remove_left_files(target)
    with ExitStack() as held:
        temporary, written = target, False
        try:
            temporary = _new_file(target, held)
            yield temporary
            if lasting:
                with open(temporary, "rb") as handle:
                    os.fsync(handle.fileno())
            os.replace(temporary, target)
            written = True
            if lasting:
                sync_directory(target.parent)
        except OSError as error:
            # Nobody knows the temporary name.
            if error.filename is not None and os.fspath(error.filename).endswith(TEMPORARY_SUFFIX):
                error.filename = os.fspath(path)
            # What else is written meanwhile may be on another disk.
            name_place(error, target, target.parent)
            raise
        finally:
            if not written and temporary != target:
                temporary.unlink(missing_ok=True)


@contextmanager
def scratch_folder(directory: str | os.PathLike[str], purpose: str) -> Iterator[Path]:
    """A new folder in ``directory``, which is removed at the end; what killed processes left there is removed first."""
    remove_left_folders(Path(directory))
    with held_folder(Path(directory), purpose, _SCRATCH_SUFFIX) as folder:
        try:
            yield folder
        except OSError as error:
            name_place(error, Path(directory), Path(directory))
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def held_folder(directory: Path, name: str, suffix: str = "") -> Iterator[Path]:
    """Make a new folder in ``directory``, whose name begins with ``name``; it `is_in_use` until the block ends."""
    directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        while True:
            folder = directory / f"{name}-{secrets.token_hex(6)}{suffix}"
            folder.mkdir(mode=0o700)
            # Before it is held, another process may take it for something left.
            with suppress(FileNotFoundError):
                if _hold(folder / _HELD, held):
                    break
        yield folder


@contextmanager
def one_at_a_time(directory: Path) -> Iterator[None]:
    """Wait until no other process is in such a block for ``directory``, where the file system knows locks."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _lock(descriptor, wait=True)
        yield
    finally:
        os.close(descriptor)


def is_in_use(folder: Path) -> bool:
    """Whether somebody holds the folder, made by `held_folder`; True where that cannot be told."""
    try:
        return _is_locked(folder / _HELD)
    except FileNotFoundError:
        # Made just now, or left by a process that was killed in this very moment: it goes if there is nothing in it.
        with suppress(OSError):
            folder.rmdir()
        return folder.exists()


def remove_left_folders(directory: Path) -> Cleaned:
    """Remove the scratch folders in ``directory`` that nobody works in any more."""
    removed = Cleaned()
    for path in _entries(directory):
        if path.name.endswith(_SCRATCH_SUFFIX) and _is_ours(path) and not is_in_use(path):
            removed += remove_folder(path)
    return removed


def remove_left(directory: Path) -> Cleaned:
    """Remove all that killed processes left in ``directory`` and in the folders in it: scratch folders and files."""
    removed = remove_left_folders(directory)
    for folder, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if not name.endswith(_SCRATCH_SUFFIX)]
        for file in (Path(folder, name) for name in files if name.endswith(TEMPORARY_SUFFIX)):
            removed += _remove_left_file(file)
    return removed


def remove_folder(path: Path) -> Cleaned:
    """Remove the folder with all that is in it."""
    size = sum(_size(Path(folder, name)) for folder, _, files in os.walk(path) for name in files)
    shutil.rmtree(path, ignore_errors=True)
    return Cleaned(1, size)


def generations_in(temporary: Path) -> Path:
    """Where generations of sidecars are put together and kept, once for all commands; ``temporary``: a repository's."""
    return temporary / "generations"


@cache
def folder_of_process() -> Path:
    """A folder of the system's for temporary files that lasts as long as this process."""
    resources = ExitStack()
    atexit.register(resources.close)
    return resources.enter_context(scratch_folder(tempfile.gettempdir(), f"provenance-{os.getuid()}"))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), error.filename) from None


def _new_file(target: Path, held: ExitStack) -> Path:
    """A new temporary file for ``target``, which ``held`` keeps locked."""
    while True:
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}{TEMPORARY_SUFFIX}")
        if _hold(temporary, held):
            return temporary


def _hold(path: Path, held: ExitStack) -> bool:
    """Make the file ``path`` and lock it until ``held`` is closed; False where it was taken for something left."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o666)
    held.callback(os.close, descriptor)
    _lock(descriptor, wait=True)
    return os.fstat(descriptor).st_nlink > 0


def _is_locked(path: Path) -> bool:
    """Whether somebody holds the file; True where that cannot be told.

    Raises:
        FileNotFoundError: it is not there.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise
    except OSError:
        return True
    try:
        return not _lock(descriptor, wait=False)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, *, wait: bool) -> bool:
    """Whether the file could be locked; False where somebody else has, or the file system knows no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _remove_left_files(target: Path) -> None:
    named = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{16}}{re.escape(TEMPORARY_SUFFIX)}")
    for path in _entries(target.parent):
        if named.fullmatch(path.name):
            _remove_left_file(path)


def _remove_left_file(path: Path) -> Cleaned:
    try:
        if _is_locked(path):
            return Cleaned()
        size = path.stat().st_size
        path.unlink()
    except OSError:
        return Cleaned()
    return Cleaned(1, size)


def _entries(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory) as entries:
            return [Path(entry.path) for entry in entries]
    except OSError:
        return []


def _is_ours(path: Path) -> bool:
    """Whether it is a folder, no link to one, and this user's: folders of the system are shared with others."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()


def _size(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:
        return 0


def copy_of(path: Path, copy: Path) -> None:
    """Make ``copy``, a new file or folder, of the content of ``path``."""
    if path.is_dir():
        shutil.copytree(path, copy)
    else:
        shutil.copyfile(path, copy)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def exchange(one: Path, other: Path) -> None:
    """Let two files or folders change places: in one step where the system can do that, else in three."""
    import ctypes

    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    names = (os.fsencode(one), os.fsencode(other))
    if rename is not None and rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return
    aside = one.with_name(f"{one.name}.aside")
    os.replace(other, aside)
    os.replace(one, other)
    os.replace(aside, one)


def sync_directory(directory: Path) -> None:
    """Write the names in ``directory`` to the disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
