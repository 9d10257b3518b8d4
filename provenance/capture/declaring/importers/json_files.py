"""JSON that generators left beside a dataset, read line by line; what cannot be read is an error that says where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from provenance.errors import DataError

_LONGEST_LINE = 64 << 20
_LARGEST_DOCUMENT = 64 << 20


def json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects of a JSON Lines file, each with the number of its line; blank lines are passed over.

    Raises:
        DataError: the file cannot be read, or a line is too long or not a JSON object.
    """
    try:
        with open(path, "rb") as lines:
            number = 0
            while line := lines.readline(_LONGEST_LINE):
                number += 1
                if len(line) == _LONGEST_LINE:
                    raise DataError(path, number, f"longer than {_LONGEST_LINE >> 20} MiB")
                if line.strip():
                    yield number, _object(line, path, number)
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from error


def json_document(path: Path) -> Mapping[str, Any]:
    """The object that is the whole of a JSON file.

    Raises:
        DataError: the file cannot be read, is too large, or is not a JSON object.
    """
    try:
        with open(path, "rb") as opened:
            content = opened.read(_LARGEST_DOCUMENT + 1)
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from error
    if len(content) > _LARGEST_DOCUMENT:
        raise DataError(path, None, f"larger than {_LARGEST_DOCUMENT >> 20} MiB")
    return _object(content, path, None)


def member(document: Any, *names: str) -> Any:
    """What ``document`` has under a path of names; None where it has nothing there."""
    for name in names:
        if not isinstance(document, Mapping):
            return None
        document = document.get(name)
    return document


def _object(text: bytes, path: Path, line: int | None) -> Mapping[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise DataError(path, line, f"not JSON: {error}") from error
    if not isinstance(found, dict):
        raise DataError(path, line, "not a JSON object")
    return found
