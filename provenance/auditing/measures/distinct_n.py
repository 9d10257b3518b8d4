"""Distinct-n: how many of a text's bigrams are different ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from provenance.auditing.chance.deals import Bools
from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.auditing.texts.comparing import Recipe, measured
from provenance.auditing.texts.incidence import absent
from provenance.auditing.texts.pools import Pool

_WORDS = 2
_SHOWN = 10
_FEWEST_BIGRAMS = 50
_LOOPING = 0.5


class DistinctN:
    """value = different bigrams / all bigrams, of equally many bigrams of each group; smaller is more repetitive.

    The ratio falls with the size of a text, which is why it is compared at one size. Of the larger group it is the
    expected value over random parts of its rows as large as the other group (rarefaction: Hurlbert 1971; with rows
    placed at random, Coleman 1981): Σ_g 1 - (1 - π)^df / (π · bigrams), with π the part and df the rows that have g.
    """

    name = "distinct_n"
    definition = "different / all word bigrams, in equally many of compared and reference rows"
    unit = "fraction of bigrams"
    source = "distinct-n of Li et al. 2016 (arXiv 1510.03055), as in Shaib et al. 2024 (arXiv 2403.00553)"
    needs: Needs = "data"
    is_held_against_chance = True

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """The values of `comparing.measured`; rows that go round in circles stand out.

        ``significant_difference`` is a part of the reference's figure.
        """
        return measured(subject, prepare, looping, _WORDS)


def prepare(pool: Pool) -> Recipe:
    """The distinct bigrams' share in labelled rows and in the others."""
    found = pool.incidence(_WORDS)
    most = int(found.df.max(initial=0))
    all_single, all_tokens = int(found.single.sum()), int(found.tokens.sum())

    def of(counts: npt.NDArray[np.int32], single: int, tokens: int, part: float) -> float:
        if not tokens or not part:
            return 0.0  # a deal of rows of one word each
        # Of a bigram that stands in one row, the part itself is the chance that it is there.
        different = float((1 - absent(most, part))[counts].sum()) + single * part
        return different / (part * tokens)

    def figure(labels: Bools, counts: npt.NDArray[np.int32]) -> tuple[float, float]:
        single, tokens = int(found.single[labels].sum()), int(found.tokens[labels].sum())
        others = all_tokens - tokens
        least = min(tokens, others)
        return (
            of(counts, single, tokens, least / max(tokens, 1)),
            of((found.df - counts).astype(np.int32), all_single - single, others, least / max(others, 1)),
        )

    def figures(labels: Bools) -> Iterator[tuple[float, float]]:
        for deal, counts in enumerate(found.counts_by_deal(labels)):
            yield figure(np.ascontiguousarray(labels[:, deal]), counts)

    return Recipe(lambda labels: figure(labels, found.counts(labels)), "less", relative=True, figures=figures)


def looping(pool: Pool) -> tuple[Outstanding, ...]:
    """The compared rows in which fewest bigrams are different ones."""
    found = pool.incidence(_WORDS)
    parts = found.of_row / np.maximum(found.tokens, 1)
    looping = (found.tokens >= _FEWEST_BIGRAMS) & (parts < _LOOPING) & pool.compared
    worst = np.flatnonzero(looping)[np.argsort(parts[looping], kind="stable")][:_SHOWN]
    return tuple(
        Outstanding(pool.ids[row].as_py().hex(), f"{parts[row]:.0%} of its {found.tokens[row]:,} bigrams are different")
        for row in worst.tolist()
    )


MEASURE = DistinctN()
