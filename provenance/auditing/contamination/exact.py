"""Exact copies: where a side's anchor stands, the hash of the whole span is compared, so that none is missed."""

from __future__ import annotations

import numpy as np

from provenance.auditing.contamination.found import Found
from provenance.auditing.contamination.hashing import Array, Hashes, Sums, are_among, hash_of_two, spread
from provenance.auditing.contamination.index import Suite
from provenance.auditing.contamination.rules import Copy, enough_of_exact
from provenance.auditing.contamination.words import Gap, Words

# Words before a colon, on its line, that are a label of what follows: "Question:".
_LABEL_WORDS = 3


def exact_copies(suite: Suite, words: Words, places: Array, keys: Array, rows: Array) -> Found:
    """The exact copies that count, of sides of whatever length.

    ``places``: words at which three words begin that are ``keys`` of the suite; ``rows``: of these places.
    """
    starts, sides = _anchored(suite, words, places, keys, rows)
    short_starts, short_sides = _short(suite, words)
    starts, sides = np.concatenate([starts, short_starts]), np.concatenate([sides, short_sides])
    if not len(starts):
        return Found.nothing()
    stops, bits = starts + suite.sizes[sides], suite.bits[sides].astype(np.float64)
    copies = _copies(words, starts, stops)
    counts = enough_of_exact(copies, suite.sides[sides], suite.sizes[sides], bits) & ~suite.generic[sides]
    found = Found(
        np.searchsorted(words.offsets, starts, side="right") - 1,
        sides.astype(np.int64),
        copies,
        np.ones(len(sides)),
        bits,
        suite.sizes[sides],
        starts,
        stops,
    )
    return found.chosen(counts)


def _anchored(suite: Suite, words: Words, places: Array, keys: Array, rows: Array) -> tuple[Array, Array]:
    """Where sides of three words or more begin of which every word stands in one row."""
    chosen = np.flatnonzero(suite.is_anchor[keys])
    number, places, rows = np.searchsorted(suite.anchor_keys, keys[chosen]), places[chosen], rows[chosen]
    counts = suite.anchor_offsets[number + 1] - suite.anchor_offsets[number]
    anchors = spread(suite.anchor_offsets[number], counts)
    sides = suite.anchor_sides[anchors]
    starts = np.repeat(places, counts) - suite.anchor_places[anchors]
    stops = starts + suite.sizes[sides]
    of = np.repeat(rows, counts)
    inside = (starts >= words.offsets[of]) & (stops <= words.offsets[of + 1])
    starts, stops, sides = starts[inside], stops[inside], sides[inside]
    if not len(sides):
        return starts, sides
    same = Sums(words.hashes).spans(starts, stops) == suite.hashes[sides]
    return starts[same], sides[same]


def _short(suite: Suite, words: Words) -> tuple[Array, Array]:
    """Where sides of one or two words stand between ends of sentences, lines or fields."""
    if not len(suite.short):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    known = suite.hashes[suite.short]
    begins = np.flatnonzero(words.gaps[:-1])
    # The place behind the last word has a gap, too.
    one = begins[words.gaps[begins + 1] > Gap.NOTHING]
    two = begins[words.gaps[begins + 1] == Gap.NOTHING]
    two = two[words.gaps[np.minimum(two + 2, len(words.gaps) - 1)] > Gap.NOTHING]
    starts = np.concatenate([one, two])
    hashes: Hashes = np.concatenate([words.hashes[one], hash_of_two(words.hashes[two], words.hashes[two + 1])])
    hit = np.flatnonzero(are_among(hashes, known))
    first, last = (np.searchsorted(known, hashes[hit], side=side) for side in ("left", "right"))
    return np.repeat(starts[hit], last - first), suite.short[spread(first, last - first)]


def _copies(words: Words, starts: Array, stops: Array) -> Array:
    """How spans stand in their rows. What stands behind a label to the end of its line counts as a field."""
    before, behind = words.gaps[starts], words.gaps[stops]
    found = np.minimum(before, behind).astype(np.int64) + 1
    line_starts = np.maximum.accumulate(np.where(words.gaps >= Gap.LINE, np.arange(len(words.gaps)), 0))
    labelled = (
        (before == Gap.SENTENCE)
        & (behind >= Gap.LINE)
        & (starts - line_starts[starts] <= _LABEL_WORDS)
        & np.isin(starts, words.after_colon)
    )
    found[labelled] = Copy.FIELD
    return found
