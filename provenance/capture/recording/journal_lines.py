"""Lines of a journal: JSON with a checksum behind it, so that a damaged line is known and costs no other.

A line is its JSON, a tab, eight hex digits of the CRC-32 of the JSON, and a line feed. JSON text has no tab in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from zlib import crc32

import orjson

# What follows the JSON of a line.
_END = re.compile(rb"\t([0-9a-f]{8})")
_END_LENGTH = 10


def encoded(line: Any) -> bytes:
    """The bytes of ``line``, what is to be written as JSON.

    Raises:
        TypeError: JSON cannot hold it.
    """
    content = orjson.dumps(line)
    return b"%b\t%08x\n" % (content, crc32(content))


def content_of(line: bytes) -> bytes | None:
    """The JSON in a line that ends with its line feed; None where it is not as it was written."""
    content = line[:-_END_LENGTH]
    return content if line[-_END_LENGTH:] == b"\t%08x\n" % crc32(content) else None


def whole_contents(lines: Iterable[bytes]) -> Iterator[bytes | None]:
    """The JSON of each of ``lines``, None in place of a damaged one; a last line that was not finished is left out.

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
        if int(end[1], 16) == crc32(content):
            whole.append(content)
            start = end.end() + 1
    yield from whole
    # The damage: what is left, or the line feed that should be between two.
    yield None
