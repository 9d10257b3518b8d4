"""Words of texts as hashes, and what ends between them: nothing, a sentence, a line, a field.

A word is a run of letters, digits and marks of the text as people read it (`texts.normal`); each character of a script
that is written without spaces is one. All rows of a batch are taken at once; only those with characters beyond ASCII
are looked at one by one, to normalise them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.auditing.contamination.hashing import Hashes, Integers, hashes_of_words
from provenance.auditing.texts.normal import as_read_column, beyond_ascii

# Between the values of a row, such as fields and messages.
FIELD = "\x1e"
_ROW = 0x1D

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
# Characters as JSON and HTML write them. A backslash and a small letter may also begin a command of LaTeX.
_ESCAPE = re.compile(
    r"\\+(?:[nrt](?![a-z])|u[0-9a-fA-F]{4})|&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]+);"
)
_MAY_BE_ESCAPED = r"\\[nrtu]|&[#A-Za-z][A-Za-z0-9]+;"
# Of rows with characters beyond ASCII, what becomes of what, in this order.
_REPLACED = (
    ("[\u3002\u0964\u0965\u061f\u1362\u203d]", "."),
    ("[\u0085\u2028\u2029]", "\n"),
    (f"([{_UNSPACED}])", r" \1 "),
    (r"[^\x00-\x7f\p{L}\p{M}\p{N}]+", " "),
)


class Gap(IntEnum):
    """What ends between two words; of several, the greatest."""

    NOTHING = 0
    SENTENCE = 1
    LINE = 2
    FIELD = 3


# What ends something comes first.
_COLON, _SPACE, _PART = 4, 5, 6


def _classes() -> npt.NDArray[np.uint8]:
    """For each byte, whether it is part of a word, mere space, or what ends with it."""
    table = np.full(256, _SPACE, np.uint8)
    table[128:] = _PART
    for characters, kind in (
        (b"abcdefghijklmnopqrstuvwxyz0123456789", _PART),
        (b".?!;", Gap.SENTENCE),
        (b":", _COLON),
        (b"\n\r\x0b\x0c\x1c", Gap.LINE),
        (FIELD.encode() + bytes([_ROW]), Gap.FIELD),
    ):
        table[np.frombuffer(characters, np.uint8)] = kind
    return table


_CLASSES = _classes()
_IS_PART = _CLASSES == _PART
_CLASS_OF_BYTE = _CLASSES.tobytes()
# The gap that each class makes.
_GAPS = np.array([Gap.NOTHING, Gap.SENTENCE, Gap.LINE, Gap.FIELD, Gap.SENTENCE, Gap.NOTHING, Gap.NOTHING], np.uint8)
# Longer gaps, which are rare, are looked at another way.
_SHORT_GAP = 6
# Of more different characters that change, the text as a whole is changed faster.
_FEW = 100


@dataclass(frozen=True)
class Words:
    """The words of some rows.

    ``hashes``: one row after the other; those of row i begin at ``offsets[i]``. ``gaps``: what ends before each word,
    and behind the last. ``after_colon``: the places of words that a colon stands before. ``places``: the first byte of
    each in ``text``, all rows as they are compared.
    """

    hashes: Hashes
    offsets: Integers
    gaps: npt.NDArray[np.uint8]
    after_colon: Integers
    places: Integers
    text: bytes

    @property
    def lengths(self) -> Integers:
        """The number of words in each row."""
        return np.diff(self.offsets)

    def spelled(self, first: int, last: int) -> list[str]:
        """The words from ``first`` to before ``last`` as text."""
        if first >= last:
            return []
        end = int(self.places[last]) if last < len(self.places) else len(self.text)
        piece = np.frombuffer(self.text[int(self.places[first]) : end], np.uint8)
        return np.where(_IS_PART[piece], piece, 32).astype(np.uint8).tobytes().decode().split()


def words_of(texts: pa.LargeStringArray) -> Words:
    """The words of each text; null has none."""
    text, ends = _joined(_spaced(as_read_column(_unescaped(texts))))
    classes = np.frombuffer(text.translate(_CLASS_OF_BYTE), np.uint8)
    is_part = classes == _PART
    edges = np.flatnonzero(is_part[1:] != is_part[:-1]) + 1
    if len(classes) and is_part[0]:
        edges = np.concatenate([np.zeros(1, np.int64), edges])
    # A row's end is no part of a word, so that edges come in pairs.
    starts, stops = edges[0::2], edges[1::2]
    hashes = hashes_of_words(text, starts, stops)
    gaps = _gaps(classes, starts, stops)
    after_colon = np.searchsorted(starts, np.flatnonzero(classes == _COLON))
    return Words(hashes, np.searchsorted(starts, ends).astype(np.int64), gaps, after_colon, starts, text)


def _gaps(classes: npt.NDArray[np.uint8], starts: Integers, stops: Integers) -> npt.NDArray[np.uint8]:
    """What ends before each word, and behind the last: the greatest of what stands there, mostly one byte."""
    gaps = np.full(len(starts) + 1, Gap.FIELD, np.uint8)
    if not len(starts):
        return gaps
    gaps[1:] = _GAPS[classes[stops]]
    sizes = np.append(starts[1:], len(classes)) - stops
    some = np.flatnonzero(sizes > 1)
    for ahead in range(1, _SHORT_GAP):
        gaps[some + 1] = np.maximum(gaps[some + 1], _GAPS[classes[stops[some] + ahead]])
        some = some[sizes[some] > ahead + 1]
    if len(some):
        bounds = np.stack([stops[some], stops[some] + sizes[some]], axis=1).ravel()
        kinds = _GAPS[classes[bounds[0] :]]
        inside = (bounds - bounds[0])[: -1 if bounds[-1] == len(classes) else None]
        gaps[some + 1] = np.maximum.reduceat(kinds, inside)[::2]
    gaps[-1] = Gap.FIELD
    return gaps


def _unescaped(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """``texts`` with the characters that JSON or HTML inside them writes as escapes: "\\u00e9", "\\n", "&#233;"."""
    content, _ = _bytes_of(texts)
    # Most batches of prose stop here.
    if b"\\" not in content and b"&" not in content:
        return texts
    escaped = pc.fill_null(pc.match_substring_regex(texts, _MAY_BE_ESCAPED), False)
    if not pc.any(escaped).as_py():
        return texts
    read = [_ESCAPE.sub(_character, text) for text in texts.filter(escaped).to_pylist()]
    # Two surrogates may have become one character; a single one is not a character.
    whole = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in read]
    return pc.replace_with_mask(texts, escaped, pa.array(whole, texts.type))


def _character(escape: re.Match[str]) -> str:
    said = escape.group()
    if said[0] == "&":
        return html.unescape(said)
    letter = said.lstrip("\\")
    return chr(int(letter[1:], 16)) if letter[0] == "u" else " " if letter == "t" else "\n"


def _spaced(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """``texts`` with ASCII alone between words."""
    other = pc.invert(pc.string_is_ascii(texts))
    if not pc.any(other).as_py():
        return texts
    rows = texts.filter(other).cast(pa.large_binary()).to_pylist()
    characters = [beyond_ascii(row) for row in rows]
    _SPACED.learn(set().union(*characters))
    changes = [[each for each in some if _SPACED[each] != each] for some in characters]
    spaced = pa.array(
        [
            _replaced(row, some) if len(some) <= _FEW else _by_patterns([row.decode()])[0].as_py().encode()
            for row, some in zip(rows, changes, strict=True)
        ],
        pa.large_binary(),
    )
    return pc.replace_with_mask(texts, other, spaced.cast(texts.type))


def _replaced(text: bytes, characters: Iterable[str]) -> bytes:
    for character in characters:
        text = text.replace(character.encode(), _SPACED[character].encode())
    return text


def _by_patterns(texts: Sequence[str]) -> pa.LargeStringArray:
    spaced = pa.array(texts, pa.large_string())
    for pattern, by in _REPLACED:
        spaced = pc.replace_substring_regex(spaced, pattern, by)
    return spaced


class _Spaced(dict[str, str]):
    """What becomes of each character beyond ASCII, whatever stands beside it, of those that were met so far."""

    def learn(self, characters: set[str]) -> None:
        """Know these, too."""
        new = sorted(characters - self.keys())
        if new:
            self.update(zip(new, _by_patterns(new).to_pylist(), strict=True))


_SPACED = _Spaced()


def _joined(texts: pa.LargeStringArray) -> tuple[bytes, Integers]:
    """All texts with an end behind each, and the bounds of each, which are one more."""
    return _bytes_of(pc.binary_join_element_wise(texts, pa.scalar("", texts.type), pa.scalar(chr(_ROW), texts.type)))


def _bytes_of(texts: pa.LargeStringArray) -> tuple[bytes, Integers]:
    """All texts, one after the other, and the bounds of each, which are one more."""
    if not len(texts):
        return b"", np.zeros(1, np.int64)
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return bytes(memoryview(data or b"")[int(ends[0]) : int(ends[-1])]), ends - ends[0]
