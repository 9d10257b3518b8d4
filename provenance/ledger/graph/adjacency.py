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
_SAMPLES_AT_ONCE = 1 << 22


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

    def unseen_next_to(self, samples: Array, seen: Array) -> Array:
        """What is next to any of ``samples`` and not ``seen``, each once and in order."""
        if len(samples) <= _SAMPLES_AT_ONCE:
            return unseen(self.next_to(samples), seen)
        fresh = np.zeros(len(seen), bool)
        for first, end in pieces(len(samples)):
            fresh[self.next_to(samples[first:end])] = True
        fresh &= ~seen
        return np.flatnonzero(fresh)

    def walk(self, start: Array, depth: int | None = None) -> Iterator[Array]:
        """The samples at distance 0, 1, … from those of ``start``, each once and in order; it ends on cycles too."""
        seen = np.zeros(len(self.offsets) - 1, bool)
        frontier = unseen(start, seen)
        seen[frontier] = True
        distance = 0
        while len(frontier):
            yield frontier
            if distance == depth:
                return
            frontier = self.unseen_next_to(frontier, seen)
            seen[frontier] = True
            distance += 1

    def transposed(self) -> Adjacency:
        """The other direction; what is next to a sample is in order."""
        samples = len(self.offsets) - 1
        # Before there are keys, which take the most memory of all.
        offsets = offsets_of(counted(self.targets, samples))
        # One sort of plain integers is several times faster than finding the order in which to take them; and in
        # place, as these are the largest arrays there are.
        keys = self.targets.astype(np.uint64)
        keys <<= np.uint64(32)
        for first, end in pieces(samples):
            own = np.arange(first, end)
            counts = self.counts_of(own)
            edges = slice(int(self.offsets[first]), int(self.offsets[end]))
            keys[edges] |= np.repeat(own.astype(np.uint64), counts)
        keys.sort()
        return Adjacency(offsets, keys.astype(np.uint32))


def pieces(count: int) -> Iterator[tuple[int, int]]:
    """Where each of some parts of ``count`` samples begins and ends that are worked on at once, one after the other."""
    return ((first, min(first + _SAMPLES_AT_ONCE, count)) for first in range(0, count, _SAMPLES_AT_ONCE))


def unseen(reached: Array, seen: Array) -> Array:
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


def united(several: Sequence[Array], size: int) -> Array:
    """The samples, of ``size`` in all, of any of ``several``, each once and in order; int64."""
    return unseen(np.concatenate([np.empty(0, np.int64), *several]), np.zeros(size, bool))


def sorted_once(numbers: Array) -> Array:
    """``numbers`` in order, each once: what `numpy.unique` gives, which hashes them and takes several times as long."""
    ordered = np.sort(numbers)
    is_first = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return ordered[is_first]


def counted(numbers: Array, most: int) -> Array:
    """How often each number below ``most`` is there; int64. In parts, and in place: `numpy.bincount` would copy what it
    counts, and make all counts once more."""
    counts = np.zeros(most, np.int64)
    for start in range(0, len(numbers), _COUNTED_AT_ONCE):
        np.add.at(counts, numbers[start : start + _COUNTED_AT_ONCE].astype(np.int64, copy=False), 1)
    return counts


def levels(parents: Adjacency, children: Adjacency) -> Array:
    """For each sample the length of the longest way to it from one without parents; int32.

    Samples on or behind a cycle, which only sidecars that contradict each other can bring about, get one level more
    than all others.
    """
    waiting = np.empty(len(parents.offsets) - 1, np.uint32)
    for first, end in pieces(len(waiting)):
        waiting[first:end] = parents.counts_of(np.arange(first, end))
    level = np.full(len(waiting), -1, np.int32)
    frontier, depth = np.flatnonzero(waiting == 0), 0
    while len(frontier):
        level[frontier] = depth
        following = []
        for first, end in pieces(len(frontier)):
            reached = children.next_to(frontier[first:end])
            np.subtract.at(waiting, reached, np.uint32(1))
            following.append(sorted_once(reached[waiting[reached] == 0]))
        frontier, depth = np.concatenate(following).astype(np.int64), depth + 1
    level[level < 0] = depth
    return level


def ranges(starts: Array, counts: Array) -> Array:
    """``starts[0]``, ``starts[0] + 1``, … (``counts[0]`` of them), then those of ``starts[1]``, and so on; int64."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - (ends - counts), counts) + np.arange(total)


def offsets_of(counts: Array) -> Array:
    """Where each sample's edges begin, and where the last one's end, in the smallest type that holds it."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return narrowed(offsets)


def narrowed(values: Array) -> Array:
    """``values``, which are not negative, in the smallest unsigned type that holds them all."""
    greatest = int(values.max()) if len(values) else 0
    return values.astype(np.min_scalar_type(greatest))
