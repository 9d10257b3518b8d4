"""Lines of a journal: fields of JSON with a checksum behind them, so that a damaged line is known and costs no other.

A line is its content, a tab, eight hex digits of the checksum of the content, and a line feed. The content of a row's
line is three fields with tabs between them: its key (nothing where it has none), its birth and the row itself; that of
any other line is one. JSON text has no tab in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from xxhash import xxh3_64_intdigest

# What follows the content of a line.
_END = re.compile(rb"\t([0-9a-f]{8})")
_END_LENGTH = 10
# How many tabs a row's line has.
TABS_OF_ROW = 3


def line_of(content: bytes) -> bytes:
    """The line that holds ``content``."""
    return b"%b\t%08x\n" % (content, xxh3_64_intdigest(content) & 0xFFFFFFFF)


def line_of_row(key: bytes, birth: bytes, row: bytes) -> bytes:
    """The line of a row; each is JSON, and the key nothing where it has none."""
    return line_of(b"%b\t%b\t%b" % (key, birth, row))


def encoded(line: Any) -> bytes:
    """The line that is no row's, of what is to be written as JSON.

    Raises:
        TypeError: JSON cannot hold it.
    """
    return line_of(orjson.dumps(line))


def content_of(line: bytes) -> bytes | None:
    """The content of a line that ends with its line feed; None where it is not as it was written."""
    content = line[:-_END_LENGTH]
    return content if line == line_of(content) else None


def fields_of_row(content: bytes) -> tuple[bytes, bytes, bytes] | None:
    """The key, the birth and the row in the content of a row's line; None where it is another line's."""
    fields = content.split(b"\t")
    return (fields[0], fields[1], fields[2]) if len(fields) == TABS_OF_ROW else None


def whole_contents(lines: Iterable[bytes]) -> Iterator[bytes | None]:
    """The content of each of ``lines``, None in place of a damaged one; a last line that was not finished is left out.

    Where it is a line feed that was damaged, two lines look like one, and are told apart.
    """
    for line in lines:
        if not line.endswith(b"\n"):
            return
        content = content_of(line)
        if content is not None:
            yield content
        else:
            yield from _parts(line)


def _parts(line: bytes) -> Iterator[bytes | None]:
    start, whole = 0, []
    for end in _END.finditer(line):
        content = line[start : end.start()]
        if line_of(content) == content + end[0] + b"\n":
            whole.append(content)
            start = end.end() + 1
    yield from whole
    # The damage: what is left, or the line feed that should be between two.
    yield None
