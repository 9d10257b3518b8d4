"""Which n-grams are in which rows: what the measures of diversity count, for any labels of the rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from provenance.auditing.chance.deals import Bools, Integers
from provenance.auditing.texts.words import Hashes64, Words, grams

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Incidence:
    """n-grams of rows, each once a row. Those of one row alone are counted, not listed: they need no table.

    ``rows``: the rows of each listed n-gram, one n-gram after the other; ``starts``: where each begins. ``df``: in how
    many rows it is. By row: ``single``: how many n-grams only it has; ``of_row``: how many different ones it has;
    ``tokens``: how many it has in all.
    """

    rows: npt.NDArray[np.int32]
    starts: Integers
    df: Integers
    single: Integers
    of_row: Integers
    tokens: Integers

    def counts(self, labels: Bools) -> npt.NDArray[np.int32]:
        """In how many of the labelled rows each listed n-gram is."""
        if not len(self.starts):
            return np.zeros(0, np.int32)
        return np.add.reduceat(labels.view(np.uint8)[self.rows], self.starts, dtype=np.int32)

    def counts_by_deal(self, labels: Bools) -> Iterator[npt.NDArray[np.int32]]:
        """`counts` of each column of ``labels``. Rows are looked up once for several deals, whose counts share a word.

        A count takes as many bits as the most frequent n-gram needs.
        """
        bits = next((bits for bits in (8, 16, 32) if int(self.df.max(initial=0)) < 1 << bits), 64)
        at_once = 64 // bits
        for first in range(0, labels.shape[1], at_once):
            some = labels[:, first : first + at_once]
            together = np.zeros(len(labels), np.uint64)
            for place in range(some.shape[1]):
                together |= some[:, place].astype(np.uint64) << np.uint64(place * bits)
            sums = np.add.reduceat(together[self.rows], self.starts) if len(self.starts) else np.zeros(0, np.uint64)
            counts = sums.astype("<u8", copy=False).view(f"<u{bits // 8}").reshape(-1, at_once)
            for place in range(some.shape[1]):
                yield counts[:, place].astype(np.int32)


def incidence(words: Words, size: int) -> Incidence:
    """The n-grams of ``size`` words; none goes over the end of a row."""
    many = len(words.offsets) - 1
    found = grams(words, size)
    tokens = np.bincount(found.rows, minlength=many)
    single, of_row = np.zeros(many, np.int64), np.zeros(many, np.int64)
    rows, df = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    for pairs in _parts(found.hashes, found.rows, many):
        # What comes again in its row stands beside it.
        different = pairs[_changes(pairs)]
        row = (different & _mask(_bits(many))).astype(np.int32)
        starts = np.flatnonzero(_changes(different >> _bits(many)))
        in_rows = np.diff(starts, append=len(row))
        listed = in_rows > 1
        rows.append(row[np.repeat(listed, in_rows)])
        df.append(in_rows[listed])
        single += np.bincount(row[starts[~listed]], minlength=many)
        of_row += np.bincount(row, minlength=many)
    in_all = np.concatenate(df)
    return Incidence(np.concatenate(rows), np.cumsum(in_all) - in_all, in_all, single, of_row, tokens)


def _parts(hashes: Hashes64, rows: Integers, many: int) -> Iterator[Hashes64]:
    """Pairs of an n-gram and its row, a number each, sorted: part by part, and all of one n-gram in one part.

    One number sorts much faster than two. Rows take its lower bits, and the part stands for the hash's first eight: of
    100,000 rows 55 bits of a hash count, by which hardly two of 30 million different n-grams are taken for one.
    """
    part = (hashes >> np.uint64(56)).astype(np.uint8)
    pairs = (hashes << np.uint64(8)) & ~_mask(_bits(many))
    pairs |= rows.view(np.uint64)
    pairs = pairs[np.argsort(part, kind="stable")]
    ends = np.cumsum(np.bincount(part, minlength=256))
    for first, end in zip(ends - np.diff(ends, prepend=0), ends, strict=True):
        if first < end:
            pairs[first:end].sort()
            yield pairs[first:end]


def _bits(many: int) -> np.uint64:
    """The bits that the number of a row takes."""
    return np.uint64(max(many - 1, 0).bit_length())


def _mask(bits: np.uint64) -> np.uint64:
    return (np.uint64(1) << bits) - np.uint64(1)


def _changes(values: Hashes64) -> Bools:
    """Where a value is not the one before it."""
    found = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found


def absent(most: int, share: float) -> Floats:
    """(1 - share)^count for the counts 0 to ``most``: that none of so many rows is in a random part of that share."""
    if share >= 1:
        nothing: Floats = (np.arange(most + 1) == 0).astype(np.float64)
        return nothing
    powers: Floats = np.exp(np.maximum(np.arange(most + 1) * math.log1p(-share), -200.0))
    return powers
