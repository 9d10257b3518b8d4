"""Copies of what is elsewhere (in git, in another repository), so that it is fetched once.

A copy's name ends with the MD5 of its content, which is looked at whenever the copy is wanted: one that was damaged is
made again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from provenance.file_digests import md5_of
from provenance.files import scratch_folder
from provenance.repository.read_hashes import ReadHashes


class KeptCopies:
    """The copies in ``folder``, by keys of hex digits. ``hashes`` are read of the files."""

    def __init__(self, folder: Path, hashes: ReadHashes) -> None:
        self._folder = folder
        self._hashes = hashes

    def find(self, key: str) -> Path | None:
        """The copy that is kept by ``key``; None where there is none, or none that is whole."""
        for file in sorted(self._folder.glob(f"{key}.*")):
            if self._is_whole(file):
                return file
        return None

    def keep(self, key: str, write: Callable[[Path], None]) -> Path:
        """What ``write`` writes to the path that it is given, as the copy of ``key`` from now on."""
        with scratch_folder(self._folder, "copy") as folder:
            draft = folder / "content"
            draft.touch()
            write(draft)
            copy = self._folder / f"{key}.{md5_of(draft)}"
            os.replace(draft, copy)
        return copy

    def _is_whole(self, file: Path) -> bool:
        try:
            is_whole = self._hashes.md5(file) == file.suffix[1:]
        except FileNotFoundError:
            # Another command has just removed it.
            return False
        if not is_whole:
            with suppress(OSError):
                file.unlink()
        return is_whole
