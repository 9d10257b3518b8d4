"""Which n-grams are in which rows: what the measures of diversity count, for any labels of the rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from provenance.auditing.chance.deals import Bools, Integers
from provenance.auditing.texts.words import Words, grams

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
    hashes, rows = found.hashes, found.rows.astype(np.int32)
    del found
    tokens = np.bincount(rows, minlength=many)
    order = np.argsort(hashes, kind="stable")
    hashes, rows = hashes[order], rows[order]
    del order
    # Rows ascend within an n-gram, as the sort is stable: what comes again in its row stands beside it.
    again = np.zeros(len(hashes), np.bool_)
    again[1:] = (hashes[1:] == hashes[:-1]) & (rows[1:] == rows[:-1])
    hashes, rows = hashes[~again], rows[~again]
    is_first = np.ones(len(hashes), np.bool_)
    is_first[1:] = hashes[1:] != hashes[:-1]
    starts = np.flatnonzero(is_first)
    df = np.diff(np.append(starts, len(hashes)))
    listed = df > 1
    return Incidence(
        rows[np.repeat(listed, df)],
        np.cumsum(df[listed]) - df[listed],
        df[listed],
        np.bincount(rows[starts[~listed]], minlength=many),
        np.bincount(rows, minlength=many),
        tokens,
    )


def absent(most: int, share: float) -> Floats:
    """(1 - share)^count for the counts 0 to ``most``: that none of so many rows is in a random part of that share."""
    if share >= 1:
        nothing: Floats = (np.arange(most + 1) == 0).astype(np.float64)
        return nothing
    powers: Floats = np.exp(np.maximum(np.arange(most + 1) * math.log1p(-share), -200.0))
    return powers
