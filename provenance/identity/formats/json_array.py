"""JSON: one array of objects, or one object over several lines, read through a sliding window."""

from __future__ import annotations

import codecs
import json
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import DataError
from provenance.identity.formats.compressed import ByteStream, create_bytes, open_bytes
from provenance.identity.formats.interface import LONGEST_ROW, Block, FileReader, RowError
from provenance.identity.formats.row_block import blocks_of
from provenance.identity.json_text import as_row, parse_value, problem_of, without_members

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_CHUNK_BYTES = 1 << 20
_SPACE = " \t\r\n"
# An error this near to the window's end may only mean that the window ends within a literal or an escape.
_LONGEST_TOKEN = 16
_CUT_SHORT = "the array does not end: is the file cut short?"


class JSONArrayReader(FileReader):
    """See `Reader`. A byte order mark at the start is skipped."""

    def blocks(self, columns: Collection[str] | None = None) -> Iterator[Block]:
        return blocks_of((row, len(text)) for text, row in self._elements())

    def has_columns(self, names: Collection[str]) -> bool:
        return any(not row.keys().isdisjoint(names) for _, row in self._numbered_elements())

    def write_without(self, names: Collection[str], target: Path) -> None:
        self._write(
            (
                text if row.keys().isdisjoint(names) else without_members(text, names)
                for text, row in self._numbered_elements()
            ),
            target,
        )

    def write_rows(self, kept: npt.NDArray[np.bool_], target: Path) -> None:
        self._write((text for number, (text, _) in enumerate(self._numbered_elements()) if kept[number]), target)

    def _write(self, texts: Iterable[str], target: Path) -> None:
        separator = "[\n"
        with create_bytes(target, self.path) as output:
            for text in texts:
                output.write(f"{separator}{text}".encode())
                separator = ",\n"
            output.write(b"[]\n" if separator == "[\n" else b"\n]\n")

    def _numbered_elements(self) -> Iterator[tuple[str, dict[str, object]]]:
        number = 0
        try:
            for element in self._elements():
                number += 1
                yield element
        except RowError as error:
            raise DataError(self.path, number + 1, error.problem) from None

    def _elements(self) -> Iterator[tuple[str, dict[str, object]]]:
        """The text and the value of each row; RowError counts from the last row that was yielded."""
        with open_bytes(self.path) as file:
            window = _Window(file)
            try:
                if window.next_character() != "[":
                    problem = "neither an array of objects nor one object a line"
                    raise DataError(self.path, None, problem)
                window.position += 1
                more = window.next_character() != "]"
                while more:
                    text, value = window.value()
                    yield text, as_row(value)
                    more = window.next_character() == ","
                    window.position += more
                window.close()
            except ValueError as error:
                raise RowError(0, problem_of(error)) from None


class JSONObjectReader(JSONArrayReader):
    """See `Reader`. The only row is the object, after which nothing may follow."""

    def _write(self, texts: Iterable[str], target: Path) -> None:
        with create_bytes(target, self.path) as output:
            output.writelines(f"{text}\n".encode() for text in texts)

    def _elements(self) -> Iterator[tuple[str, dict[str, object]]]:
        with open_bytes(self.path) as file:
            window = _Window(file)
            try:
                text, value = window.value()
                if window.next_character():
                    problem = "something follows the first object, which takes several lines"
                    raise ValueError(f"{problem}; write one object a line, or an array of objects")
                yield text, as_row(value)
            except ValueError as error:
                raise RowError(0, problem_of(error)) from None


class _Window:
    """A part of the file as text, from ``position`` on not yet read. Its methods raise ValueError with the problem."""

    def __init__(self, file: ByteStream) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._ended = False
        self._broken = False
        self.position = 0

    def next_character(self) -> str:
        """Skip white space; the character after it, or nothing at the file's end."""
        while True:
            while self.position < len(self._text):
                if self._text[self.position] not in _SPACE:
                    return self._text[self.position]
                self.position += 1
            if not self._grow():
                return ""

    def value(self) -> tuple[str, object]:
        """The next JSON value, as text and parsed."""
        if not self.next_character():
            raise ValueError(_CUT_SHORT)
        while True:
            try:
                value, end = parse_value(self._text, self.position)
            except json.JSONDecodeError as error:
                whole = not error.msg.startswith("Unterminated") and error.pos < len(self._text) - _LONGEST_TOKEN
                if whole or not self._grow():
                    place = error.pos - self.position
                    hint = "" if whole else f" ({_CUT_SHORT})"
                    raise ValueError(f"not valid JSON: {error.msg} at character {place + 1} of the row{hint}") from None
            else:
                text = self._text[self.position : end]
                if len(text) > LONGEST_ROW:
                    raise ValueError(f"longer than {LONGEST_ROW >> 20} MiB, the most that a row may be")
                self.position = end
                return text, value

    def close(self) -> None:
        """Read the end of the array, after which nothing may follow."""
        if self.next_character() != "]":
            raise ValueError("a comma or the array's end is missing after the row before" if self._text else _CUT_SHORT)
        self.position += 1
        if self.next_character():
            raise ValueError("something follows the array's end")

    def _grow(self) -> bool:
        """Drop what was read and add as much again as is left, at least a chunk; False at the file's end."""
        if self._broken:
            raise ValueError("not UTF-8; convert the file to UTF-8")
        if self._ended:
            return False
        rest = self._text[self.position :]
        if len(rest) > LONGEST_ROW:
            raise ValueError(f"longer than {LONGEST_ROW >> 20} MiB, the most that a row may be")
        chunk = self._file.read(max(_CHUNK_BYTES, len(rest)))
        self._ended = not chunk
        try:
            added = self._decoder.decode(chunk, final=self._ended)
        except UnicodeDecodeError as error:
            # The rows before the bad bytes are still read, so that the error names the right one.
            added, self._broken = error.object[: error.start].decode(), True
        self._text, self.position = rest + added, 0
        return True
