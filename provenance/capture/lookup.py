"""A table from keys to values on disk: what a generator left may be as large as the dataset."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
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

    def add(self, key: bytes, value: bytes, join: Callable[[bytes, bytes], bytes | None] | None = None) -> None:
        """Enter ``value``; a key that has another value already becomes ambiguous, unless ``join`` makes one of both.

        Args:
            join: of the value that is there and the new one; None where they are not about one thing.
        """
        if join is not None:
            there = self._value(key)
            if there is not None and there != _AMBIGUOUS and there != value:
                self._connection.execute(
                    "UPDATE entries SET value = ? WHERE key = ?", (join(there, value) or _AMBIGUOUS, key)
                )
                return
        self._connection.execute(
            "INSERT INTO entries VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?3 WHERE value <> ?2",
            (key, value, _AMBIGUOUS),
        )

    def get(self, key: bytes) -> bytes | None:
        """The value of ``key``; None where there is none.

        Raises:
            ValueError: the key has several values.
        """
        value = self._value(key)
        if value == _AMBIGUOUS:
            raise ValueError("fits more than one entry, so it is not a key")
        return value

    def _value(self, key: bytes) -> bytes | None:
        found = self._connection.execute("SELECT value FROM entries WHERE key = ?", (key,)).fetchone()
        return None if found is None else found[0]

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
