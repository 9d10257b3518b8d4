"""Making the index of a suite: sides are collected and weighed, then the words in threes are found by which to look."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from provenance.auditing.contamination.collecting import AT_A_TIME, DIFFERENT, Collected, Collector, chunks
from provenance.auditing.contamination.hashing import Array, Hashes, starts_of_runs
from provenance.auditing.contamination.rules import MOST_SIDES_OF_SEED, are_alone
from provenance.auditing.contamination.weighing import (
    are_wanted,
    clear_template,
    ranges,
    sums,
    weights_of,
    write_threes,
)
from provenance.ledger.graph.store import Draft

Rows = Iterable[Mapping[str, object]]

# The names of arrays that a draft has on the way.
_KEPT, _THREES, _KEYS, _COUNTS = "kept_words", "threes", "found_keys", "found_counts"


def build(sets: Sequence[tuple[str, Callable[[], Rows]]], draft: Draft) -> None:
    """Write the index of ``sets``, by name, whose rows are read one set after the other, into ``draft``.

    Raises:
        DataError: a set cannot be read, or there is more text than an index can hold.
    """
    collector = Collector(draft)
    for name, rows in sets:
        collector.add(name, rows())
    collected = collector.collected()
    del collector
    weights = weights_of(collected)
    bits = sums(collected, weights)
    wanted = are_wanted(collected, bits)
    weights = weights[np.repeat(wanted, collected.sizes)]
    kept = collected.kept(wanted, draft, _KEPT)
    draft.drop(DIFFERENT)
    del collected
    hashes = write_threes(kept, draft, _THREES)
    clear_template(kept, hashes, weights)
    short = np.flatnonzero((kept.sizes <= 2) & ~are_alone(kept.sides)).astype(np.int32)
    draft.stated["sets"] = list(kept.names)
    for name, values in (
        ("set_rows", kept.set_rows),
        ("weights", weights),
        ("offsets", kept.offsets),
        ("sides", kept.sides),
        ("sets_of_sides", kept.sets),
        ("bits", bits[wanted]),
        ("own_bits", sums(kept, weights)),
        ("hashes", kept.hashes),
        ("row_offsets", kept.row_offsets),
        ("rows", kept.rows),
        ("short", short[np.argsort(kept.hashes[short])]),
    ):
        draft.append(name, values)
    draft.append("words", np.zeros(0, np.uint32))
    for first, last in chunks(kept.offsets):
        some = kept.words[kept.offsets[first] : kept.offsets[last]]
        draft.append("words", (some >> np.uint64(32)).astype(np.uint32))
    _write_keys(kept, hashes, weights, draft)
    for name in (_KEPT, _THREES):
        draft.drop(name)


def _write_keys(kept: Collected, hashes: Hashes, weights: Array, draft: Draft) -> None:
    """Seeds and anchors: the words in threes by which sides are found."""
    side_count = len(kept.sides)
    totals = np.zeros(side_count)
    best, best_places = np.full(side_count, np.inf), np.full(side_count, -1, np.int64)
    draft.append(_KEYS, np.zeros(0, np.uint64))
    draft.append(_COUNTS, np.zeros(0, np.uint8))
    for all_places, all_owners in ranges(kept, hashes):
        # One place for each side that has these three words.
        new = starts_of_runs(hashes[all_places], all_owners)
        places, owners = all_places[new], all_owners[new]
        found = hashes[places]
        starts = np.flatnonzero(starts_of_runs(found))
        sides_with = np.diff(np.append(starts, len(found)))
        weight = weights[places[:, np.newaxis] + np.arange(3)].mean(axis=1, dtype=np.float32)
        of_key = np.repeat(sides_with, sides_with)
        _keep_best(best, best_places, owners, places, of_key * 64.0 - weight)
        is_seed = (of_key <= MOST_SIDES_OF_SEED) & (weight > 0)
        totals += np.bincount(owners[is_seed], weight[is_seed].astype(np.float16), minlength=side_count)
        seeds = np.add.reduceat(is_seed, starts, dtype=np.int64) if len(starts) else starts
        draft.append(_KEYS, found[starts[seeds > 0]])
        draft.append(_COUNTS, seeds[seeds > 0].astype(np.uint8))
        draft.append("seed_sides", owners[is_seed].astype(np.int32))
        draft.append("seed_weights", weight[is_seed].astype(np.float16))
    draft.append("seed_totals", totals.astype(np.float32))
    _write_anchors(kept, hashes, best_places, draft)


def _keep_best(best: Array, best_places: Array, owners: Array, places: Array, ranks: Array) -> None:
    """Remember the least of ``ranks`` of each side so far, and its place."""
    order = np.lexsort((places, ranks, owners))
    order = order[starts_of_runs(owners[order])]
    rank, known = ranks[order], best[owners[order]]
    # The first of equally good places is taken, whichever range it is met in.
    better = order[(rank < known) | ((rank == known) & (places[order] < best_places[owners[order]]))]
    best[owners[better]], best_places[owners[better]] = ranks[better], places[better]


def _write_anchors(kept: Collected, hashes: Hashes, places: Array, draft: Draft) -> None:
    """All keys, and for each its anchors. ``places``: of each side the place of its anchor, or -1."""
    sides = np.flatnonzero(places >= 0)
    anchors = hashes[places[sides]]
    order = np.argsort(anchors, kind="stable")
    sides, anchors = sides[order], anchors[order]
    starts = np.flatnonzero(starts_of_runs(anchors))
    _merge_keys(draft.mapped(_KEYS), draft.mapped(_COUNTS), anchors[starts], draft)
    draft.append("anchor_offsets", np.append(starts, len(anchors)).astype(np.int32))
    draft.append("anchor_sides", sides.astype(np.int32))
    draft.append("anchor_places", (places[sides] - kept.offsets[sides]).astype(np.int32))
    for name in (_KEYS, _COUNTS):
        draft.drop(name)


def _merge_keys(seed_keys: Hashes, seed_counts: Array, anchors: Hashes, draft: Draft) -> None:
    """Write all keys, of seeds and of ``anchors``, in order; how many seeds each has; and which are anchors."""
    draft.append("seed_offsets", np.zeros(1, np.int32))
    written = seeds = done = 0
    for first in range(0, max(len(seed_keys), 1), AT_A_TIME):
        last = first + AT_A_TIME
        some = seed_keys[first:last]
        end = int(np.searchsorted(anchors, seed_keys[last])) if last < len(seed_keys) else len(anchors)
        keys = np.union1d(some, anchors[done:end])
        counts = np.zeros(len(keys), np.int64)
        counts[np.searchsorted(keys, some)] = seed_counts[first:last]
        draft.append("keys", keys)
        draft.append("seed_offsets", (seeds + np.cumsum(counts)).astype(np.int32))
        draft.append("anchor_keys", (written + np.searchsorted(keys, anchors[done:end])).astype(np.int32))
        written, seeds, done = written + len(keys), seeds + int(counts.sum()), end
