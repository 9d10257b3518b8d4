"""Lines of a journal: fields of JSON with a checksum behind them, so that a damaged line is known and costs no other.

A line is its content, a tab, eight hex digits of the checksum of the content, and a line feed. The content is fields of
JSON with tabs between them, as JSON text has no tab in it:

- of a row, its key (nothing where it has none), its birth and the row itself
- of a batch, an object that says what is to be known of its rows, and each of these rows
- of anything else, one object
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from xxhash import xxh3_64_hexdigest

from provenance.errors import ProvenanceError

if TYPE_CHECKING:
    from provenance.lineage.schema import Birth

Key = str | int

# The checksum with the tab before it.
_END = re.compile(rb"\t([0-9a-f]{8})")
_CHECKSUM_LENGTH = 8
# What follows the content, with the tab before it and the line feed behind it.
END_LENGTH = _CHECKSUM_LENGTH + 2
# How many tabs a row's line has.
TABS_OF_ROW = 3
# What a line begins with that is no row's: a key is text, a number or nothing.
OBJECT = b"{"


def line_of(content: bytes) -> bytes:
    """The line that holds ``content``."""
    return b"".join((content, b"\t", xxh3_64_hexdigest(content).encode()[-_CHECKSUM_LENGTH:], b"\n"))


def row_line(row: bytes, birth: Birth | None, key: Key | None) -> bytes:
    """The line of a row (its JSON), of which no more than ``birth`` is known.

    Raises:
        ProvenanceError: JSON cannot hold the birth or the key.
    """
    try:
        content = b"\t".join((b"" if key is None else orjson.dumps(key), orjson.dumps(birth), row))
    except TypeError as error:
        raise _not_recordable(error) from error
    return line_of(content)


def batch_line(rows: bytearray, births: Mapping[str, Any], keys: Sequence[Key | None]) -> bytearray:
    """The line of ``rows`` (their JSON, a tab behind each), whose ``births`` are columns as `batch_births` has them.

    Raises:
        ProvenanceError: JSON cannot hold what comes with them.
    """
    about: dict[str, Any] = {"rows": len(keys), "births": births}
    if any(key is not None for key in keys):
        about["keys"] = keys
    try:
        described = orjson.dumps(about)
    except TypeError as error:
        raise _not_recordable(error) from error
    # Joined once: this is as long as all rows. The checksum is put where it was left free.
    line = bytearray(b"").join((described, b"\t", rows, b"0" * _CHECKSUM_LENGTH, b"\n"))
    with memoryview(line) as seen:
        seen[-_CHECKSUM_LENGTH - 1 : -1] = xxh3_64_hexdigest(seen[:-END_LENGTH]).encode()[-_CHECKSUM_LENGTH:]
    return line


def encoded(line: Mapping[str, Any]) -> bytes:
    """The line that is no row's, of what is to be written as JSON.

    Raises:
        ProvenanceError: JSON cannot hold it.
    """
    try:
        return line_of(orjson.dumps(line))
    except TypeError as error:
        raise _not_recordable(error) from error


def _not_recordable(error: TypeError) -> ProvenanceError:
    return ProvenanceError(f"recorder: what comes with a row cannot be recorded: {error}")


def content_of(line: bytes) -> bytes | None:
    """The content of a line that ends with its line feed; None where it is not as it was written."""
    content = line[:-END_LENGTH]
    return content if line == line_of(content) else None


def is_of_rows(content: bytes) -> bool:
    """Whether it is the content of the line of a row, or of a batch of rows."""
    return b"\t" in content


def fields_of_row(content: bytes) -> tuple[bytes, bytes, bytes] | None:
    """The key, the birth and the row in the content of a row's line; None where it is another line's."""
    if content.startswith(OBJECT):
        return None
    fields = content.split(b"\t")
    return (fields[0], fields[1], fields[2]) if len(fields) == TABS_OF_ROW else None


def parts_of_batch(content: bytes) -> tuple[bytes, bytes] | None:
    """What is to be known of a batch, and its rows with tabs between them; None where it is the content of another."""
    about, tab, rows = content.partition(b"\t")
    return (about, rows) if tab and about.startswith(OBJECT) else None


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
