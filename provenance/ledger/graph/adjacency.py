"""Compressed sparse rows: for each sample, the samples next to it; and the walks along them.

``offsets`` has one entry more than there are samples; next to sample n are ``targets[offsets[n]:offsets[n + 1]]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from provenance.ledger.graph.store import Array

# Where a level has more edges than this part of all samples, counting over all of them beats sorting.
_DENSE = 16
_COUNTED_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class Adjacency:
    """One direction of a graph."""

    offsets: Array
    targets: Array

    @property
    def counts(self) -> Array:
        """How many samples are next to each; int64."""
        counted: Array = np.diff(self.offsets.astype(np.int64))
        return counted

    def counts_of(self, samples: Array) -> Array:
        """How many samples are next to each of ``samples``; int64."""
        counted: Array = self.offsets[samples + 1].astype(np.int64) - self.offsets[samples].astype(np.int64)
        return counted

    def edges_of(self, samples: Array) -> tuple[Array, Array]:
        """The places in ``targets`` of all edges of ``samples``, in their order, and how many each has."""
        counts = self.counts_of(samples)
        return ranges(self.offsets[samples].astype(np.int64), counts), counts

    def next_to(self, samples: Array) -> Array:
        """What is next to any of ``samples``; one is listed as often as an edge leads to it."""
        found: Array = self.targets[self.edges_of(samples)[0]]
        return found

    def walk(self, start: Array, depth: int | None = None) -> Iterator[Array]:
        """The samples at distance 0, 1, … from those of ``start``, each once and in order; it ends on cycles too."""
        seen = np.zeros(len(self.offsets) - 1, bool)
        frontier = _distinct(start, seen)
        seen[frontier] = True
        distance = 0
        while len(frontier):
            yield frontier
            if distance == depth:
                return
            frontier = _distinct(self.next_to(frontier), seen)
            seen[frontier] = True
            distance += 1

    def transposed(self) -> Adjacency:
        """The other direction; what is next to a sample is in order."""
        samples = len(self.offsets) - 1
        # One sort of plain integers is several times faster than finding the order in which to take them; and in
        # place, as these are the largest arrays there are.
        keys = self.targets.astype(np.uint64)
        keys <<= np.uint64(32)
        keys |= np.repeat(np.arange(samples, dtype=np.uint32), self.counts)
        keys.sort()
        return Adjacency(offsets_of(counted(self.targets, samples)), keys.astype(np.uint32))


def _distinct(reached: Array, seen: Array) -> Array:
    """Those of ``reached`` that are not ``seen``, each once and in order."""
    if len(reached) * _DENSE < len(seen):
        return sorted_once(reached[~seen[reached]])
    fresh = np.zeros(len(seen), bool)
    fresh[reached] = True
    fresh &= ~seen
    return np.flatnonzero(fresh)


def merged(levels_of_walk: Sequence[Array], size: int) -> Array:
    """The samples, of ``size`` in all, of the levels of a walk, at least one, in order."""
    if sum(map(len, levels_of_walk)) * _DENSE < size:
        # Each level is in order: sorting that merges runs takes half the time.
        return np.sort(np.concatenate(levels_of_walk), kind="stable")
    found = np.zeros(size, bool)
    for level in levels_of_walk:
        found[level] = True
    return np.flatnonzero(found)


def sorted_once(numbers: Array) -> Array:
    """``numbers`` in order, each once: what `numpy.unique` gives, which hashes them and takes several times as long."""
    ordered = np.sort(numbers)
    is_first = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return ordered[is_first]


def counted(numbers: Array, most: int) -> Array:
    """How often each number below ``most`` is there; int64. In parts, as `numpy.bincount` copies what it counts."""
    counts = np.zeros(most, np.int64)
    for start in range(0, len(numbers), _COUNTED_AT_ONCE):
        some = numbers[start : start + _COUNTED_AT_ONCE].astype(np.int64, copy=False)  # numpy 2.0 takes no uint64
        counts += np.bincount(some, minlength=most)
    return counts


def levels(parents: Adjacency, children: Adjacency) -> Array:
    """For each sample the length of the longest way to it from one without parents; int32.

    Samples on or behind a cycle, which only sidecars that contradict each other can bring about, get one level more
    than all others.
    """
    waiting = parents.counts.astype(np.int32)
    level = np.full(len(waiting), -1, np.int32)
    frontier, depth = np.flatnonzero(waiting == 0), 0
    while len(frontier):
        level[frontier] = depth
        reached = children.next_to(frontier)
        if len(reached) * _DENSE > len(waiting):
            counts = np.bincount(reached, minlength=len(waiting))
            touched = np.flatnonzero(counts)
            waiting[touched] -= counts[touched].astype(np.int32)
        else:
            touched, times = np.unique(reached, return_counts=True)
            waiting[touched] -= times.astype(np.int32)
        frontier, depth = touched[waiting[touched] == 0], depth + 1
    level[level < 0] = depth
    return level


def ranges(starts: Array, counts: Array) -> Array:
    """``starts[0]``, ``starts[0] + 1``, … (``counts[0]`` of them), then those of ``starts[1]``, and so on; int64."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - (ends - counts), counts) + np.arange(total)


def offsets_of(counts: Array) -> Array:
    """Where each sample's edges begin, and where the last one's end, in the smallest type that holds it."""
    return narrowed(np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]))


def narrowed(values: Array) -> Array:
    """``values``, which are not negative, in the smallest unsigned type that holds them all."""
    greatest = int(values.max()) if len(values) else 0
    return values.astype(np.min_scalar_type(greatest))
