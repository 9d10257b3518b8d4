"""A table from keys to values on disk: what a generator left may be as large as the dataset."""

from __future__ import annotations

import sqlite3
from pathlib import Path

_CACHE_KIB = 64 * 1024
_AMBIGUOUS = b""


class Lookup:
    """Values by key, both bytes; a value is not empty. A key may be entered again with the same value only."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        # The file is temporary: nothing of it is worth a sync or a journal.
        for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE_KIB}"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE entries(key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
        self._connection.execute("BEGIN")

    def add(self, key: bytes, value: bytes) -> None:
        """Enter ``value``; a key that has another value already becomes ambiguous."""
        self._connection.execute(
            "INSERT INTO entries VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?3 WHERE value <> ?2",
            (key, value, _AMBIGUOUS),
        )

    def get(self, key: bytes) -> bytes | None:
        """The value of ``key``; None where there is none.

        Raises:
            ValueError: the key has several values.
        """
        found = self._connection.execute("SELECT value FROM entries WHERE key = ?", (key,)).fetchone()
        if found is None:
            return None
        if found[0] == _AMBIGUOUS:
            raise ValueError("fits more than one entry, so it is not a key")
        value: bytes = found[0]
        return value

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
