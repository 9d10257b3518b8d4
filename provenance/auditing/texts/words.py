"""Words and n-grams of texts, as numbers, all rows at once.

A word is a run of letters, marks and digits (Unicode categories L, M, N), as people read it (see `normal`); in scripts
that are written without spaces each character is one. Words are distinguished by a 32-bit hash, n-grams by a 64-bit
one: of a million different words about a hundred pairs share a number, which changes no share that is reported here in
its third digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.auditing.chance.hashing import mixed, salt_of
from provenance.auditing.texts.normal import as_read_column

Hashes32 = npt.NDArray[np.uint32]
Hashes64 = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.unsignedinteger[Any]]

_OF_WORDS = r"[\p{L}\p{M}\p{N}]"
_PUNCTUATION = r"[\p{P}\p{S}]"
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_CHARACTERS = 0x110000
# From these on a character takes one more byte in UTF-8.
_LONGER_FROM = (0x80, 0x800, 0x10000)
_SEED = 20260101
_GRAM_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_HALF = np.uint64(32)
_PLACES = np.arange(256, dtype=np.uint8)
# Hashing takes eight bytes a character, which are only needed for so many words.
_WORDS_AT_A_TIME = 50_000


@dataclass(frozen=True)
class Words:
    """``hashes``: the words of all rows, one row after the other; those of row i begin at ``offsets[i]``."""

    hashes: Hashes32
    offsets: Integers

    @property
    def lengths(self) -> Integers:
        """The number of words in each row."""
        return np.diff(self.offsets)

    def rows(self) -> Integers:
        """The row that each word is in."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.lengths)


@dataclass(frozen=True)
class Grams:
    """n-grams within rows: ``hashes``, the ``rows`` they are in, and ``starts``: their first words, counted overall."""

    hashes: Hashes64
    rows: Integers
    starts: Integers


def words(texts: pa.LargeStringArray, *, punctuation: bool = False) -> Words:
    """The words of each text; null has none. With ``punctuation``, each such mark and symbol is a word, too."""
    return words_as_read(as_read_column(texts), punctuation=punctuation)


def words_as_read(texts: pa.LargeStringArray, *, punctuation: bool = False) -> Words:
    """The words of texts that are as people read them, without nulls."""
    codes, ends = _code_points(texts)
    starts = _starts(codes, ends, punctuation)
    return Words(_hashes(codes, starts, punctuation), np.searchsorted(starts, ends).astype(np.int64))


def spelled(text: str, *, punctuation: bool = False) -> list[str]:
    """The words of one text as text, in order; see `words`."""
    read = as_read_column(pa.array([text], pa.large_string()))
    codes, ends = _code_points(read)
    starts = _starts(codes, ends, punctuation)
    if not len(starts):
        return []
    # Behind a word stands what is of none, up to the next.
    sizes = np.add.reduceat(_is_of_word(punctuation)[codes], starts, dtype=np.int64)
    characters = read[0].as_py()
    return [characters[start : start + size] for start, size in zip(starts.tolist(), sizes.tolist(), strict=True)]


def _starts(codes: Codes, ends: Integers, punctuation: bool) -> Integers:
    """The places at which words begin; ``ends`` are the bounds of rows."""
    inside = _is_of_word(punctuation)[codes]
    # A word begins where the character before is not part of a word, or is another row's.
    begins = inside.copy()
    begins[1:] &= ~inside[:-1]
    if punctuation or codes.dtype != np.uint8:
        alone = _is_alone(punctuation)[codes]
        begins |= alone
        begins[1:] |= alone[:-1] & inside[1:]
    row_starts = ends[:-1][ends[:-1] < len(codes)]
    begins[row_starts] = inside[row_starts]
    return np.flatnonzero(begins)


def grams(text_words: Words, size: int) -> Grams:
    """The n-grams of ``size`` words; none goes over the end of a row."""
    many = np.maximum(text_words.lengths - size + 1, 0)
    rows = np.repeat(np.arange(len(many)), many)
    starts = np.arange(len(rows)) + np.repeat(text_words.offsets[:-1] - (np.cumsum(many) - many), many)
    count = max(len(text_words.hashes) - size + 1, 0)
    combined = np.zeros(count, np.uint64)
    for place in range(size):
        combined *= _GRAM_FACTOR
        combined += text_words.hashes[place : place + count]
    return Grams(_mixed(combined[starts]), rows, starts)


def _code_points(texts: pa.LargeStringArray) -> tuple[Codes, Integers]:
    """The characters of all texts as numbers, and where each text's end begin: ``len(texts) + 1`` bounds."""
    _, bounds, data = texts.buffers()
    ends = np.frombuffer(bounds, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    content = memoryview(data or b"")[ends[0] : ends[-1]]
    codes = np.frombuffer(content, np.uint8)
    if not len(codes) or codes.max() < 128:
        return codes, ends - ends[0]
    lengths = pc.utf8_length(texts).to_numpy()
    return np.frombuffer(str(content, "utf-8").encode("utf-32-le"), np.uint32), _bounds(lengths)


def _bounds(lengths: Integers) -> Integers:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


def _hashes(codes: Codes, starts: Integers, punctuation: bool) -> Hashes32:
    """Hashes of the words that begin at ``starts``; what separates them counts for nothing.

    Multilinear hashing: the sum over a word's characters of a random number of the character times one of its place
    (modulo 256), modulo 2^64, of which the upper half is kept.
    """
    bounds = np.append(starts, len(codes))
    found = np.empty(len(starts), np.uint32)
    for first in range(0, len(starts), _WORDS_AT_A_TIME):
        some = bounds[first : first + _WORDS_AT_A_TIME + 1]
        found[first : first + len(some) - 1] = _hashes_within(codes[some[0] : some[-1]], some - some[0], punctuation)
    return found


def _hashes_within(codes: Codes, bounds: Integers, punctuation: bool) -> Hashes32:
    """The hashes of the words that stand within ``bounds``, of which there is one more."""
    of_character, of_place = _random_numbers(punctuation)
    start_of = np.repeat(bounds[:-1].astype(np.uint8), np.diff(bounds))
    products = of_character[codes]
    # Bytes wrap around at 256, and so do places.
    products *= of_place[np.resize(_PLACES, len(codes)) - start_of]
    return (np.add.reduceat(products, bounds[:-1]) >> _HALF).astype(np.uint32)


def _mixed(values: Hashes64) -> Hashes64:
    """``values`` with all bits depending on all: products leave the lower ones poor."""
    values ^= values >> _HALF
    values *= _MIX
    values ^= values >> _HALF
    return values


@cache
def _random_numbers(punctuation: bool) -> tuple[Hashes64, Hashes64]:
    """A number for each character (0 for those of no word) and each place: the same with every numpy."""
    of_character = mixed(np.arange(_CHARACTERS, dtype=np.uint64), salt_of(_SEED, "characters"))
    of_character[~_is_of_word(punctuation)] = 0
    return of_character, mixed(np.arange(256, dtype=np.uint64), salt_of(_SEED, "places")) | np.uint64(1)


@cache
def _is_of_word(punctuation: bool) -> npt.NDArray[np.bool_]:
    letters = _matching(_OF_WORDS)
    return letters | _matching(_PUNCTUATION) if punctuation else letters


@cache
def _is_alone(punctuation: bool) -> npt.NDArray[np.bool_]:
    unspaced = _matching(_UNSPACED)
    return unspaced | _matching(_PUNCTUATION) if punctuation else unspaced


def _matching(pattern: str) -> npt.NDArray[np.bool_]:
    """For every code point, whether the regular expression fits its character."""
    table = np.zeros(_CHARACTERS, np.bool_)
    codes = _assigned()
    sizes = 1 + np.sum([codes >= first for first in _LONGER_FROM], 0)
    content = pa.py_buffer(codes.tobytes().decode("utf-32-le").encode())
    characters = pa.LargeStringArray.from_buffers(len(codes), pa.py_buffer(_bounds(sizes)), content)
    table[codes] = pc.match_substring_regex(characters, pattern).to_numpy(zero_copy_only=False)
    return table


def _assigned() -> npt.NDArray[np.uint32]:
    """The code points that may be of a word or a mark: no surrogates, private ones, and planes without characters."""
    planes = ((0, 0xD800), (0xF900, 0x40000), (0xE0000, 0xE1000))
    return np.concatenate([np.arange(*each, dtype=np.uint32) for each in planes])
