"""Sample ids of whole files, kept by the files' MD5, so that no file is read twice."""

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
                query = f"SELECT md5, id, size FROM ids WHERE digest = ? AND md5 IN ({', '.join('?' * len(some))})"
                found |= {md5: (sample, size) for md5, sample, size in database.execute(query, [digest, *some])}
        return {name: found[md5] for name, md5 in md5s.items() if md5 in found}

    def remember(self, found: Mapping[str, tuple[bytes, int]], digest: str) -> None:
        """Keep the ids and sizes of files that were read."""
        rows = [(digest, md5, *found[name]) for name in found if (md5 := self._md5_of(name)) is not None]
        if rows:
            with self._opened() as database, database:
                database.executemany("INSERT OR REPLACE INTO ids VALUES (?, ?, ?, ?)", rows)

    def _md5_of(self, name: str) -> str | None:
        with self._lock:
            if self._md5s is None:
                self._md5s = self._ask_md5s()
        return self._md5s.get(name)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._lock, closing(self._connect()) as database:
            yield database

    def _connect(self) -> sqlite3.Connection:
        try:
            return _prepared(str(self._file))
        except sqlite3.DatabaseError:
            # Damaged, or locked by another process: it is only a memory.
            with suppress(OSError):
                self._file.unlink()
            return _prepared(":memory:")


def _prepared(name: str) -> sqlite3.Connection:
    database = sqlite3.connect(name)
    try:
        database.execute(
            "CREATE TABLE IF NOT EXISTS ids(digest TEXT, md5 TEXT, id BLOB, size INTEGER, PRIMARY KEY (digest, md5)) "
            "WITHOUT ROWID"
        )
        database.execute("SELECT * FROM ids LIMIT 1")
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database
