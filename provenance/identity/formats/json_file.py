"""JSON in a `.json` file, which the content tells apart: an array, JSON Lines, or one object over several lines."""

from __future__ import annotations

import json
from pathlib import Path

from provenance.identity.formats.compressed import open_bytes
from provenance.identity.formats.interface import BLOCK_BYTES, FileReader, RowError
from provenance.identity.formats.json_array import JSONArrayReader, JSONObjectReader
from provenance.identity.formats.jsonl import JSONLinesReader
from provenance.identity.json_text import decode_text, parse_row
from provenance.identity.samples import Identity

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def open_json(path: Path, identity: Identity) -> FileReader:
    """The reader of the file at ``path``, by how it begins."""
    try:
        with open_bytes(path) as file:
            start = file.read(BLOCK_BYTES).removeprefix(_BYTE_ORDER_MARK).lstrip()
    except RowError:
        return JSONArrayReader(path, identity)  # which reports it
    if start and not start.startswith(b"{"):
        return JSONArrayReader(path, identity)
    return JSONObjectReader(path, identity) if _goes_on(start) else JSONLinesReader(path, identity)


def _goes_on(start: bytes) -> bool:
    """Whether the object at the start is not whole at the end of its first line."""
    first, feed, _ = start.partition(b"\n")
    try:
        parse_row(decode_text(first)) if feed else None
    except json.JSONDecodeError:
        return True
    except ValueError:
        return False
    return False


READER = open_json
