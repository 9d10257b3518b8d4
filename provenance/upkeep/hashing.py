"""DVC's hash of a dataset that is being read for its sample ids: computed meanwhile, by a thread of its own.

Only `provenance.repository` is imported: hashing begins while all that reads samples is still being imported.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Condition, Thread
from types import TracebackType
from typing import Protocol, Self

from provenance.errors import DataError
from provenance.identity.names import is_read_as_it_is, sidecar_path
from provenance.repository import Repository

# Python's lock is waited for twice a piece, for up to 5 ms each time.
_PIECE = 8 << 20
# How many bytes the hash and the reader of samples may be apart: what one has read is still in memory for the other.
_APART = 512 << 20


class Hashing(Protocol):
    """What gives DVC's hash and the size of a dataset, once it was read; ``take`` is told how many bytes are read."""

    def take(self, size: int) -> None: ...

    def __call__(self, file: Path) -> tuple[str | None, int]: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None: ...


def hash_ahead(paths: Sequence[str]) -> PieceByPiece | None:
    """Begin to hash the first of ``paths``, which are about to be added, if it is surely going to be read in order."""
    for path in paths[:1]:
        if is_read_as_it_is(path) and os.path.isfile(path) and not os.path.exists(sidecar_path(path)):
            return PieceByPiece(Path(path))
    return None


def hashing_of(
    repository: Repository, file: Path, ahead: PieceByPiece | None = None, *, read_here: bool = True
) -> Hashing:
    """A hash that is begun now, unless that of ``file`` was begun ``ahead``.

    ``read_here``: whether this process reads the dataset, and does not wait for others that do.
    """
    if not read_here and file.is_dir():
        return _Beside(repository, file)
    if file.is_dir():
        return _Afterwards(repository)
    if not is_read_as_it_is(file):
        return _Beside(repository, file)
    return _OfWhatIsRead(repository, file, ahead if ahead and ahead.is_of(file) else PieceByPiece(file))


class _Afterwards:
    """Of a directory: for its samples, DVC is asked about its files, which it then knows."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def take(self, size: int) -> None:
        pass

    def __call__(self, file: Path) -> tuple[str | None, int]:
        return self._repository.md5(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        pass


class _Beside(_Afterwards):
    """Of a file in which its reader jumps about, or that others read: DVC reads it once more, at the same time."""

    def __init__(self, repository: Repository, file: Path) -> None:
        super().__init__(repository)
        self._before = os.stat(file)
        self._hashed: Future[tuple[str, int]] = Future()

        def compute() -> None:
            try:
                self._hashed.set_result(repository.md5(file))
            except BaseException as error:  # noqa: BLE001 - raised where the hash is asked for
                self._hashed.set_exception(error)

        # A daemon, so that nobody waits for it where a row cannot be read.
        Thread(target=compute, daemon=True).start()

    def __call__(self, file: Path) -> tuple[str | None, int]:
        _require_unchanged(file, self._before)
        return self._hashed.result()


class PieceByPiece:
    """The MD5 of a file that somebody else reads too, neither far ahead of the other."""

    def __init__(self, file: Path) -> None:
        self.before = os.stat(file)
        self._file = file
        self._digest = hashlib.md5(usedforsecurity=False)
        self._hashed = self._read = 0
        self._is_over = False
        self._moved = Condition()
        # A daemon, so that nobody waits for it where a row cannot be read.
        self._thread = Thread(target=self._hash, name="hashing", daemon=True)
        self._thread.start()

    def is_of(self, file: Path) -> bool:
        """Whether this is the hash of ``file`` as it is now."""
        return _state(os.stat(file)) == _state(self.before)

    def read(self, size: int) -> None:
        """Be told that the other has read ``size`` bytes more; waits for the hash where it is far behind."""
        with self._moved:
            self._read += size
            self._moved.notify_all()
            self._moved.wait_for(lambda: self._is_over or self._read - self._hashed <= _APART)

    def stop(self) -> None:
        """Hash no further."""
        with self._moved:
            self._is_over = True
            self._moved.notify_all()

    def result(self) -> str | None:
        """The MD5, once all has been hashed; None where the file could not be read, or has another size by now."""
        with self._moved:
            # The other may have read less than all: of a file that has become shorter, say.
            self._read = self.before.st_size
            self._moved.notify_all()
        self._thread.join()
        return self._digest.hexdigest() if self._hashed == self.before.st_size else None

    def _hash(self) -> None:
        try:
            with open(self._file, "rb", buffering=0) as file:
                piece = memoryview(bytearray(min(_PIECE, self.before.st_size)))
                while size := file.readinto(piece):
                    self._digest.update(piece[:size])
                    with self._moved:
                        self._hashed += size
                        self._moved.notify_all()
                        self._moved.wait_for(lambda: self._is_over or self._hashed - self._read <= _APART)
                        if self._is_over:
                            break
        except OSError:
            pass  # whoever reads the samples, or DVC, says so
        finally:
            self.stop()


class _OfWhatIsRead(_Afterwards):
    """Of a file that is read from its beginning to its end: another thread reads it too, and DVC is told the hash.

    DVC believes it as it believes its own, as long as the file's size and times stay as they were before.
    """

    def __init__(self, repository: Repository, file: Path, hashed: PieceByPiece) -> None:
        super().__init__(repository)
        self._hashed = hashed

    def take(self, size: int) -> None:
        self._hashed.read(size)

    def __call__(self, file: Path) -> tuple[str | None, int]:
        md5 = self._hashed.result()
        _require_unchanged(file, self._hashed.before)
        if md5 is not None:
            self._repository.believe_md5(file, md5, self._hashed.before)
        return self._repository.md5(file)

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._hashed.stop()


def _require_unchanged(file: Path, before: os.stat_result) -> None:
    """Refuse a file that somebody wrote to while it was read: its ids may be of the one content, its hash of the other.

    Raises:
        DataError: it is not as it was ``before``, or gone.
    """
    # Of a directory, this would only be the names in it.
    if not file.exists() or (file.is_file() and _state(os.stat(file)) != _state(before)):
        raise DataError(file, None, "has changed while it was read; add it again once nobody writes to it")


def _state(of: os.stat_result) -> tuple[int, ...]:
    return of.st_dev, of.st_ino, of.st_size, of.st_mtime_ns
