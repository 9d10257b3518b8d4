"""Making the index of a suite: sides are collected and weighed, then the words in threes are found by which to look."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from provenance.auditing.contamination.collecting import Collected, Collector
from provenance.auditing.contamination.hashing import Array, Hashes, bounds, starts_of_runs
from provenance.auditing.contamination.rules import MOST_SIDES_OF_SEED, are_alone
from provenance.auditing.contamination.weighing import (
    are_wanted,
    clear_template,
    hashes_of_threes,
    ranges,
    sums,
    weights_of,
)
from provenance.ledger.graph.store import Draft

Rows = Iterable[Mapping[str, object]]


def build(sets: Sequence[tuple[str, Callable[[], Rows]]], draft: Draft) -> None:
    """Write the index of ``sets``, by name, whose rows are read one set after the other, into ``draft``.

    Raises:
        DataError: a set cannot be read, or there is more text than an index can hold.
    """
    collector = Collector()
    for name, rows in sets:
        collector.add(name, rows())
    collected = collector.collected()
    del collector
    weights = weights_of(collected)
    bits = sums(collected, weights)
    wanted = are_wanted(collected, bits)
    weights = weights[np.repeat(wanted, collected.sizes)]
    kept = collected.kept(wanted)
    del collected
    hashes = hashes_of_threes(kept)
    clear_template(kept, hashes, weights)
    short = np.flatnonzero((kept.sizes <= 2) & ~are_alone(kept.sides)).astype(np.int32)
    draft.stated["sets"] = list(kept.names)
    for name, values in (
        ("set_rows", kept.set_rows),
        ("words", (kept.words >> np.uint64(32)).astype(np.uint32)),
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
    _write_keys(kept, hashes, weights, draft)


def _write_keys(kept: Collected, hashes: Hashes, weights: Array, draft: Draft) -> None:
    """Seeds and anchors: the words in threes by which sides are found."""
    side_count = len(kept.sides)
    totals = np.zeros(side_count)
    best, best_places = np.full(side_count, np.inf), np.full(side_count, -1, np.int64)
    keys, counts = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
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
        keys.append(found[starts[seeds > 0]])
        counts.append(seeds[seeds > 0])
        draft.append("seed_sides", owners[is_seed].astype(np.int32))
        draft.append("seed_weights", weight[is_seed].astype(np.float16))
    draft.append("seed_totals", totals.astype(np.float32))
    _write_anchors(kept, hashes, best_places, np.concatenate(keys), np.concatenate(counts), draft)


def _keep_best(best: Array, best_places: Array, owners: Array, places: Array, ranks: Array) -> None:
    """Remember the least of ``ranks`` of each side so far, and its place."""
    order = np.lexsort((places, ranks, owners))
    order = order[starts_of_runs(owners[order])]
    rank, known = ranks[order], best[owners[order]]
    # The first of equally good places is taken, whichever range it is met in.
    better = order[(rank < known) | ((rank == known) & (places[order] < best_places[owners[order]]))]
    best[owners[better]], best_places[owners[better]] = ranks[better], places[better]


def _write_anchors(
    kept: Collected, hashes: Hashes, places: Array, seed_keys: Hashes, seed_counts: Array, draft: Draft
) -> None:
    """All keys, and for each its anchors. ``places``: of each side the place of its anchor, or -1."""
    sides = np.flatnonzero(places >= 0)
    anchors = hashes[places[sides]]
    order = np.argsort(anchors, kind="stable")
    sides, anchors = sides[order], anchors[order]
    starts = np.flatnonzero(starts_of_runs(anchors))
    keys = np.union1d(seed_keys, anchors)
    by_key = np.zeros(len(keys), np.int64)
    by_key[np.searchsorted(keys, seed_keys)] = seed_counts
    draft.append("keys", keys)
    draft.append("seed_offsets", bounds(by_key).astype(np.int32))
    draft.append("anchor_keys", np.searchsorted(keys, anchors[starts]).astype(np.int32))
    draft.append("anchor_offsets", np.append(starts, len(anchors)).astype(np.int32))
    draft.append("anchor_sides", sides.astype(np.int32))
    draft.append("anchor_places", (places[sides] - kept.offsets[sides]).astype(np.int32))
