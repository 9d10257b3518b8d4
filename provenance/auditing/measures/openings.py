"""Openings: whether rows keep beginning with the same words."""

from __future__ import annotations

import numpy as np

from provenance.auditing.chance.deals import Bools, Integers
from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.auditing.texts.comparing import Recipe, measured
from provenance.auditing.texts.pools import Pool, text_of
from provenance.auditing.texts.words import Words, grams, spelled

_WORDS = 3
_COMMONEST = 10
_FEWEST_ROWS = 2


class Openings:
    """value = the chance that two random rows begin with the same three words: Σ c(c - 1) / n(n - 1).

    c: the rows of each opening, n: all rows; rows of fewer than three words begin with none. It does not depend on how
    many rows there are (Simpson 1949). One opening on a share s of the rows adds s².
    """

    name = "openings"
    definition = "the chance that two random rows begin with the same three words, of compared and reference rows"
    unit = "probability"
    source = "repeated openings: Shaib et al. 2024 (arXiv 2403.00553); the chance: Simpson 1949 (Nature 163)"
    needs: Needs = "data"
    is_held_against_chance = True

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """The values of `comparing.measured`, and ``top_10`` and ``reference_top_10``; common openings stand out.

        These are the parts of the rows that begin with one of their group's ten commonest openings: they depend on how
        many rows there are, and are shown only.
        """
        return measured(subject, prepare, commonest, _WORDS)


def prepare(pool: Pool) -> Recipe:
    """The chance among labelled rows and among the others."""
    codes, many = _of_rows(pool)
    total = np.bincount(codes[codes >= 0], minlength=many)

    def of(counts: Integers, rows: int) -> float:
        return float((counts * (counts - 1.0)).sum() / max(rows * (rows - 1.0), 1.0))

    def counted(labels: Bools) -> Integers:
        own = codes[labels]
        return np.bincount(own[own >= 0], minlength=many)

    def both(labels: Bools) -> tuple[float, float]:
        counts, rows = counted(labels), int(labels.sum())
        return of(counts, rows), of(total - counts, len(labels) - rows)

    own, rows = counted(pool.compared), pool.compared_rows
    further = {"top_10": _top(own, rows), "reference_top_10": _top(total - own, pool.size - rows)}
    return Recipe(both, "more", relative=False, further=further)


def _top(counts: Integers, rows: int) -> float:
    return float(np.sort(counts)[-_COMMONEST:].sum() / rows)


def _of_rows(pool: Pool) -> tuple[Integers, int]:
    """The opening of each row as a number, -1 where it has none; and how many openings there are."""
    rows = np.flatnonzero(pool.words.lengths >= _WORDS)
    places = pool.words.offsets[rows][:, np.newaxis] + np.arange(_WORDS)
    firsts = Words(pool.words.hashes[places.ravel()], np.arange(len(rows) + 1) * _WORDS)
    distinct, numbers = np.unique(grams(firsts, _WORDS).hashes, return_inverse=True)
    codes = np.full(pool.size, -1)
    codes[rows] = numbers
    return codes, len(distinct)


def commonest(pool: Pool) -> tuple[Outstanding, ...]:
    """A compared row for each of the commonest openings of compared rows."""
    codes, many = _of_rows(pool)
    own = np.where(pool.compared, codes, -1)
    counts = np.bincount(own[own >= 0], minlength=many)
    shown = []
    for code in np.argsort(-counts, kind="stable")[:_COMMONEST].tolist():
        if counts[code] >= _FEWEST_ROWS:
            row = int(np.flatnonzero(own == code)[0])
            opening = " ".join(spelled(text_of(pool, row))[:_WORDS])
            why = f"begins with {opening!r}, as {counts[code] / pool.compared_rows:.1%} of the compared rows do"
            shown.append(Outstanding(pool.ids[row].as_py().hex(), why))
    return tuple(shown)


MEASURE = Openings()
