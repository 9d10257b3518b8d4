"""DVC's hash of a dataset that is being read for its sample ids: computed meanwhile, and of the same bytes."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from threading import BoundedSemaphore, Thread
from types import TracebackType
from typing import Protocol, Self

from provenance.identity.names import is_read_as_it_is
from provenance.repository import Repository

# Of about two megabytes each.
_MOST_WAITING = 4


class Hashing(Protocol):
    """What gives DVC's hash and the size of a dataset, once it was read; ``take`` wants its bytes as they are read."""

    def take(self, content: bytes) -> None: ...

    def __call__(self, file: Path) -> tuple[str | None, int]: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None: ...


def hashing_of(repository: Repository, file: Path) -> Hashing:
    """A hash that is begun now."""
    if file.is_dir():
        return _Afterwards(repository)
    return _OfWhatIsRead(repository, file) if is_read_as_it_is(file) else _Beside(repository, file)


class _Afterwards:
    """Of a directory: for its samples, DVC is asked about its files, which it then knows."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def take(self, content: bytes) -> None:
        pass

    def __call__(self, file: Path) -> tuple[str | None, int]:
        return self._repository.md5(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        pass


class _Beside(_Afterwards):
    """Of a file in which its reader jumps about: DVC reads it once more, at the same time."""

    def __init__(self, repository: Repository, file: Path) -> None:
        super().__init__(repository)
        self._hashed: Future[tuple[str, int]] = Future()

        def compute() -> None:
            try:
                self._hashed.set_result(repository.md5(file))
            except BaseException as error:  # noqa: BLE001 - raised where the hash is asked for
                self._hashed.set_exception(error)

        # A daemon, so that nobody waits for it where a row cannot be read.
        Thread(target=compute, daemon=True).start()

    def __call__(self, file: Path) -> tuple[str | None, int]:
        return self._hashed.result()


class _OfWhatIsRead(_Afterwards):
    """Of a file that is read from its beginning to its end: the bytes go through a thread, and DVC is told the hash.

    DVC believes it as it believes its own, as long as the file's size and times stay as they were before.
    """

    def __init__(self, repository: Repository, file: Path) -> None:
        super().__init__(repository)
        self._before = os.stat(file)
        self._size = 0
        self._digest = hashlib.md5(usedforsecurity=False)
        self._waiting: SimpleQueue[bytes] = SimpleQueue()
        self._room = BoundedSemaphore(_MOST_WAITING)
        # Daemons, so that nobody waits for them where a row cannot be read.
        self._hasher = Thread(target=self._hash, daemon=True)
        self._hasher.start()
        # It takes a second to open DVC, of which this thread has no need before the end.
        self._opener = Thread(target=repository.open_ahead, daemon=True)
        self._opener.start()

    def take(self, content: bytes) -> None:
        self._room.acquire()
        self._waiting.put(content)

    def __call__(self, file: Path) -> tuple[str | None, int]:
        self._waiting.put(b"")
        self._hasher.join()
        self._opener.join()
        if self._size == self._before.st_size:
            self._repository.believe_md5(file, self._digest.hexdigest(), self._before)
        return self._repository.md5(file)

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._waiting.put(b"")

    def _hash(self) -> None:
        while content := self._waiting.get():
            self._digest.update(content)
            self._size += len(content)
            self._room.release()
