"""Cells of CSV columns whose type is declared. A parser raises ValueError with what the cell is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from provenance.identity.canonical import ContentError, nanoseconds_since_1970, timestamp_text

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.([0-9]{1,9}))?(Z|[-+][0-9]{2}:[0-9]{2})?)?"
)
# What a column without a declared type is taken for a number by: looser than the types, since nothing is parsed.
_LIKE_A_NUMBER = re.compile(r"\s*([-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?|true|false|nan)\s*", re.IGNORECASE)
_BOOLEANS = {"true": True, "false": False}


def reads_as_number(cell: str) -> bool:
    """Whether a cell of a column without a declared type reads as a number or a truth value."""
    return _LIKE_A_NUMBER.fullmatch(cell) is not None


def parse_integer(cell: str) -> int:
    if not _INTEGER.fullmatch(cell := cell.strip(" ")):
        raise ValueError("an integer")
    try:
        return int(cell)
    except ValueError:
        raise ValueError("an integer of at most 4300 digits") from None


def parse_number(cell: str) -> int | float:
    """A number as JSON writes it: an integer where it has neither fraction nor exponent."""
    if not (match := _NUMBER.fullmatch(cell := cell.strip(" "))):
        raise ValueError("a number")
    return float(cell) if match[2] or match[3] else parse_integer(cell)


def parse_boolean(cell: str) -> bool:
    if (value := _BOOLEANS.get(cell.strip(" ").lower())) is None:
        raise ValueError("a boolean (true or false)")
    return value


def parse_timestamp(cell: str) -> str:
    """RFC 3339 text in UTC, of a date or a date and time; without a time zone it is UTC already."""
    if not (match := _TIMESTAMP.fullmatch(cell := cell.strip(" "))):
        raise ValueError("a timestamp (like 2026-01-31T12:00:00Z)")
    date, time, fraction, zone = match.groups(default="")
    try:
        seconds = nanoseconds_since_1970(datetime.fromisoformat(f"{date}T{time or '00:00'}{zone}"))
        return timestamp_text(seconds + int(fraction.ljust(9, "0")))
    except (ValueError, ContentError):
        raise ValueError("a timestamp (like 2026-01-31T12:00:00Z)") from None


PARSERS: dict[str, Callable[[str], object]] = {
    "string": str,
    "integer": parse_integer,
    "number": parse_number,
    "boolean": parse_boolean,
    "timestamp": parse_timestamp,
}
