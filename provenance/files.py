"""Files appear whole or not at all; and a name that is needed where its module would take long to import."""

from __future__ import annotations

import errno
import os
import platform
import re
import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY_SUFFIX = ".provenance-tmp"
MODELS_FILE = "provenance.models.yaml"
REVOCATIONS_FILE = "provenance.revocations.yaml"


def md5_of(file: Path) -> str:
    """The MD5 of the content of ``file``, in hex, as DVC names contents."""
    import hashlib

    with open(file, "rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def sha256_of(file: Path) -> str:
    """``sha256:`` and the SHA-256 of the content of ``file``, in hex."""
    import hashlib

    with open(file, "rb") as handle:
        return f"sha256:{hashlib.file_digest(handle, 'sha256').hexdigest()}"


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
        _remove_abandoned(target)
    temporary = target.with_name(f".{target.name}.{_writer()}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}")
    try:
        yield temporary
        if lasting:
            with open(temporary, "rb") as handle:
                os.fsync(handle.fileno())
        os.replace(temporary, target)
        if lasting:
            _sync_directory(target.parent)
    except OSError as error:
        # Nobody knows the temporary name.
        if error.filename == os.fspath(temporary):
            error.filename = os.fspath(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), error.filename) from None


def _writer() -> str:
    """This process among all that may write into one folder: its machine, and its number there."""
    return f"{zlib.crc32(platform.node().encode()):08x}-{os.getpid()}"


def _remove_abandoned(target: Path) -> None:
    machine, _ = _writer().split("-")
    named = re.compile(rf"\.{re.escape(target.name)}\.{machine}-(\d+)\.[0-9a-f]{{8}}{re.escape(TEMPORARY_SUFFIX)}")
    with os.scandir(target.parent) as entries:
        abandoned = [entry.path for entry in entries if (found := named.fullmatch(entry.name)) and _is_gone(found[1])]
    for file in abandoned:
        Path(file).unlink(missing_ok=True)


def _is_gone(process: str) -> bool:
    if os.name != "posix":
        return False  # where it cannot be asked without harm
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False  # it is somebody else's
    return False


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
