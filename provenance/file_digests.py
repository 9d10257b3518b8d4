"""What tells contents of files apart: digests of what is in them, and what the system says of their last change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import hashlib

_CHUNK_BYTES = 1 << 22


def md5_of(file: Path) -> str:
    """The MD5 of the content of ``file``, in hex, as DVC names contents."""
    import hashlib

    return _digested(file, hashlib.md5(usedforsecurity=False))


def sha256_of(file: Path) -> str:
    """``sha256:`` and the SHA-256 of the content of ``file``, in hex."""
    import hashlib

    return f"sha256:{_digested(file, hashlib.sha256())}"


def xxh3_of(file: Path) -> str:
    """The XXH3-128 of the content of ``file``, in hex: quick, for what nobody has a reason to forge."""
    import hashlib

    from xxhash import xxh3_128

    with file.open("rb") as handle:
        return hashlib.file_digest(handle, xxh3_128).hexdigest()


def _digested(file: Path, digest: hashlib._Hash) -> str:
    # What is on object storage is read by requests of this size.
    with file.open("rb") as handle:
        while chunk := handle.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def stamp_of(file: Path) -> list[int]:
    """The size of ``file`` in bytes first, then what differs when somebody has written to it."""
    found = file.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev]
