"""The sample ids of a dataset's rows by their numbers: how parents are found that are named by their rows."""

from __future__ import annotations

import os
import tempfile
import threading
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from provenance.errors import DataError, NoSuchRowError
from provenance.file_digests import stamp_of
from provenance.identity import scan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from provenance.identity import Identity, SampleBatch
    from provenance.lineage.births import Dependency

# Of one dataset, as many bytes of ids are kept in memory (a million ids); those of the rows behind are in a file.
_IN_MEMORY = 16 << 20
# Rows that are looked up together are mostly near each other: so many ids are read at once for each that is wanted.
_NEAR = 16


@dataclass
class WrittenIds:
    """The sample ids of a dataset that is being written, in row order, as far as they fit in memory."""

    ids: bytearray = field(default_factory=bytearray)
    are_too_many: bool = False
    stamp: list[int] | None = None
    identity: Identity | None = None

    def take(self, batch: SampleBatch) -> None:
        """Take in those of the next rows."""
        from provenance.identity.id_arrays import bytes_of_ids

        if self.are_too_many:
            return
        self.ids += bytes_of_ids(batch.sample_ids).tobytes()
        if len(self.ids) >= _IN_MEMORY:
            # Part of them is of no use, and would only take memory.
            self.ids, self.are_too_many = bytearray(), True

    def keep(self, file: Path, identity: Identity) -> None:
        """Keep them until the process ends, or others, for who reads ``file`` as it is now."""
        if self.are_too_many or len(self.ids) >= _IN_MEMORY:
            return
        self.stamp, self.identity = stamp_of(file), identity
        _WRITTEN.pop(file, None)
        _WRITTEN[file] = self
        while sum(len(each.ids) for each in _WRITTEN.values()) > _IN_MEMORY:
            del _WRITTEN[next(iter(_WRITTEN))]

    def are_of(self, file: Path, identity: Identity) -> bool:
        """Whether they are the ids of ``file`` as it is now; one as large and as old may still be another."""
        try:
            return self.stamp == stamp_of(file) and self.identity == identity
        except OSError:
            return False  # said where it is read


# Of the datasets that were written in this process, the last ones.
_WRITTEN: dict[Path, WrittenIds] = {}


@dataclass
class SampleIds:
    """The sample ids of a dataset's rows, computed in row order as far as they are asked for, and kept.

    They come from a scan of the file, not from a row's dict: a dict may have been changed since, and which fields are
    content is a matter of the dataset as a whole. ``temporary``: a folder for what does not fit in memory.
    """

    file: Path
    dataset: Dependency
    temporary: Path
    _found: bytearray = field(default_factory=bytearray, repr=False)
    _beyond: IO[bytes] | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self._size = self.dataset.identity.digest_size
        self._state = _file_state(self.file)
        self._reading = self._read_on()
        self._end = 0

    def at(self, row: int) -> bytes:
        """The id of the row with number ``row`` (from 1).

        Raises:
            DataError: the file cannot be read, has changed since this object was made, or has no such row.
        """
        return bytes.fromhex(self.hex_at(row))

    def hex_at(self, row: int) -> str:
        """As `at`, in hex."""
        end = row * self._size
        if len(self._found) < end:
            return self._read(end).hex()
        return self._found[end - self._size : end].hex()

    def hex_of(self, rows: npt.NDArray[np.int64]) -> str:
        """As `hex_at`, of many rows, one after the other."""
        import numpy as np

        first, last = int(rows.min()), int(rows.max())
        self.hex_at(last)
        if last * self._size > len(self._found):
            if last - first >= _NEAR * len(rows):
                return "".join(map(self.hex_at, rows.tolist()))
            near = np.frombuffer(self._between(first - 1, last), np.uint8).reshape(-1, self._size)
            return near[rows - first].tobytes().hex()
        # What is being looked at cannot grow.
        with self._lock:
            known = np.frombuffer(self._found, np.uint8).reshape(-1, self._size)
            found = known[rows - 1].tobytes()
            del known
        return found.hex()

    def _read(self, end: int) -> bytes:
        """The id that ends with byte ``end`` of all, where it is not in memory already."""
        with self._lock:
            self._find(end)
        if self._beyond is None or end <= len(self._found):
            return bytes(self._found[end - self._size : end])
        return os.pread(self._beyond.fileno(), self._size, end - self._size - len(self._found))

    def _between(self, first: int, end: int) -> bytes:
        """The ids of the rows from ``first`` (from 0) to ``end``, which are known, and the last not in memory."""
        assert self._beyond is not None
        start, stop, held = first * self._size, end * self._size, len(self._found)
        begin = max(start, held)
        return bytes(self._found[start:held]) + os.pread(self._beyond.fileno(), stop - begin, begin - held)

    def _find(self, end: int) -> None:
        """Read on until ``end`` bytes of ids are known."""
        while self._end < end:
            if not next(self._reading, False):
                rows, row = self._end // self._size, end // self._size
                raise NoSuchRowError(self.file, row, f"there is no such row; the dataset has {rows}")

    def _read_on(self) -> Iterator[bool]:
        """Keep the ids of some more rows each time. After an error nothing more is read, so ids stay right."""
        from provenance.identity.id_arrays import bytes_of_ids

        written = _WRITTEN.get(self.file)
        if written is not None and written.are_of(self.file, self.dataset.identity):
            batches = iter([written.ids])
        else:
            read = scan(self.file, self.dataset.identity)
            batches = (bytearray(bytes_of_ids(batch.sample_ids)) for batch in read)
        for found in batches:
            if _file_state(self.file) != self._state:
                raise DataError(self.file, None, "has changed since it was read; record to another file than you read")
            if len(self._found) < _IN_MEMORY:
                self._found += found
            else:
                self._keep_beyond(found)
            self._end += len(found)
            yield True

    def _keep_beyond(self, found: bytearray) -> None:
        try:
            if self._beyond is None:
                self._beyond = tempfile.TemporaryFile(dir=self.temporary)  # noqa: SIM115 - as long as there is this object
            self._beyond.write(found)
            self._beyond.flush()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise DataError(self.file, None, f"its sample ids cannot be kept in {self.temporary}: {reason}") from error


def _file_state(path: Path) -> tuple[int, int]:
    try:
        state = path.stat()
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from error
    return state.st_mtime_ns, state.st_size
