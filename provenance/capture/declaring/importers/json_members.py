"""A large JSON document of two levels, read one member of a member at a time: no document is ever held as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from provenance.errors import DataError

_AT_ONCE = 1 << 16
_LONGEST_VALUE = 64 << 20
_SPACE = " \t\r\n"
_AFTER_VALUES = tuple(f"{_SPACE},:}}]")


def members_of_members(path: Path) -> Iterator[tuple[str, str, Any]]:
    """Of ``{"a": {"b": 1}}``: a, b, 1. What is no object at the first level is passed over; a name may come again.

    Raises:
        DataError: the file cannot be read, is not a JSON object, or a value in it is too long.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            yield from _members_of_members(_Text(file))
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(path, None, f"not a JSON document that can be used: {error}") from error


def _members_of_members(text: _Text) -> Iterator[tuple[str, str, Any]]:
    for name in text.names():
        if text.peek() != "{":
            text.value()
            continue
        for inner in text.names():
            yield name, inner, text.value()
    if text.peek():
        raise ValueError("something follows its end")


class _Text:
    """The text of a document, of which as much is held as one value takes."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._held, self._place, self._is_all = "", 0, False
        self._decoder = json.JSONDecoder()

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            while self._place < len(self._held) and self._held[self._place] in _SPACE:
                self._place += 1
            if self._place < len(self._held) or not self._more():
                return self._held[self._place : self._place + 1]

    def names(self) -> Iterator[str]:
        """The names of the object that begins here; the caller takes each one's value before the next."""
        self._take("{")
        if self.peek() == "}":
            self._take("}")
            return
        while True:
            name = self.value()
            if not isinstance(name, str):
                raise ValueError("a name is not text")
            self._take(":")
            yield name
            if self.peek() == "}":
                self._take("}")
                return
            self._take(",")

    def value(self) -> Any:
        """The value that begins here, whole."""
        self.peek()
        while True:
            try:
                found, end = self._decoder.raw_decode(self._held, self._place)
            except ValueError:
                if not self._more():
                    raise
                continue
            # A number at the end of what is held may go on: 1, 1., 1.5.
            if self._held[end : end + 1] not in _AFTER_VALUES and self._more():
                continue
            self._place = end
            return found

    def _take(self, sign: str) -> None:
        if (found := self.peek()) != sign:
            raise ValueError(f"{found!r} where {sign!r} should be" if found else "it ends too early")
        self._place += 1

    def _more(self) -> bool:
        """Hold more, at least as much again: a long value is not tried again at each step."""
        if self._is_all:
            return False
        self._held, self._place = self._held[self._place :], 0
        if len(self._held) > _LONGEST_VALUE:
            raise ValueError(f"a value is longer than {_LONGEST_VALUE >> 20} Mi characters")
        read = self._file.read(max(_AT_ONCE, len(self._held)))
        self._held += read
        self._is_all = not read
        return bool(read)
