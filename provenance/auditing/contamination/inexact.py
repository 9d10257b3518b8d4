"""Inexact copies: words in threes that few sides have lead to windows of training text, in which words are compared."""

from __future__ import annotations

import numpy as np

from provenance.auditing.contamination.found import Found
from provenance.auditing.contamination.hashing import (
    Array,
    Hashes,
    mixed,
    pairs,
    spread,
    starts_of_runs,
)
from provenance.auditing.contamination.index import Suite
from provenance.auditing.contamination.rules import Copy, Flags, enough_of_inexact, evidence
from provenance.auditing.contamination.sides import Side
from provenance.auditing.contamination.words import Words

# The part of a side's seeds, by weight, that a window must have to be compared, and the least weight.
_GATE, _LEAST_WEIGHT = 0.2, 20.0
# By how much a window is longer than the side: a quarter, and so many words.
_MORE_WORDS, _MORE_WORDS_OF_JOINED = 4, 24
_WORDS_AT_A_TIME = 400_000
_HALF = np.uint64(32)
# What spreads numbers over bins, and all but the bits of a hash that are the number of a bin.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_BINS, _WORD_BINS = np.uint64(64 - 18), np.uint64(64 - 19)
# The bit of a pair's hash that says whether a word stands between both; what is greater than any wanted pair.
_APART = np.uint64(1)
_NO_PAIR = np.array([(1 << 64) - 1], np.uint64)
# Greater than any place in a batch.
_FAR = np.int64(1 << 34)


def inexact_copies(suite: Suite, words: Words, places: Array, keys: Array, rows: Array) -> Found:
    """The inexact copies that count; exact ones are among them where they say enough by the same rule.

    ``places``: words at which three words begin that are ``keys`` of the suite; ``rows``: of these places.
    """
    row, side, place = _windows(suite, places, keys, rows)
    if not len(row):
        return Found.nothing()
    sizes = suite.sizes[side]
    # As many words as stand before its first seed in a side, and some, may stand before the window's first seed.
    first = np.maximum(place - np.minimum(sizes // 4 + 3, 10), words.offsets[row])
    last = np.minimum(place + _spans(suite, side), words.offsets[row + 1])
    degree, bits, run = _compared(suite, words, side, first, last)
    counts = enough_of_inexact(suite.sides[side], sizes, degree, bits)
    found = Found(row, side, np.full(len(row), int(Copy.INEXACT)), degree, bits, run, first, last)
    return found.chosen(counts)


def _spans(suite: Suite, sides: Array) -> Array:
    more = np.where(suite.sides[sides] >= Side.WITH_OPTIONS, _MORE_WORDS_OF_JOINED, _MORE_WORDS)
    sizes = suite.sizes[sides]
    found: Array = sizes + sizes // 4 + more
    return found


def _windows(suite: Suite, places: Array, keys: Array, rows: Array) -> tuple[Array, Array, Array]:
    """For each row and side that share enough seeds, the place from which on the row has most of them."""
    counts = suite.seed_offsets[keys + 1] - suite.seed_offsets[keys]
    seeds = spread(suite.seed_offsets[keys].astype(np.int64), counts)
    side = suite.seed_sides[seeds].astype(np.int64)
    weight = suite.seed_weights[seeds].astype(np.float64)
    row = np.repeat(rows, counts)
    # Cheap first: what could not reach the gate with all seeds in one window is not looked at closely. Bins that
    # several rows and sides share weigh more than each of them.
    group = row * len(suite.sides)
    group += side
    bins = ((group.view(np.uint64) * _SPREAD) >> _BINS).view(np.int64)
    needed = np.maximum(_GATE * suite.seed_totals, _LEAST_WEIGHT)
    some = np.flatnonzero(np.bincount(bins, weight)[bins] >= needed[side])
    some = some[np.argsort(group[some], kind="stable")]
    side, weight, row, place = side[some], weight[some], row[some], np.repeat(places, counts)[some]
    starts = np.flatnonzero(starts_of_runs(row, side))
    if not len(starts):
        return row, side, place
    totals = np.add.reduceat(weight, starts)
    enough = (totals >= _GATE * suite.seed_totals[side[starts]]) & (totals >= _LEAST_WEIGHT)
    keep = np.repeat(enough, np.diff(np.append(starts, len(side))))
    return _densest(suite, row[keep], side[keep], place[keep], weight[keep])


def _densest(suite: Suite, row: Array, side: Array, place: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Of each row and side, the window whose seeds weigh most, if they weigh enough."""
    new = starts_of_runs(row, side)
    number = np.cumsum(new) - 1
    line = number * _FAR + place
    ends = np.searchsorted(line, line + _spans(suite, side))
    sums = np.concatenate([np.zeros(1), np.cumsum(weight)])
    inside = sums[ends] - sums[:-1]
    best = np.lexsort((-inside, number))[np.flatnonzero(new)]
    best = best[inside[best] >= _GATE * suite.seed_totals[side[best]]]
    return row[best], side[best], place[best]


def _compared(suite: Suite, words: Words, side: Array, first: Array, last: Array) -> tuple[Array, Array, Array]:
    """Degree, evidence and longest run of words of each side in its window."""
    degree, bits, run = np.zeros(len(side)), np.zeros(len(side)), np.zeros(len(side), np.int64)
    lengths = np.cumsum(last - first + suite.sizes[side])
    start = 0
    while start < len(side):
        before = lengths[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(lengths, before + _WORDS_AT_A_TIME, side="right")))
        some = slice(start, stop)
        degree[some], bits[some], run[some] = _compare(suite, words, side[some], first[some], last[some])
        start = stop
    return degree, bits, run


def _compare(suite: Suite, words: Words, side: Array, first: Array, last: Array) -> tuple[Array, Array, Array]:
    """A word of a side is shared if it stands with a neighbour, at most one word apart, in the window in that order."""
    count = len(side)
    of_candidate = mixed(np.arange(1, count + 1, dtype=np.uint64))
    here = spread(suite.offsets[side], suite.sizes[side])
    own, owner = suite.words[here].astype(np.uint64), np.repeat(np.arange(count), suite.sizes[side])
    window = words.hashes[spread(first, last - first)] >> _HALF
    of_window = np.repeat(np.arange(count), last - first)
    is_near, is_wanted = _in_both(window, of_candidate[of_window], own, of_candidate[owner])
    near = []
    for apart in (1, 2):
        at = np.flatnonzero((of_window[:-apart] == of_window[apart:]) & is_near[:-apart] & is_near[apart:])
        hashes = pairs(window[at], window[at + apart]) ^ of_candidate[of_window[at]]
        near.append(hashes | _APART if apart == 2 else hashes & ~_APART)
    known = np.sort(np.concatenate([*near, _NO_PAIR]))
    shared, joined = np.zeros(len(own), np.bool_), np.zeros(len(own), np.bool_)
    for apart in (1, 2):
        at = np.flatnonzero((owner[:-apart] == owner[apart:]) & is_wanted[:-apart] & is_wanted[apart:])
        wanted = (pairs(own[at], own[at + apart]) ^ of_candidate[owner[at]]) & ~_APART
        # Of equal pairs the adjacent ones come first.
        differs = known[np.searchsorted(known, wanted)] ^ wanted
        hit = at[differs <= _APART]
        shared[hit] = shared[hit + apart] = True
        if apart == 1:
            joined[at[differs == 0] + 1] = True
    weight = suite.weights[here].astype(np.float64) * shared
    bits = np.bincount(owner, weight, minlength=count)
    runs = np.cumsum(~joined) - 1
    of_run = owner[~joined]
    longest_bits, longest = np.zeros(count), np.zeros(count, np.int64)
    np.maximum.at(longest_bits, of_run, np.bincount(runs, weight))
    np.maximum.at(longest, of_run, np.bincount(runs, shared).astype(np.int64))
    degree = np.minimum(bits / np.maximum(suite.own_bits[side], 1e-6), 1.0)
    return degree, evidence(degree, bits, longest_bits), longest


def _in_both(left: Hashes, of_left: Hashes, right: Hashes, of_right: Hashes) -> tuple[Flags, Flags]:
    """Whether each word, by its hash and its candidate's, may be on the other side, too; most that are not are told."""
    bins = [(pairs(*each) >> _WORD_BINS).view(np.int64) for each in ((left, of_left), (right, of_right))]
    found = []
    for own, others in (bins, bins[::-1]):
        filled = np.zeros(1 << (64 - int(_WORD_BINS)), np.bool_)
        filled[others] = True
        found.append(filled[own])
    return found[0], found[1]
