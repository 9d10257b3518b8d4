"""Hashes of words, of words in a row and of whole spans, all at once.

A word's hash is made of eight of its bytes at a time. The hash of a span of words is a sum over them, each times a
power of one odd number that its place in the batch gives: of such sums from the batch's beginning on, the difference of
two, divided by the power of the first place, is the hash of what stands between them, wherever and however long.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from xxhash import xxh3_64_intdigest

Hashes = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]
Array = npt.NDArray[Any]

# Numbers without a pattern, the same on every machine: what indexes hold depends on them.
_BASE = 0x9E3779B97F4A7C15
_SEED = 0x5851F42D4C957F2D
_LEAST_POWERS = 1 << 16
_AT_ONCE, _LONG = 8, 64
# So many of eight bytes, in the order in which they stand.
_MASKS = np.array([(1 << 8 * count) - 1 for count in range(_AT_ONCE + 1)], np.uint64)


def mixed(values: Hashes) -> Hashes:
    """``values`` with every bit depending on all (the finalizer of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def hashes_of_words(text: bytes, starts: Integers, stops: Integers) -> Hashes:
    """The hashes of the words that begin at ``starts`` and end before ``stops`` in ``text``."""
    lengths = stops - starts
    hashes = lengths.view(np.uint64) * np.uint64(_BASE)
    # The eight bytes that begin at each byte.
    padded = np.frombuffer(text + bytes(_AT_ONCE), np.uint8)
    eights = np.lib.stride_tricks.as_strided(padded[:_AT_ONCE].view("<u8"), (len(text) + 1,), (1,))
    # Most words are as short as that.
    hashes = mixed(hashes ^ (eights[starts] & _MASKS[np.minimum(lengths, _AT_ONCE)]))
    some: Array = np.flatnonzero((lengths > _AT_ONCE) & (lengths <= _LONG))
    for done in range(_AT_ONCE, _LONG, _AT_ONCE):
        some = some[lengths[some] > done]
        if not len(some):
            break
        left = np.minimum(lengths[some] - done, _AT_ONCE)
        hashes[some] = mixed(hashes[some] ^ (eights[starts[some] + done] & _MASKS[left]))
    for word in np.flatnonzero(lengths > _LONG).tolist():
        hashes[word] = xxh3_64_intdigest(text[starts[word] : stops[word]])
    return hashes


def odd_numbers(count: int, start: int) -> Hashes:
    """``count`` odd numbers without a pattern."""
    numbers: Hashes = mixed((np.arange(count, dtype=np.uint64) + np.uint64(start + 1)) * np.uint64(_SEED)) | np.uint64(
        1
    )
    return numbers


class _Powers:
    """The powers of `_BASE` and of its inverse modulo 2^64, as many as were asked for so far."""

    def __init__(self) -> None:
        self.up = self.down = np.ones(1, np.uint64)

    def of(self, size: int) -> tuple[Hashes, Hashes]:
        if len(self.up) < size:
            size = max(size + size // 4, _LEAST_POWERS)
            found = []
            for base in (_BASE, pow(_BASE, -1, 1 << 64)):
                factors = np.full(size, base, np.uint64)
                factors[0] = 1
                found.append(np.multiply.accumulate(factors))
            self.up, self.down = found
        return self.up, self.down


_POWERS = _Powers()
_FIRST, _SECOND, _THIRD, _LEFT, _RIGHT = odd_numbers(5, 1000)


class Sums:
    """Running sums over some hashes, from which any span of them has its hash."""

    def __init__(self, values: Hashes) -> None:
        up, self._down = _POWERS.of(len(values) + 1)
        self._sums = np.zeros(len(values) + 1, np.uint64)
        np.cumsum(values * up[: len(values)], out=self._sums[1:])

    def spans(self, first: Integers, last: Integers) -> Hashes:
        """The hashes of spans that begin at ``first`` and end before ``last``, wherever they stand."""
        hashes: Hashes = (self._sums[last] - self._sums[first]) * self._down[first]
        return hashes


def hash_of_two(first: Hashes, second: Hashes) -> Hashes:
    """As `Sums.spans` of two values."""
    hashes: Hashes = first + second * np.uint64(_BASE)
    return hashes


def pairs(left: Hashes, right: Hashes) -> Hashes:
    """The hashes of two words, in this order."""
    hashes: Hashes = left * _LEFT + right * _RIGHT
    return hashes


def threes(words: Hashes, offsets: Integers) -> Hashes:
    """The hash of the three words that begin at each word; 0 where its row ends before. ``offsets``: of the rows."""
    hashes = np.zeros(len(words), np.uint64)
    if len(words) > 2:
        hashes[:-2] = words[:-2] * _FIRST + words[1:-1] * _SECOND + words[2:] * _THIRD
        for back in (1, 2):
            places = offsets[1:] - back
            hashes[places[places >= offsets[:-1]]] = 0
    return hashes


def spread(first: Array, counts: Array) -> Integers:
    """first[0], first[0] + 1, … (counts[0] of them), then those from first[1] on, and so on."""
    ends = np.cumsum(counts, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(first - (ends - counts), counts) + np.arange(total)


def bounds(counts: Array) -> Integers:
    """Where runs of these lengths begin, and the end of the last."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])


def starts_of_runs(values: Array, *others: Array) -> npt.NDArray[np.bool_]:
    """Whether each of some sorted values differs from the one before, in ``values`` or in any of ``others``."""
    new = np.ones(len(values), np.bool_)
    if len(values):
        new[1:] = values[1:] != values[:-1]
        for other in others:
            new[1:] |= other[1:] != other[:-1]
    return new


def distinct(values: Array) -> Array:
    """As np.unique, by sorting, which is several times faster here than by hashing."""
    ordered = np.sort(values)
    return ordered[starts_of_runs(ordered)]


def are_among(values: Array, known: Array) -> npt.NDArray[np.bool_]:
    """Whether each of ``values`` is among ``known``, which are sorted."""
    if not len(known):
        return np.zeros(len(values), np.bool_)
    places = np.searchsorted(known, values)
    places[places == len(known)] = 0
    found: npt.NDArray[np.bool_] = known[places] == values
    return found
