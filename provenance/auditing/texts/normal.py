"""Text as people read it: what looks the same on paper is the same here. The one home of this rule, for all measures.

Compatibility characters are what they stand for (NFKC: full width, ligatures, composed and decomposed accents), case
is folded, and what nobody sees (format characters, variation selectors, zero-width and other ignorable ones) is left
out. In a word with Latin letters, Cyrillic and Greek letters that look like Latin ones are these; Russian and Greek
words stay as they are. Ids of samples know nothing of it: they are of the bytes as they stand.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

# What Unicode calls default ignorable beside the category Cf; as first and last code points.
_IGNORABLE = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2065, 0x2065),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0xE0000, 0xE0FFF),
)
# Hangul's letters and syllables, which are composed with each other.
_SYLLABLES = ((0x1100, 0x11FF), (0xA960, 0xA97F), (0xAC00, 0xD7FF))
# Small letters, after case folding, and the Latin ones that they look like.
_LOOKS = str.maketrans("аеорсухіјѕԁһӏкмтвнαορντικυ", "aeopcyxijsdhlkmtbhaopvtiku")
_LETTERS = re.compile(r"[^\W\d_]+")
_LATIN = "a-z\u00df-\u024f"
_OTHERS = "\u0370-\u052f"
_HAS_LATIN = re.compile(f"[{_LATIN}]")
# Where letters of two scripts meet: without such a place, which most texts have not, no word is in both.
_MEET = re.compile(f"[{_LATIN}][{_OTHERS}]|[{_OTHERS}][{_LATIN}]")
_ANY_OTHER = re.compile(f"[{_OTHERS}]")
_ASCII = bytes(range(128))
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
# Of more different characters that change, the text as a whole is normalised faster.
_FEW = 40


def as_read(text: str) -> str:
    """``text`` as people read it; reading it once more changes nothing."""
    if text.isascii():
        return text.lower()
    characters = set("".join(_BEYOND_ASCII.findall(text)))
    changes = {character: new for character in characters if (new := _alone(character)) != character}
    read = text
    if len(changes) > _FEW or None in changes.values():
        read = _as_a_whole(text, characters)
    else:
        for character, new in changes.items():
            read = read.replace(character, new or "")
        read = read.casefold()
    if not _MEET.search(read):
        return read
    # A mark may join the letter that now stands before it.
    return unicodedata.normalize("NFKC", _LETTERS.sub(_in_one_script, read))


def as_read_column(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """`as_read` of each text; null is no text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    filled = pc.fill_null(texts, "")
    # Only rows with other characters need Python.
    other = pc.invert(pc.string_is_ascii(filled))
    if pc.any(other).as_py():
        read = map(_but_for_ascii, filled.filter(other).cast(pa.large_binary()).to_pylist())
        changed = pa.array(read, pa.large_binary()).cast(filled.type)
        filled = pc.replace_with_mask(filled, other, changed)
    return pc.ascii_lower(filled)


def beyond_ascii(text: bytes) -> set[str]:
    """The different characters of a text, in UTF-8, that are not ASCII."""
    return set(text.translate(None, _ASCII).decode())


def _but_for_ascii(text: bytes) -> bytes:
    """`as_read` of a text in UTF-8, but for the case of ASCII letters: few other characters are replaced one by one."""
    characters = beyond_ascii(text)
    read = {character: _alone(character) for character in characters}
    changes = {character: new for character, new in read.items() if new != character}
    if len(changes) > _FEW or any(new is None or _ANY_OTHER.search(new) for new in read.values()):
        return as_read(text.decode()).encode()
    for character, new in changes.items():
        text = text.replace(character.encode(), (new or "").encode())
    return text


def _as_a_whole(text: str, characters: Iterable[str]) -> str:
    unseen = _unseen()
    read = "".join(character for character in text if character not in unseen) if unseen & set(characters) else text
    # Folding may leave what is not normalised, and normalising what is not folded: the second round settles both.
    for _ in range(2):
        read = unicodedata.normalize("NFKC", read).casefold()
    return unicodedata.normalize("NFKC", read)


@cache
def _alone(character: str) -> str | None:
    """What a character becomes whatever stands beside it; None where that depends on it."""
    read = _as_a_whole(character, character)
    return None if read.casefold() != read or any(map(_joins, character + read)) else read


def _joins(character: str) -> bool:
    """Whether a character may be composed with another, or change places with it: a mark, or a part of a syllable."""
    return unicodedata.category(character)[0] == "M" or any(
        first <= ord(character) <= last for first, last in _SYLLABLES
    )


def _in_one_script(word: re.Match[str]) -> str:
    letters = word.group()
    return letters.translate(_LOOKS) if _HAS_LATIN.search(letters) else letters


@cache
def _unseen() -> frozenset[str]:
    """The characters that nobody sees."""
    formats = (chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Cf")
    return frozenset(formats).union(*(map(chr, range(first, last + 1)) for first, last in _IGNORABLE))
