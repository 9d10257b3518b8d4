"""Self-repetition: phrases of a row that other rows have too."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from provenance.auditing.chance.deals import Bools
from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.auditing.texts.comparing import Recipe, measured
from provenance.auditing.texts.incidence import Incidence, absent
from provenance.auditing.texts.pools import Pool

_WORDS = 4
_SHOWN = 10
_FEWEST_GRAMS = 20
_MUCH = 0.5


class SelfRepetition:
    """value = of the different 4-grams of each row, over all rows, the part that another row of the set has too.

    Taken of equally many words of each group: of the larger one it is the expected value over random parts π of its
    rows, Σ_g df · (1 - (1 - π)^(df - 1)) / Σ_g df, with df the rows that have g. Salkar et al. sum ln(1 + repeated
    4-grams) over rows; a part does not grow with the length of rows. Greater is more repetitive.
    """

    name = "self_repetition"
    definition = "share of rows' 4-grams that stand in another row too, in equally many words of each group"
    unit = "fraction of 4-grams"
    source = "Salkar et al. 2022 (AACL), as in Shaib et al. 2024 (arXiv 2403.00553)"
    needs: Needs = "data"
    is_held_against_chance = True

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """The values of `comparing.measured`; the rows that repeat others most stand out.

        ``significant_difference`` is a part of all 4-grams, so that a reference without repetition is no special case.
        """
        return measured(subject, prepare, repeating, _WORDS)


def prepare(pool: Pool) -> Recipe:
    """The repeated 4-grams' part in labelled rows and in the others."""
    found = pool.incidence(_WORDS)
    lengths = pool.words.lengths
    most, all_words, all_grams = int(found.df.max(initial=0)), int(lengths.sum()), int(found.of_row.sum())
    counts_up = np.arange(most + 1)

    def of(counts: npt.NDArray[np.int32], in_all: int, part: float) -> float:
        repeated = counts_up * (1 - absent(most, part)[np.maximum(counts_up - 1, 0)])
        return float(repeated[counts].sum() / max(in_all, 1))

    def figure(labels: Bools, counts: npt.NDArray[np.int32]) -> tuple[float, float]:
        words, in_all = int(lengths[labels].sum()), int(found.of_row[labels].sum())
        others = all_words - words
        least = min(words, others)
        return (
            of(counts, in_all, least / max(words, 1)),
            of((found.df - counts).astype(np.int32), all_grams - in_all, least / max(others, 1)),
        )

    def figures(labels: Bools) -> Iterator[tuple[float, float]]:
        for deal, counts in enumerate(found.counts_by_deal(labels)):
            yield figure(np.ascontiguousarray(labels[:, deal]), counts)

    return Recipe(lambda labels: figure(labels, found.counts(labels)), "more", relative=False, figures=figures)


def repeating(pool: Pool) -> tuple[Outstanding, ...]:
    """The compared rows of whose 4-grams most stand in other compared rows."""
    found = pool.incidence(_WORDS)
    parts = _repeated(found, pool.compared) / np.maximum(found.of_row, 1)
    much = (found.of_row >= _FEWEST_GRAMS) & (parts > _MUCH) & pool.compared
    worst = np.flatnonzero(much)[np.argsort(-parts[much], kind="stable")][:_SHOWN]
    return tuple(
        Outstanding(
            pool.ids[row].as_py().hex(), f"{parts[row]:.0%} of its {found.of_row[row]:,} 4-grams stand in others"
        )
        for row in worst.tolist()
    )


def _repeated(found: Incidence, labels: Bools) -> npt.NDArray[np.float64]:
    """By row, how many of its 4-grams stand in more than one of the labelled rows."""
    is_repeated = np.repeat(found.counts(labels) > 1, found.df)
    return np.bincount(found.rows, is_repeated, minlength=len(labels)).astype(np.float64)


MEASURE = SelfRepetition()
