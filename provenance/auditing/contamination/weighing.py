"""What words weigh: the rarer a word is, in general and in the other rows of the suite, the more."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from provenance.auditing.contamination import background, collecting, rules
from provenance.auditing.contamination.collecting import Collected, chunks
from provenance.auditing.contamination.hashing import (
    Array,
    Hashes,
    Integers,
    are_among,
    distinct,
    starts_of_runs,
    threes,
)
from provenance.auditing.contamination.sides import Side
from provenance.ledger.graph.store import Draft

# Words that a suite is taken to have at least, so that a small one makes no word common.
_LEAST_WORDS = 100_000
_COMMONEST = 1.0
# There are fewer ranges of hashes.
_NO_RANGE = np.uint8(255)


def weights_of(collected: Collected) -> Array:
    """The bits of each word of each side; a word that a side repeats counts once, divided among its places."""
    known, bits = _bits_of_words(collected)
    weights = np.empty(len(collected.words), np.float16)
    for first, last in chunks(collected.offsets):
        words, owners = _chunk(collected, first, last)
        places = np.searchsorted(known, words)
        order = np.lexsort((places, owners))
        new = starts_of_runs(owners[order], places[order])
        starts = np.flatnonzero(new)
        times = np.empty(len(words), np.int64)
        times[order] = np.repeat(np.diff(np.append(starts, len(words))), np.diff(np.append(starts, len(words))))
        weights[collected.offsets[first] : collected.offsets[last]] = bits[places] / times
    return weights


def sums(collected: Collected, weights: Array) -> Array:
    """The bits of each side."""
    found = np.zeros(len(collected.sides), np.float32)
    for first, last in chunks(collected.offsets):
        some = weights[collected.offsets[first] : collected.offsets[last]]
        _, owners = _chunk(collected, first, last)
        found[first:last] = np.bincount(owners, some.astype(np.float64), minlength=last - first)
    return found


def are_wanted(collected: Collected, bits: Array) -> Array:
    """Whether each side is looked for: questions joined with more only where these say little by themselves."""
    of_rows = np.zeros(int(collected.set_rows.sum()), np.float32)
    owners = np.repeat(np.arange(len(bits)), np.diff(collected.row_offsets))
    asked = collected.sides[owners] == Side.QUESTION
    np.maximum.at(of_rows, collected.rows[asked], bits[owners[asked]])
    first_rows = collected.rows[collected.row_offsets[:-1]] if len(bits) else collected.rows
    wanted: Array = (collected.sides < Side.WITH_OPTIONS) | (of_rows[first_rows] < rules.JOINED_BELOW)
    return wanted


def clear_template(collected: Collected, hashes: Hashes, weights: Array) -> None:
    """Let words weigh nothing that stand in three words in a row which many rows of a set have, or in a side of theirs.

    ``hashes``: of three words, by the first of them. A passage that rows share is one side, and so no template.
    """
    limits = np.full(len(collected.names), np.inf)
    large = collected.set_rows >= rules.TEMPLATE_FROM
    limits[large] = np.minimum(rules.TEMPLATE_ROWS, rules.TEMPLATE_PART * collected.set_rows[large])
    shared_by = np.diff(collected.row_offsets)
    for side in np.flatnonzero((collected.sides != Side.PASSAGE) & (shared_by > limits[collected.sets])).tolist():
        weights[collected.offsets[side] : collected.offsets[side + 1]] = 0
    single = collected.sides < Side.WITH_OPTIONS
    for all_places, all_owners in ranges(collected, hashes):
        some = single[all_owners]
        places, owners = all_places[some], all_owners[some]
        if not len(places):
            continue
        sets, new = collected.sets[owners], starts_of_runs(hashes[places], owners)
        starts = np.flatnonzero(starts_of_runs(hashes[places], sets))
        many = np.add.reduceat(new, starts, dtype=np.int64) > limits[sets[starts]]
        shared = places[np.repeat(many, np.diff(np.append(starts, len(places))))]
        for ahead in range(3):
            weights[shared + ahead] = 0


def ranges(collected: Collected, hashes: Hashes) -> Iterator[tuple[Integers, Array]]:
    """Places of three words in the order of their hashes, and their sides, one range of hashes after the other.

    Of equal hashes the first side comes first.
    """
    owners = collected.owners()
    at_a_time = collecting.AT_A_TIME
    bits = max(0, (len(hashes) // at_a_time).bit_length())
    range_of = np.zeros(len(hashes), np.uint8)
    for first in range(0, len(hashes), at_a_time):
        some = hashes[first : first + at_a_time]
        in_range = (some >> np.uint64(64 - bits)).astype(np.uint8) if bits else range_of[first : first + at_a_time]
        # What is no three words is in no range.
        range_of[first : first + at_a_time] = np.where(some != 0, in_range, _NO_RANGE)
    for number in range(1 << bits):
        places = np.flatnonzero(range_of == number)
        places = places[np.argsort(hashes[places], kind="stable")]
        yield places, owners[places]


def write_threes(collected: Collected, draft: Draft, name: str) -> Hashes:
    """The hash of the three words that begin at each word, 0 where a side ends before, as an array of ``draft``."""
    draft.append(name, np.zeros(0, np.uint64))
    for first, last in chunks(collected.offsets):
        offsets = collected.offsets[first : last + 1]
        draft.append(name, threes(collected.words[offsets[0] : offsets[-1]], offsets - offsets[0]))
    return draft.mapped(name)


def _bits_of_words(collected: Collected) -> tuple[Hashes, Array]:
    """The different words of the suite, sorted, and the bits of each."""
    known = np.zeros(0, np.uint64)
    for first, last in chunks(collected.offsets):
        known = distinct(np.concatenate([known, distinct(_chunk(collected, first, last)[0])]))
    sides_with, total = np.zeros(len(known), np.int64), 0
    for first, last in chunks(collected.offsets):
        words, owners = _chunk(collected, first, last)
        single = collected.sides[first:last][owners] < Side.WITH_OPTIONS
        pairs = distinct(np.searchsorted(known, words[single]) * (last - first) + owners[single])
        sides_with += np.bincount(pairs // (last - first), minlength=len(known))
        total += int(np.count_nonzero(single))
    # The other rows of the suite: a word is not common for the row's own use of it.
    shares = np.maximum(sides_with - 1, 0) / max(total, _LEAST_WORDS)
    rarest = 2.0**-background.RAREST
    bits = np.minimum(-np.log2(np.maximum(shares, rarest)), background.bits_of(known))
    are_numbers = are_among(known, background.numbers())
    bits[are_numbers] = np.minimum(bits[are_numbers], background.MOST_OF_NUMBER)
    return known, np.maximum(bits, _COMMONEST)


def _chunk(collected: Collected, first: int, last: int) -> tuple[Hashes, Array]:
    """The words of some sides, and the side of each, counted from ``first``."""
    words = collected.words[collected.offsets[first] : collected.offsets[last]]
    return words, np.repeat(np.arange(last - first), np.diff(collected.offsets[first : last + 1]))
