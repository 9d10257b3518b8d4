"""Canonical form, version 1, of Python values: deterministic CBOR (RFC 8949, section 4.2.1).

This is the reference that every other way to compute the form must equal; `columnar` is the fast one. The rules are
specified in docs/specification/sample-identity.md.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from provenance.errors import ProvenanceError

CANONICAL_FORM = 1

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG = (major << 5 for major in (0, 1, 2, 3, 4, 5, 6))
FALSE, TRUE, NULL = b"\xf4", b"\xf5", b"\xf6"
_POSITIVE_BIGNUM, _NEGATIVE_BIGNUM, _DECIMAL_FRACTION = 2, 3, 4
# The members by which `datasets` holds an image, a sound or a video: its bytes and the file that they are from.
FILE_BYTES, FILE_PATH = "bytes", "path"
_NANOSECONDS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GREATEST_DECIMAL_EXPONENT = 6144  # of decimal128 in IEEE 754; an integer beyond it is an attack, not data


class ContentError(ProvenanceError):
    """A value that has no canonical form; ``problem`` says why, and ``location`` in which member."""

    def __init__(self, problem: str, location: tuple[str, ...] = ()) -> None:
        self.problem = problem
        self.location = location
        super().__init__(f"field {shown('.'.join(location))}: {problem}" if location else problem)


def has_surrogate(text: str) -> bool:
    """Whether ``text`` holds an unpaired surrogate, which UTF-8, and so neither Arrow nor an id, can hold."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def shown(name: str) -> str:
    """``name`` quoted for a one-line message: control characters escaped, and cut to a readable length."""
    return repr(name if len(name) <= 80 else name[:77] + "...")


def encode_row(row: Mapping[str, object], names: Iterable[str]) -> bytes:
    """The canonical form of the members ``names`` of ``row``; members that are null or missing are left out.

    Raises:
        ContentError: a value has no canonical form.
    """
    try:
        return _map({name: row.get(name) for name in names})
    except RecursionError:
        raise ContentError("nested too deeply") from None


def encode(value: object) -> bytes:
    """The canonical form of one value.

    Raises:
        ContentError: the value, or one inside it, has no canonical form.
    """
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return NULL
    if isinstance(value, bool):
        return TRUE if value else FALSE
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Mapping):
        return _map(_without_place(value))
    if isinstance(value, list | tuple):
        return head(ARRAY, len(value)) + b"".join([encode(element) for element in value])
    return _encode_rare(value)


def _encode_rare(value: object) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return head(BYTES, len(bytes(value))) + bytes(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, datetime):
        return _text(timestamp_text(nanoseconds_since_1970(value)))
    if isinstance(value, date):
        return _text(value.isoformat())
    if isinstance(value, time):
        return _time(value)
    raise ContentError(f"a value of type {type(value).__name__} has no canonical form")


def head(major: int, argument: int) -> bytes:
    """The shortest head of a data item: ``major`` is the major type, shifted to the three high bits."""
    if argument < 24:
        return bytes((major | argument,))
    if argument < 1 << 8:
        return bytes((major | 24, argument))
    if argument < 1 << 16:
        return struct.pack(">BH", major | 25, argument)
    if argument < 1 << 32:
        return struct.pack(">BI", major | 26, argument)
    return struct.pack(">BQ", major | 27, argument)


def timestamp_text(nanoseconds: int) -> str:
    """RFC 3339 text in UTC of a time in nanoseconds since 1970, its fraction without trailing zeros.

    Raises:
        ContentError: outside the years 1 to 9999.
    """
    seconds, fraction = divmod(nanoseconds, _NANOSECONDS)
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise ContentError("a timestamp outside the years 1 to 9999 has no canonical form") from None
    return f"{moment.replace(tzinfo=None).isoformat()}{_fraction_text(fraction)}Z"


def nanoseconds_since_1970(value: datetime) -> int:
    """The time in nanoseconds since 1970; one without a time zone is in UTC.

    Raises:
        ContentError: outside the years 1 to 9999, or not a time (pandas.NaT).
    """
    if value != value:  # pandas.NaT calls itself a datetime
        raise ContentError("a missing timestamp (NaT) has no canonical form; use null")
    try:
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise ContentError("a timestamp outside the years 1 to 9999 has no canonical form") from None
    since = moment - _EPOCH
    seconds = since.days * 86_400 + since.seconds
    # pandas.Timestamp is a datetime that carries nanoseconds besides.
    return seconds * _NANOSECONDS + since.microseconds * 1000 + int(getattr(value, "nanosecond", 0))


def time_text(nanoseconds: int) -> str:
    """``HH:MM:SS`` and a fraction without trailing zeros, of a time in nanoseconds since midnight.

    Raises:
        ContentError: not within one day.
    """
    seconds, fraction = divmod(nanoseconds, _NANOSECONDS)
    if not 0 <= seconds < 86_400:
        raise ContentError("a time of day outside one day has no canonical form")
    return f"{(_EPOCH + timedelta(seconds=seconds)).time().isoformat()}{_fraction_text(fraction)}"


def _fraction_text(nanoseconds: int) -> str:
    return f".{nanoseconds:09d}".rstrip("0") if nanoseconds else ""


def _text(value: str) -> bytes:
    try:
        raw = value.encode()
    except UnicodeEncodeError:
        raise ContentError("text with an unpaired surrogate has no canonical form") from None
    return head(TEXT, len(raw)) + raw


def _integer(value: int) -> bytes:
    negative = value < 0
    argument = ~value if negative else value
    if argument < 1 << 64:
        return head(NEGATIVE if negative else UNSIGNED, argument)
    magnitude = argument.to_bytes((argument.bit_length() + 7) // 8)
    return head(TAG, _NEGATIVE_BIGNUM if negative else _POSITIVE_BIGNUM) + head(BYTES, len(magnitude)) + magnitude


def _float(value: float) -> bytes:
    if not math.isfinite(value):
        raise ContentError("NaN and infinities have no canonical form; use null")
    if value.is_integer() and -(2.0**63) <= value < 2.0**64:
        return _integer(int(value))
    for form, first in ((">e", b"\xf9"), (">f", b"\xfa")):
        try:
            packed = struct.pack(form, value)
        except OverflowError:
            continue
        if struct.unpack(form, packed)[0] == value:
            return first + packed
    return b"\xfb" + struct.pack(">d", value)


def _map(members: Mapping[object, object]) -> bytes:
    entries = []
    for key, value in members.items():
        if value is None:
            continue
        if not isinstance(key, str):
            raise ContentError(f"a map key of type {type(key).__name__}; keys must be text")
        try:
            entries.append((_text(key), encode(value)))
        except ContentError as error:
            raise ContentError(error.problem, (key, *error.location)) from None
    entries.sort()
    return head(MAP, len(entries)) + b"".join([key + value for key, value in entries])


def _without_place(members: Mapping[object, object]) -> Mapping[object, object]:
    """``members``, of a file that they hold the bytes of without its path, which differs from machine to machine."""
    if isinstance(members.get(FILE_BYTES), bytes | bytearray | memoryview) and isinstance(members.get(FILE_PATH), str):
        return {name: value for name, value in members.items() if name != FILE_PATH}
    return members


def _decimal(value: Decimal) -> bytes:
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ContentError("NaN and infinities have no canonical form; use null")
    if exponent > _GREATEST_DECIMAL_EXPONENT:
        raise ContentError("a decimal number as large as this has no canonical form")
    mantissa = int("".join(map(str, digits)))
    while mantissa and exponent < 0 and mantissa % 10 == 0:
        mantissa, exponent = mantissa // 10, exponent + 1
    mantissa = -mantissa if sign else mantissa
    if exponent >= 0 or mantissa == 0:
        return _integer(mantissa * 10 ** max(exponent, 0))
    if Decimal(repr(nearest := float(value))) == value:
        return _float(nearest)
    return head(TAG, _DECIMAL_FRACTION) + head(ARRAY, 2) + _integer(exponent) + _integer(mantissa)


def _time(value: time) -> bytes:
    if value.tzinfo is not None:
        raise ContentError("a time of day with a time zone has no canonical form")
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return _text(time_text(seconds * _NANOSECONDS + value.microsecond * 1000))
