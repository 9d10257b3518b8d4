"""Sample ids of whole files, kept by the files' MD5, so that no file is read twice.

Each is kept with a checksum, which is compared before it is believed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

_DATABASE = "file-ids.sqlite"
_PLACES_IN_A_QUERY = 500


class FileIds:
    """Ids and sizes of the files of one directory. What is kept can be deleted at any time.

    Args:
        folder: where ids are kept, for all directories together.
        md5s: gives the MD5, in hex, of the directory's files by their paths in it. Called once, when first needed; a
            file that it leaves out is read each time.
    """

    def __init__(self, folder: Path, md5s: Callable[[], Mapping[str, str]]) -> None:
        self._file = folder / _DATABASE
        self._ask_md5s = md5s
        self._md5s: Mapping[str, str] | None = None
        self._lock = threading.Lock()

    def known(self, names: Sequence[str], digest: str) -> dict[str, tuple[bytes, int]]:
        """The id by the digest called ``digest``, and the size in bytes, of those of the files that are remembered."""
        md5s = {name: self._md5_of(name) for name in names}
        wanted = list({md5 for md5 in md5s.values() if md5 is not None})
        found: dict[str, tuple[bytes, int]] = {}
        with self._opened() as database:
            for start in range(0, len(wanted), _PLACES_IN_A_QUERY):
                some = wanted[start : start + _PLACES_IN_A_QUERY]
                places = ", ".join("?" * len(some))
                query = f"SELECT md5, id, size, checksum FROM file_ids WHERE digest = ? AND md5 IN ({places})"
                for md5, sample, size, checksum in database.execute(query, [digest, *some]):
                    if checksum == _checksum(digest, md5, sample, size):
                        found[md5] = (sample, size)
        return {name: found[md5] for name, md5 in md5s.items() if md5 in found}

    def remember(self, found: Mapping[str, tuple[bytes, int]], digest: str) -> None:
        """Keep the ids and sizes of files that were read."""
        named = [(digest, md5, *found[name]) for name in found if (md5 := self._md5_of(name)) is not None]
        if named:
            rows = [(*values, _checksum(*values)) for values in named]
            with self._opened() as database, database:
                database.executemany("INSERT OR REPLACE INTO file_ids VALUES (?, ?, ?, ?, ?)", rows)

    def _md5_of(self, name: str) -> str | None:
        with self._lock:
            if self._md5s is None:
                self._md5s = self._ask_md5s()
        return self._md5s.get(name)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._lock, closing(self._connect()) as database:
            try:
                yield database
            except sqlite3.OperationalError:
                pass  # locked by another process, or it cannot be written to: it is only a memory
            except sqlite3.DatabaseError:
                self._forget()

    def _connect(self) -> sqlite3.Connection:
        try:
            return _prepared(str(self._file))
        except sqlite3.DatabaseError:
            # Damaged, or locked by another process: it is only a memory.
            self._forget()
            return _prepared(":memory:")

    def _forget(self) -> None:
        with suppress(OSError):
            self._file.unlink()


def _checksum(digest: object, md5: object, sample: object, size: object) -> bytes:
    from xxhash import xxh3_64_digest

    return xxh3_64_digest(repr((digest, md5, sample, size)).encode())


def _prepared(name: str) -> sqlite3.Connection:
    database = sqlite3.connect(name)
    try:
        database.execute(
            "CREATE TABLE IF NOT EXISTS file_ids(digest TEXT, md5 TEXT, id BLOB, size INTEGER, checksum BLOB, "
            "PRIMARY KEY (digest, md5)) WITHOUT ROWID"
        )
        database.execute("SELECT * FROM file_ids LIMIT 1")
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database
