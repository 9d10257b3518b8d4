"""Runs of whole lines, of which blocks of JSON Lines are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from provenance.identity.formats.compressed import ByteStream, open_bytes
from provenance.identity.formats.interface import BLOCK_BYTES, LONGEST_ROW, RowError
from provenance.identity.names import is_read_as_it_is
from provenance.stored import StoredFile

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_FEED = b"\n"
# What is looked at first for the last line feed of a piece, and how much more each time that it has none.
_END_BYTES, _MORE = 4 << 10, 16


class LineRuns:
    """The runs of a file, each without its last line feed, and whether it lacks that: as the file's last may.

    A piece of BLOCK_BYTES ends the run with its last line feed. Afterwards, or after the first run, ``before`` is the
    length of the mark of byte order at the start of the file, which is in no run.

    Iterating raises RowError, for the first row of the run, where one is too long or the file is damaged.
    """

    def __init__(self, path: Path, start: int = 0, watch: Callable[[int], None] | None = None) -> None:
        """``start``: where to begin. ``watch``: is called with the number of bytes that were read, each time."""
        self.before = 0
        self._path = path
        self._start = start
        self._watch = watch or (lambda size: None)

    def __iter__(self) -> Iterator[tuple[bytes, bool]]:
        if is_read_as_it_is(self._path) and not isinstance(self._path, StoredFile) and self._path.is_file():
            with open(self._path, "rb") as file:
                yield from self._by_places(file)
        else:
            with open_bytes(self._path, self._start) as stream:
                yield from self._by_pieces(stream)

    def _by_places(self, file: IO[bytes]) -> Iterator[tuple[bytes, bool]]:
        """For a file that can be read at any place: look up where a run ends, then read it in one go."""
        first = end = self._start
        if not first and file.read(len(_BYTE_ORDER_MARK)) == _BYTE_ORDER_MARK:
            self.before = first = len(_BYTE_ORDER_MARK)
        while (cut := _last_line_feed(file, max(first, end), end + BLOCK_BYTES)) is not None:
            end += BLOCK_BYTES
            if cut >= 0:
                yield self._read(file, first, cut), False
                first = cut + len(_LINE_FEED)
            _check_length(end - first)
        data = self._read(file, first, end + BLOCK_BYTES)
        cut = data.rfind(_LINE_FEED)
        if cut >= 0:
            yield data[:cut], False
        data = data[cut + 1 :]
        _check_length(len(data))
        if data:
            yield data, True

    def _read(self, file: IO[bytes], first: int, end: int) -> bytes:
        file.seek(first)
        data = file.read(end - first)
        self._watch(len(data))
        return data

    def _by_pieces(self, file: ByteStream) -> Iterator[tuple[bytes, bool]]:
        """For a file that can only be read from start to end."""
        parts: list[bytes] = []
        piece = self._next(file)
        if not self._start and piece.startswith(_BYTE_ORDER_MARK):
            self.before = len(_BYTE_ORDER_MARK)
            piece = piece[self.before :]
        while piece:
            cut = piece.rfind(_LINE_FEED)
            if cut >= 0:
                yield b"".join([*parts, memoryview(piece)[:cut]]), False
                parts, piece = [], piece[cut + 1 :]
            parts.append(piece)
            _check_length(sum(map(len, parts)))
            piece = self._next(file)
        if rest := b"".join(parts):
            yield rest, True

    def _next(self, file: ByteStream) -> bytes:
        piece = file.read(BLOCK_BYTES)
        if is_read_as_it_is(self._path):
            self._watch(len(piece))
        return piece


def _last_line_feed(file: IO[bytes], first: int, end: int) -> int | None:
    """The place of the last line feed between ``first`` and ``end``; -1 without one, None if the file ends earlier."""
    size = _END_BYTES
    while True:
        place = max(first, end - size)
        file.seek(place)
        piece = file.read(end - place)
        if len(piece) < end - place:
            return None
        found = piece.rfind(_LINE_FEED)
        if found >= 0 or place == first:
            return place + found if found >= 0 else -1
        size *= _MORE


def _check_length(size: int) -> None:
    if size > LONGEST_ROW:
        raise RowError(0, f"longer than {LONGEST_ROW >> 20} MiB, the most that a row may be")
