"""JSON rows as text: parsed strictly, and rid of members without touching the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import NoReturn

from provenance.identity.canonical import has_surrogate, shown
from provenance.identity.field_names import RESERVED_COLUMNS

_QUOTED = tuple(f'"{name}"'.encode() for name in sorted(RESERVED_COLUMNS))

JSON_SPACE = " \t\r\n"
_SPACE = re.compile(f"[{JSON_SPACE}]*")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {shown(twice)} appears twice in one object")
    if not (joined := "".join(members)).isascii():
        _require_encodable(joined, members)
    return members


def _require_encodable(joined: str, members: Collection[str]) -> None:
    """Raise ValueError where a key cannot be written as UTF-8: neither Arrow nor the canonical form can hold it."""
    try:
        joined.encode()
    except UnicodeEncodeError:
        wrong = next(name for name in members if has_surrogate(name))
        raise ValueError(f"the key {shown(wrong)} holds an unpaired surrogate, which no text may; mend it") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON; use null")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant)


def decode_text(raw: bytes) -> str:
    """``raw`` as UTF-8; raises ValueError with the problem in words."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 (byte {error.start + 1} of the row); convert the file to UTF-8") from None


def parse_row(text: str) -> dict[str, object]:
    """The row that the JSON ``text`` holds, integers exact; raises ValueError with the problem in words."""
    row, end = parse_value(text, _skip_space(text, 0))
    if _skip_space(text, end) != len(text):
        raise ValueError(f"something follows the row's object, at character {end + 1}")
    return as_row(row)


def parse_value(text: str, start: int) -> tuple[object, int]:
    """The JSON value at ``start`` and where it ends; raises ValueError with the problem in words.

    A json.JSONDecodeError means that the text is not JSON, or not yet whole; another ValueError that it is refused.
    """
    try:
        return _DECODER.raw_decode(text, start)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        if "int_max_str_digits" in str(error):
            raise ValueError("an integer of more than 4300 digits") from None
        raise


def as_row(value: object) -> dict[str, object]:
    """``value``, which must be an object; raises ValueError with the problem in words."""
    if not isinstance(value, dict):
        kind = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}.get(type(value), "a number")
        raise ValueError(f"a row must be a JSON object, and this is {kind}")
    return value


def problem_of(error: ValueError) -> str:
    """What is wrong, in words, for an error of this module's functions."""
    if isinstance(error, json.JSONDecodeError):
        return f"not valid JSON: {error.msg} at character {error.pos + 1}"
    return str(error)


def without_members(text: str, names: Collection[str]) -> str:
    """The JSON object ``text`` (already known to be valid) without its members ``names``; the rest stays as it is."""
    start = _skip_space(text, 0) + 1
    kept: list[str] = []
    position, dropped = start, False
    while text[position := _skip_space(text, position)] != "}":
        member = position
        name, end = parse_value(text, position)
        value = _skip_space(text, _skip_space(text, end) + 1)
        _, end = parse_value(text, value)
        if name in names:
            dropped = True
        else:
            kept.append(text[member:end])
        position = _skip_space(text, end)
        if text[position] == ",":
            position += 1
    return f"{text[:start]}{', '.join(kept)}{text[position:]}" if dropped else text


def may_name(raw: bytes) -> bool:
    """Whether ``raw`` JSON could hold a reserved column's name, plain or escaped: a cheap test with false alarms."""
    return any(name in raw for name in _QUOTED) or b"\\u00" in raw


def _skip_space(text: str, start: int) -> int:
    match = _SPACE.match(text, start)
    return match.end() if match else start
