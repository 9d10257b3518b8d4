"""Self-repetition: phrases of a row that other rows have too."""

from __future__ import annotations

import numpy as np

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.auditing.texts.pools import Pool, Statistic, coded, measured, segments
from provenance.auditing.texts.words import Integers, grams

_WORDS = 4
_SHOWN = 10
_FEWEST_GRAMS = 20
_MUCH = 0.5


class SelfRepetition:
    """value = of the different 4-grams of each row, over all rows, the share that another row of the set has too.

    Taken of equally many words of each group. Salkar et al. sum ln(1 + repeated 4-grams) over rows; a share does not
    grow with the length of rows. Greater is more repetitive.
    """

    name = "self_repetition"
    definition = "share of rows' 4-grams that stand in another row too, in equally many words of each group"
    unit = "fraction of 4-grams"
    source = "Salkar et al. 2022 (AACL), as in Shaib et al. 2024 (arXiv 2403.00553)"
    needs: Needs = "data"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """The values of `pools.Difference`; ``size`` is in words. The rows that repeat others most stand out."""
        return measured(subject, prepare, repeating)


def prepare(pool: Pool) -> tuple[Statistic, Integers]:
    """The repeated 4-grams' share in some rows of the pool, and all rows' sizes in words."""
    codes, distinct, counts = _of_rows(pool)
    starts = np.cumsum(counts) - counts

    def repeated_fraction(rows: Integers) -> float:
        chosen = codes[segments(starts[rows], counts[rows])]
        in_rows = np.bincount(chosen, minlength=distinct)
        return float(np.count_nonzero(in_rows[chosen] > 1) / max(len(chosen), 1))

    return repeated_fraction, pool.words.lengths


def _of_rows(pool: Pool) -> tuple[Integers, int, Integers]:
    """The 4-grams of each row, each once, row by row; how many there are in all; how many each row has."""
    four_grams = grams(pool.words, _WORDS)
    codes, distinct = coded(four_grams.hashes)
    once = np.unique(four_grams.rows * distinct + codes)
    rows, codes = np.divmod(once, max(distinct, 1))
    return codes, distinct, np.bincount(rows, minlength=pool.size)


def repeating(pool: Pool) -> tuple[Outstanding, ...]:
    """The compared rows of whose 4-grams most stand in other compared rows."""
    codes, distinct, counts = _of_rows(pool)
    counts = counts[: pool.compared]
    codes = codes[: counts.sum()]
    is_repeated = np.bincount(codes, minlength=distinct)[codes] > 1
    repeated = np.bincount(np.repeat(np.arange(len(counts)), counts), is_repeated, minlength=len(counts))
    fractions = repeated / np.maximum(counts, 1)
    much = (counts >= _FEWEST_GRAMS) & (fractions > _MUCH)
    worst = np.flatnonzero(much)[np.argsort(-fractions[much], kind="stable")][:_SHOWN]
    return tuple(
        Outstanding(pool.ids[row].as_py().hex(), f"{fractions[row]:.0%} of its {counts[row]:,} 4-grams stand in others")
        for row in worst.tolist()
    )


MEASURE = SelfRepetition()
