"""Openings: whether rows keep beginning with the same words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.auditing.texts.pools import Pool, Statistic, coded, measured
from provenance.auditing.texts.words import Integers, grams, spelled

_WORDS = 3
_COMMONEST = 10
_FEWEST_ROWS = 2


class Openings:
    """value = rows that begin with one of the ten commonest first three words / all rows, of equally many rows.

    The ten are each set's own. Rows of fewer than three words begin with none. Greater is more alike.
    """

    name = "openings"
    definition = "share of rows that begin with one of their set's ten commonest three words, of equally many rows"
    unit = "fraction of rows"
    source = "repeated openings of generated text: Shaib et al. 2024 (arXiv 2403.00553)"
    needs: Needs = "data"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """The values of `pools.Difference`; ``size`` is in rows. A row for each common opening stands out."""
        return measured(subject, prepare, commonest)


def prepare(pool: Pool) -> tuple[Statistic, Integers]:
    """The share of some rows of the pool that begin alike, and all rows' sizes: one each."""
    codes, distinct = _of_rows(pool)

    def commonest_fraction(rows: Integers) -> float:
        chosen = codes[rows]
        counts = np.bincount(chosen[chosen >= 0], minlength=distinct)
        return float(np.sort(counts)[-_COMMONEST:].sum() / len(rows))

    return commonest_fraction, np.ones(pool.size, np.int64)


def _of_rows(pool: Pool) -> tuple[npt.NDArray[np.int64], int]:
    """The opening of each row as a number, -1 where it has none; and how many openings there are."""
    three = grams(pool.words, _WORDS)
    rows, firsts = np.unique(three.rows, return_index=True)
    codes = np.full(pool.size, -1)
    codes[rows], distinct = coded(three.hashes[firsts])
    return codes, distinct


def commonest(pool: Pool) -> tuple[Outstanding, ...]:
    """A compared row for each of the commonest openings of compared rows."""
    codes, distinct = _of_rows(pool)
    own = codes[: pool.compared]
    counts = np.bincount(own[own >= 0], minlength=distinct)
    shown = []
    for code in np.argsort(-counts, kind="stable")[:_COMMONEST].tolist():
        if counts[code] >= _FEWEST_ROWS:
            row = int(np.flatnonzero(own == code)[0])
            opening = " ".join(spelled(pool.texts[row].as_py())[:_WORDS])
            why = f"begins with {opening!r}, as {counts[code] / len(own):.1%} of the compared rows do"
            shown.append(Outstanding(pool.ids[row].as_py().hex(), why))
    return tuple(shown)


MEASURE = Openings()
