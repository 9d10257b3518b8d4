"""MD5s of files that were read here, remembered for as long as nobody has written to the files.

DVC remembers too, but trusts a file whose size and time of change are the same, and any program can put that time back.
Here a file is read again also when the time that only the kernel sets is another.
"""

from __future__ import annotations

import os
from pathlib import Path

from provenance.cached import read_cached, write_cached
from provenance.file_digests import md5_of, stamp_of

_VERSION = 1
_FILE = "read-hashes.json"


class ReadHashes:
    """``temporary``: a directory for what can be made again."""

    def __init__(self, temporary: Path) -> None:
        self._file = temporary / _FILE
        self._known: dict[str, tuple[list[int], str]] = read_cached(self._file, _VERSION) or {}

    def md5(self, file: Path) -> str:
        """The MD5, in hex, of the file's content.

        Raises:
            OSError: it cannot be read.
        """
        name, before = str(file), stamp_of(file)
        known = self._known.get(name)
        if known is not None and known[0] == before:
            return known[1]
        found = md5_of(file)
        if stamp_of(file) == before:
            self._known[name] = (before, found)
            there = {path: kept for path, kept in self._known.items() if os.path.exists(path)}
            write_cached(self._file, _VERSION, there)
        return found
