"""Files of text formats as streams of bytes, decompressed on the way where their names end in .gz or .zst.

Expansion is bounded by whoever reads: a stream holds a decompressor's window, never the content.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any, Protocol, cast

import pyarrow as pa

from provenance.identity.formats.interface import RowError, one_line
from provenance.stored import StoredFile

_CODECS = {".gz": "gzip", ".zst": "zstd"}


class ByteStream(Protocol):
    """What formats ask of an open file."""

    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...

    def __enter__(self) -> ByteStream: ...

    def __exit__(self, *error: object) -> None: ...


def open_bytes(path: Path, start: int = 0) -> ByteStream:
    """Open ``path`` to read; `read` raises RowError where the compressed data is damaged or cut short.

    ``start``: the first byte to read, of a file that is not compressed.
    """
    codec = _CODECS.get(path.suffix.lower())
    if codec is not None:
        return _Decompressed(path, codec)
    file = path.open("rb")
    file.seek(start)
    return cast(ByteStream, file)


def create_bytes(target: Path, like: Path) -> IO[bytes]:
    """Open ``target`` to write, compressed as the name of ``like`` says."""
    codec = _CODECS.get(like.suffix.lower())
    # Arrow's streams are file objects, though they ship no types.
    return open(target, "wb") if codec is None else cast(IO[bytes], pa.CompressedOutputStream(target, codec))


def uncompressed_suffix(path: Path) -> str:
    """The end of the file's name that names the format within: ``.csv`` of ``a.csv.gz``; in lower case."""
    return Path(path.stem).suffix.lower() if path.suffix.lower() in _CODECS else path.suffix.lower()


class _Decompressed:
    def __init__(self, path: Path, codec: str) -> None:
        self._file = pa.PythonFile(path.open("rb")) if isinstance(path, StoredFile) else pa.OSFile(os.fspath(path))
        self._empty = not self._file.size()
        self._stream: Any = pa.CompressedInputStream(self._file, codec)

    def read(self, size: int, /) -> bytes:
        if self._empty:
            raise RowError(0, "an empty file, where compressed data should be: is the file cut short?")
        try:
            return cast(bytes, self._stream.read(size))
        except (OSError, pa.ArrowException) as error:
            raise RowError(0, f"the compressed data is damaged or cut short: {one_line(error)}") from None

    def close(self) -> None:
        self._stream.close()
        self._file.close()

    def __enter__(self) -> ByteStream:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
