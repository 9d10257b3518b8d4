"""Training text past the index of a suite: which sides stand in which rows, a bounded batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.auditing.contamination.exact import exact_copies
from provenance.auditing.contamination.found import Found, together
from provenance.auditing.contamination.hashing import Array, Hashes, threes
from provenance.auditing.contamination.index import FILTER_BITS, Suite
from provenance.auditing.contamination.inexact import inexact_copies
from provenance.auditing.contamination.words import Words, words_of

_BITS = np.uint8(1) << np.arange(8, dtype=np.uint8)
# Bytes of text whose words are looked at together, and pairs of a place and a side.
_BYTES_AT_A_TIME = 700_000
_PAIRS_AT_A_TIME = 4_000_000
# A longer row is looked at in pieces, of so many characters, that overlap: by more where a side is longer than this
# overlap may be, at so many characters a word, up to what memory allows.
PIECE, OVERLAP = 200_000, 20_000
_OF_A_WORD, _MOST_OVERLAP, _OVERLAPS_IN_PIECE = 12, 1_000_000, 5


@dataclass(frozen=True)
class Batch:
    """Some rows of training text, of which ``first_row`` is the first, their ``words``, and what was ``found`` in them.

    Of a very long row a batch has a piece alone. Rows are numbered as those of the text that was given.
    """

    first_row: int
    words: Words
    found: Found


def look_through(suite: Suite, texts: pa.LargeStringArray) -> Iterator[Batch]:
    """What of the suite stands in each text; values of a row, such as fields, are set apart by `words.FIELD`."""
    sizes = pc.fill_null(pc.binary_length(texts), 0).to_numpy()
    overlap = min(max(OVERLAP, _OF_A_WORD * suite.longest), _MOST_OVERLAP)
    piece = max(PIECE, _OVERLAPS_IN_PIECE * overlap)
    start = 0
    while start < len(texts):
        if sizes[start] > piece:
            yield from _pieces(suite, texts[start].as_py(), start, piece, overlap)
            start += 1
            continue
        length = int(np.searchsorted(np.cumsum(sizes[start:]), _BYTES_AT_A_TIME, side="right"))
        # A row that is looked at in pieces ends what can be looked at together.
        long = np.flatnonzero(sizes[start : start + max(length, 1)] > piece)
        stop = start + (int(long[0]) if len(long) else max(length, 1))
        yield from _whole(suite, texts.slice(start, stop - start), start)
        start = stop


def _pieces(suite: Suite, text: str, row: int, size: int, overlap: int) -> Iterator[Batch]:
    for first in range(0, max(len(text) - overlap, 1), size - overlap):
        piece = pa.array([text[first : first + size]], pa.large_string())
        yield from _whole(suite, piece, row)


def _whole(suite: Suite, texts: pa.LargeStringArray, first_row: int) -> Iterator[Batch]:
    words = words_of(texts)
    places, keys = _known(suite, threes(words.hashes, words.offsets))
    rows = np.repeat(np.arange(len(texts)), np.diff(np.searchsorted(places, words.offsets)))
    pairs = suite.seed_offsets[keys + 1] - suite.seed_offsets[keys]
    if int(pairs.sum()) > _PAIRS_AT_A_TIME and len(texts) > 1:
        middle = len(texts) // 2
        yield from _whole(suite, texts.slice(0, middle), first_row)
        yield from _whole(suite, texts.slice(middle), first_row + middle)
        return
    parts = [match(suite, words, places, keys, rows) for match in (exact_copies, inexact_copies)]
    found = together(parts)
    found.row[:] += first_row
    yield Batch(first_row, words, found)


def _known(suite: Suite, hashes: Hashes) -> tuple[Array, Array]:
    """The places of those hashes that are keys of the suite, in order, and their numbers in it."""
    if not len(suite.keys):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    shift, firsts = suite.slots
    # Most words stop here. 0, which stands for no three words, is no key. Numbers with a sign are faster places.
    bit = (hashes >> np.uint64(64 - FILTER_BITS)).view(np.int64)
    places = np.flatnonzero(suite.filled.take(bit >> 3) & _BITS.take(bit & 7))
    wanted = hashes[places]
    slot = (wanted >> shift).view(np.int64)
    key, end = firsts[slot], firsts[slot + 1]
    some = key < end
    places, wanted, key, end = places[some], wanted[some], key[some], end[some]
    found_places, found_keys = [], []
    while len(places):
        hit = suite.keys[key] == wanted
        found_places.append(places[hit])
        found_keys.append(key[hit])
        more = ~hit & (key + 1 < end)
        places, wanted, key, end = places[more], wanted[more], key[more] + 1, end[more]
    all_places = np.concatenate([np.zeros(0, np.int64), *found_places])
    all_keys = np.concatenate([np.zeros(0, np.int64), *found_keys]).astype(np.int64)
    order = np.argsort(all_places, kind="stable")
    return all_places[order], all_keys[order]
