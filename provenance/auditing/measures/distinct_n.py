"""Distinct-n: how many of a text's bigrams are different ones."""

from __future__ import annotations

import numpy as np

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.auditing.texts.pools import Pool, Statistic, coded, measured, segments
from provenance.auditing.texts.words import Integers, grams

_WORDS = 2
_SHOWN = 10
_FEWEST_BIGRAMS = 50
_LOOPING = 0.5


class DistinctN:
    """value = different bigrams / all bigrams, pooled over rows, of equally many words of each group.

    The ratio falls with the size of a text, which is why it is compared at one size only. Smaller is more repetitive.
    """

    name = "distinct_n"
    definition = "different / all word bigrams, in equally many words of compared and reference rows"
    unit = "fraction of bigrams"
    source = "distinct-n of Li et al. 2016 (arXiv 1510.03055), as in Shaib et al. 2024 (arXiv 2403.00553)"
    needs: Needs = "data"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """The values of `pools.Difference`; ``size`` is in words. Rows that go round in circles stand out."""
        return measured(subject, prepare, looping)


def prepare(pool: Pool) -> tuple[Statistic, Integers]:
    """The distinct bigrams' share in some rows of the pool, and all rows' sizes in words."""
    bigrams = grams(pool.words, _WORDS)
    codes, distinct = coded(bigrams.hashes)
    counts = np.bincount(bigrams.rows, minlength=pool.size)
    starts = np.cumsum(counts) - counts

    def distinct_fraction(rows: Integers) -> float:
        chosen = codes[segments(starts[rows], counts[rows])]
        return np.count_nonzero(np.bincount(chosen, minlength=distinct)) / max(len(chosen), 1)

    return distinct_fraction, pool.words.lengths


def looping(pool: Pool) -> tuple[Outstanding, ...]:
    """The compared rows in which fewest bigrams are different ones."""
    bigrams = grams(pool.words, _WORDS)
    codes, distinct = coded(bigrams.hashes)
    rows = np.unique(bigrams.rows * distinct + codes) // max(distinct, 1)
    counts = np.bincount(bigrams.rows, minlength=pool.size)
    fractions = np.bincount(rows, minlength=pool.size) / np.maximum(counts, 1)
    looping = (counts >= _FEWEST_BIGRAMS) & (fractions < _LOOPING) & (np.arange(pool.size) < pool.compared)
    worst = np.flatnonzero(looping)[np.argsort(fractions[looping], kind="stable")][:_SHOWN]
    return tuple(
        Outstanding(pool.ids[row].as_py().hex(), f"{fractions[row]:.0%} of its {counts[row]:,} bigrams are different")
        for row in worst.tolist()
    )


MEASURE = DistinctN()
