"""CSV's quotation marks, checked before Arrow sees them: it reads what RFC 4180 forbids as something else, silently."""

from __future__ import annotations

import io
import re

import numpy as np

from provenance.identity.formats.compressed import ByteStream

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MARK, _LINE_FEED, _CARRIAGE_RETURN = b'"\n\r'
_REMEDY = 'enclose the whole cell in quotation marks and double those within it ("")'


class WholeRows(io.RawIOBase):
    """The bytes of a CSV file up to, and without, the first row that cannot be read for its quotation marks.

    ``longest``: of how many bytes a row may be. ``problem``: what is wrong with the row after the last one that was
    handed over, or None.
    """

    def __init__(self, file: ByteStream, delimiter: str, longest: int) -> None:
        self._file = file
        self._longest = longest
        self._rest = b""
        self._begun = self._ended = False
        self.problem: str | None = None
        self._apart = f"{delimiter}\r\n".encode()
        # A mark within a cell that does not begin with one is a character like others, to every reader.
        self._cell = re.compile(rb'"(?<![^%b]")[^"]*(?:""[^"]*)*("?)' % re.escape(self._apart))

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Whole rows, of at most ``size`` bytes."""
        size = min(size, self._longest) if size > 0 else self._longest
        while not self._ended:
            added = self._file.read(max(size - len(self._rest), 1))
            self._ended = not added
            data = self._rest + added
            if not self._begun and (len(data) >= len(_BYTE_ORDER_MARK) or self._ended):
                data, self._begun = data.removeprefix(_BYTE_ORDER_MARK), True
            end = self._end_of_rows(data)
            self._rest = data[end:]
            if end:
                return data[:end]
            if len(data) >= self._longest and not self._ended:
                self._stop(f"longer than {self._longest >> 20} MiB, the most that a row of CSV may be")
        return b""

    def close(self) -> None:
        self._file.close()
        super().close()

    def _end_of_rows(self, data: bytes) -> int:
        """Where in ``data``, which begins with a row, the last row ends that is whole and can be read."""
        if not self._ended and (end := self._end_of_paired(data)):
            return end
        end = after = 0
        for cell in self._cell.finditer(data) if b'"' in data else ():
            end = max(end, _line_end(data, after, cell.start()))
            after = cell.end()
            if after == len(data) and not (self._ended and cell[1]):
                if self._ended:
                    self._stop(f"a quoted cell does not end: is the file cut short? Else {_REMEDY}")
                return end
            if after < len(data) and data[after] not in self._apart:
                self._stop(f"text follows a cell's closing quotation mark; {_REMEDY}")
                return end
        return len(data) if self._ended else max(end, _line_end(data, after, len(data)))

    def _end_of_paired(self, data: bytes) -> int:
        """As `_end_of_rows`, all marks at once; 0 where these do not simply open and close cells, turn by turn."""
        seen = np.frombuffer(data, np.uint8)
        marks = np.flatnonzero(seen == _MARK)
        lines = np.flatnonzero((seen[:-1] == _CARRIAGE_RETURN) | (seen[:-1] == _LINE_FEED))
        outside = lines[np.searchsorted(marks, lines) % 2 == 0]
        if not outside.size:
            return 0
        end = int(outside[-1]) + 1
        marks = marks[marks < end]
        # Two marks within a cell, which stand for one, close and open it for the purpose of this.
        beside = np.concatenate([seen[np.maximum(marks[::2] - 1, 0)], seen[marks[1::2] + 1]])
        return end if np.isin(beside, np.frombuffer(self._apart + b'"', np.uint8)).all() else 0

    def _stop(self, problem: str) -> None:
        self._ended, self.problem = True, problem


def _line_end(data: bytes, start: int, end: int) -> int:
    """Where the last line that ends in ``data[start:end]`` ends, or 0; a carriage return may be half a line end."""
    return max(data.rfind(b"\n", start, end), data.rfind(b"\r", start, min(end, len(data) - 1))) + 1
