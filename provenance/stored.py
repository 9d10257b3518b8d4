"""Files that are not on this machine, read where they are: ranges of objects on object storage, through fsspec.

A `StoredFile` is a path like any other to those who only hand it on. Who reads a file by its path says so with
`readable`; what needs a file of this machine refuses it. Nothing that is read is written anywhere.
"""

from __future__ import annotations

import io
import os
import re
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path, PosixPath
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, Self, TypeVar

from provenance.errors import RepositoryError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_BLOCK_BYTES = 1 << 14
_TAIL_BYTES = 1 << 17
# Several questions read the same columns.
_KEPT_BYTES = 64 << 20
_FAILED_SECONDS = 30
_SENT_WRONGLY = "ask again, and if it stays so, `dvc push` it anew from where it was made"
# Parts of the names of errors of libraries that compare what they receive with what was announced.
_OF_WHAT_WAS_SENT = ("Checksum", "Payload", "Incomplete")
_CODE = re.compile(r"[A-Za-z0-9]{1,40}")
_Answer = TypeVar("_Answer")


class Storage:
    """A DVC remote on object storage. ``name``: DVC's for it; ``filesystem``: fsspec's, as DVC has configured it."""

    def __init__(self, name: str, filesystem: AbstractFileSystem) -> None:
        self.name = name
        self._filesystem = filesystem
        self._kept = _KeptBlocks()
        # What was wrong with the storage as a whole, and until when that is believed: each attempt takes long.
        self._failed: tuple[str, float] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _storage_here, (self.name, self._filesystem)

    def url(self, key: str) -> str:
        return str(self._filesystem.unstrip_protocol(key))

    def size(self, key: str) -> int:
        """The size of the object in bytes.

        Raises:
            RepositoryError: it is not there, or the storage cannot be asked.
        """
        return int(self._asked(key, lambda: self._filesystem.info(key)["size"]))

    def read(self, key: str, start: int, end: int, size: int) -> bytes:
        """Bytes ``start`` to ``end`` of the object, which is of ``size`` bytes, and has some of them.

        Raises:
            RepositoryError: it is not there, or the storage cannot be asked.
        """
        numbers = range(start // _BLOCK_BYTES, -(-end // _BLOCK_BYTES))
        blocks = {number: self._kept.find(key, number) for number in numbers}
        missing = [number for number, block in blocks.items() if block is None]
        if missing:
            first = missing[0] * _BLOCK_BYTES
            last = min(size, (missing[-1] + 1) * _BLOCK_BYTES)
            found = self._asked(key, lambda: self._filesystem.cat_file(key, start=first, end=last))
            if len(found) != last - first:
                # What is cut must not pass for the whole.
                problem = f"the remote {self.name} sent {len(found)} bytes of {last - first}; {_SENT_WRONGLY}"
                raise RepositoryError(f"{self.url(key)}: {problem}")
            for number in range(missing[0], missing[-1] + 1):
                blocks[number] = found[number * _BLOCK_BYTES - first :][:_BLOCK_BYTES]
                self._kept.keep(blocks[number] or b"", key, number)
        joined = b"".join(block or b"" for block in blocks.values())
        return joined[start - numbers[0] * _BLOCK_BYTES :][: end - start]

    def read_whole(self, key: str) -> bytes:
        """All of a small object.

        Raises:
            RepositoryError: it is not there, or the storage cannot be asked.
        """
        found = self._kept.find(key)
        if found is None:
            found = bytes(self._asked(key, lambda: self._filesystem.cat_file(key)))
            self._kept.keep(found, key)
        return found

    def _asked(self, key: str, ask: Callable[[], _Answer]) -> _Answer:
        if self._failed is not None and time.monotonic() < self._failed[1]:
            raise RepositoryError(f"{self.url(key)}: {self._failed[0]}")
        try:
            return ask()
        except FileNotFoundError:
            raise RepositoryError(f"{self.url(key)}: {self._absent(key)}") from None
        except Exception as error:
            # Whatever the storage's own library raises, of which fsspec has no common class. What it says may hold more
            # than is to be shown.
            kind = _code_of(error) or type(error).__name__
            if isinstance(error, PermissionError) or "Credential" in kind or "Token" in kind:
                said = (
                    f"the remote {self.name} refuses access ({kind}); give it credentials as for `dvc pull`, with "
                    f"`dvc remote modify --local {self.name}` or the storage's own configuration"
                )
            elif _code_of(error) is not None:
                said = self._fail(f"answers with an error ({kind}); ask again later, or look after the storage")
            elif any(word in kind for word in _OF_WHAT_WAS_SENT):
                said = f"the remote {self.name} sent something that is not whole ({kind}); {_SENT_WRONGLY}"
            else:
                said = self._fail(f"cannot be reached ({kind}); check its endpoint with `dvc remote list`")
            raise RepositoryError(f"{self.url(key)}: {said}") from error

    def _absent(self, key: str) -> str:
        bucket = key.lstrip("/").partition("/")[0]
        with suppress(Exception):
            if not self._filesystem.exists(bucket):
                return self._fail(f"has no bucket {bucket}; check its address with `dvc remote list`")
        return f"not in the remote {self.name}; `dvc push` it from where it was made"

    def _fail(self, said: str) -> str:
        self._failed = f"the remote {self.name} {said}", time.monotonic() + _FAILED_SECONDS
        return self._failed[0]


def _code_of(error: BaseException | None) -> str | None:
    """The code with which the storage refused what was asked, as S3's libraries hand it on; None where it has none."""
    while error is not None:
        response = getattr(error, "response", None)
        if isinstance(response, Mapping) and isinstance(stated := response.get("Error"), Mapping):
            code = str(stated.get("Code"))
            return code if _CODE.fullmatch(code) else None
        error = error.__cause__
    return None


@cache
def _storage_here(name: str, filesystem: AbstractFileSystem) -> Storage:
    """What was handed on from another process, as one: tasks that one process does after another share what is kept."""
    return Storage(name, filesystem)


class _KeptBlocks:
    """What was read last, in memory: blocks of objects, up to a fixed number of bytes."""

    def __init__(self) -> None:
        self._blocks: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def find(self, *place: Any) -> bytes | None:
        with self._lock:
            if place in self._blocks:
                self._blocks.move_to_end(place)
            return self._blocks.get(place)

    def keep(self, content: bytes, *place: Any) -> None:
        with self._lock:
            self._bytes += len(content) - len(self._blocks.pop(place, b""))
            self._blocks[place] = content
            while self._bytes > _KEPT_BYTES:
                _, dropped = self._blocks.popitem(last=False)
                self._bytes -= len(dropped)


class PathElsewhere(PosixPath):
    """A path to what is no file under this path on this machine; ``shown`` says in messages what it is."""

    def __new__(cls, shown: str, *_: Any, **__: Any) -> Self:
        return super().__new__(cls, shown)

    def __init__(self, shown: str) -> None:
        if sys.version_info >= (3, 12):
            super().__init__(shown)
        self.shown = shown

    def with_segments(self, *segments: str | os.PathLike[str]) -> Self:
        # What stands beside it is a path like any other.
        return Path(*segments)  # type: ignore[return-value]

    def __str__(self) -> str:
        return self.shown

    def __fspath__(self) -> str:
        raise RepositoryError(f"{self}: is needed on this machine for this; bring it with `dvc fetch`")

    def __deepcopy__(self, memo: Any) -> PathElsewhere:
        return self

    def resolve(self, strict: bool = False) -> PathElsewhere:
        return self

    def absolute(self) -> PathElsewhere:
        return self

    def exists(self, *, follow_symlinks: bool = True) -> bool:
        return True


class StoredFile(PathElsewhere):
    """An object. ``size``: in bytes; what else is there than was stated is seen when it is read."""

    def __init__(self, shown: str, storage: Storage, key: str, size: int | None = None) -> None:
        super().__init__(shown)
        self.storage = storage
        self.key = key
        self._size = size

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.shown, self.storage, self.key, self._size)

    @property
    def size(self) -> int:
        if self._size is None:
            self._size = self.storage.size(self.key)
        return self._size

    def named(self, path: str) -> StoredFile:
        """The same as what is at ``path`` in the repository, of which errors then speak."""
        return StoredFile(path, self.storage, self.key, self._size)

    def state_size(self, size: int) -> None:
        """Say how large it is, so that the storage need not be asked."""
        self._size = size

    def is_file(self, **_: Any) -> bool:
        return True

    def is_dir(self, **_: Any) -> bool:
        return False

    def open(self, mode: str = "rb", *_: Any, **__: Any) -> IO[bytes]:  # type: ignore[override]
        if mode != "rb":
            raise RepositoryError(f"{self}: cannot be changed where it is")
        return _Reading(self)  # type: ignore[return-value]

    def read_bytes(self) -> bytes:
        return self.storage.read_whole(self.key)

    def read_range(self, start: int, end: int) -> bytes:
        """Bytes ``start`` to ``end``; with the last ones, those before them that a reader asks for next."""
        end = min(end, self.size)
        if start >= end:
            return b""
        # Readers of Parquet begin at the end.
        earlier = min(start, max(0, self.size - _TAIL_BYTES)) if end > self.size - _TAIL_BYTES else start
        return self.storage.read(self.key, earlier, end, self.size)[start - earlier :]


class FolderElsewhere(PathElsewhere):
    """A folder whose ``files``, by their paths in it, are elsewhere: on storage, or in a cache by their content."""

    def __init__(self, shown: str, files: Mapping[str, Path]) -> None:
        super().__init__(shown)
        self.files = dict(files)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.shown, self.files)

    def __truediv__(self, name: str | os.PathLike[str]) -> Path:  # type: ignore[override]
        return self.files.get(os.fspath(name)) or Path(self.shown) / name

    def is_file(self, **_: Any) -> bool:
        return False

    def is_dir(self, **_: Any) -> bool:
        return True

    def iterdir(self) -> Iterator[Path]:  # type: ignore[override]
        return (Path(self.shown) / name for name in self.files)


class _Reading(io.RawIOBase):
    """A `StoredFile` that was opened."""

    def __init__(self, file: StoredFile) -> None:
        self._file = file
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def size(self) -> int:
        return self._file.size

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._file.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        end = self._file.size if size is None or size < 0 else self._position + size
        found = self._file.read_range(self._position, end)
        self._position += len(found)
        return found

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        found = self.read(len(view))
        view[: len(found)] = found
        return len(found)


def readable(path: Path) -> Any:
    """What a reader takes that opens a file by its path: the path itself, or the file opened where it is."""
    return path.open("rb") if isinstance(path, StoredFile) else path
