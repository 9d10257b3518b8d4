"""A figure of compared rows against the reference's: its difference, and what chance makes of it.

A figure is a function of labels: of the rows that they choose and of the rest. What chance makes of its difference is
found by dealing the rows anew, see `chance`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from provenance.auditing.chance.deals import Bools, Deals
from provenance.auditing.chance.drawing import ALPHA, MOST_DEALS, Drawn, Statistics, draw
from provenance.auditing.chance.together import Judged, judged_together
from provenance.auditing.measure import Chance, Doubt, Measured, NotMeasured, Outstanding, Subject, Values
from provenance.auditing.texts.pools import Pool, pool, row_counts

# The figure of the labelled rows, and that of the others.
Figure = Callable[[Bools], tuple[float, float]]
Figures = Callable[[Bools], Iterable[tuple[float, float]]]
Tail = Literal["more", "less", "both"]

_FEWEST_FAMILIES = 8
_NORMAL = 1.96
# Judgement: so much more of one group than of the other may be texts that both hold.
_MUCH_SHARED = 0.2


@dataclass(frozen=True)
class Recipe:
    """How a figure is compared.

    ``figure``: what is dealt; ``figures``: the same of several labels, rows by deals, where that takes less than one
    after the other; ``shown``: what is shown, if that is not the same. ``tail``: whether more, less or any
    difference is what the rule is about. ``relative``: whether its bar is a part of the reference's figure.
    """

    figure: Figure
    tail: Tail
    relative: bool
    shown: Figure | None = None
    further: Values | None = None
    figures: Figures | None = None


def measured(
    subject: Subject,
    prepare: Callable[[Pool], Recipe],
    outstanding: Callable[[Pool], tuple[Outstanding, ...]] = lambda pool: (),
    words: int = 1,
) -> Measured | NotMeasured:
    """The measure that compares by the recipe that ``prepare`` makes of a pool; it looks at rows of ``words`` or more.

    Its values: ``{value, reference, difference, low, high, relative_difference, significant_difference, p, p_adjusted,
    deals, deal, compared_rows, reference_rows}``, and what the recipe has further.

    Raises:
        DataError: data cannot be read.
        SidecarError: a sidecar is of other data.
    """
    rows = pool(subject)
    if isinstance(rows, NotMeasured):
        return rows
    long_enough = rows.words.lengths >= words
    for called, side in (("compared", rows.compared), ("reference", ~rows.compared)):
        if not (long_enough & side).any():
            return NotMeasured(f"every {called} row has fewer than {words} words, which are too few for this measure")
    return compared(rows, prepare(rows), subject.rules, outstanding(rows))


def compared(rows: Pool, recipe: Recipe, rules: int, outstanding: tuple[Outstanding, ...] = ()) -> Measured:
    """What the recipe finds in a pool, judged alone; ``rules``: with how many it will be judged."""
    value, reference = (recipe.shown or recipe.figure)(rows.compared)
    beside: Values = {**row_counts(rows), "deal": rows.design, **(recipe.further or {})}
    found = _Found(value, reference, recipe.tail, recipe.relative, beside, outstanding, rows.sampled)
    if (why := why_not_judged(rows.deals, rules, sides=1 + (recipe.tail == "both"))) is not None:
        return found.not_judged(why)
    drawn = draw(_statistics(recipe), rows.deals, ALPHA / rules)
    spread = float(drawn.values[0].std(ddof=1))
    return alone(Chance(drawn.p, lambda judged: found.judged(judged, drawn, spread)))


def alone(chance: Chance) -> Measured:
    """A measure as it is where it is judged with no other."""
    (judged,) = judged_together([chance.p])
    return chance.settle(judged)


def why_not_judged(deals: Deals, rules: int, sides: int = 1) -> str | None:
    """Why chance cannot be told from a difference; None where it can. ``sides``: how many tails or statistics count."""
    level = ALPHA / rules
    own, others = deals.families
    if min(own, others) < _FEWEST_FAMILIES:
        which = "compared" if own < others else "reference"
        return f"not judged: {min(own, others)} families of {which} rows are too few ({_FEWEST_FAMILIES} are needed)"
    if (why := _why_shared_texts_hide(deals)) is not None:
        return why
    if deals.fixed_rows > (len(deals.compared) - 2 * deals.straddling.copies) / 2:
        return (
            "not judged: most rows are in families of a size that only one of both groups has, so that no deal moves "
            "them; name a field of families that both have with --family"
        )
    if deals.log_arrangements < -np.log10(level / sides):
        return f"not judged: there are too few ways to deal the rows for a p of {level:.2g}"
    if sides / (MOST_DEALS + 1) > level:
        return (
            f"not judged: {rules:,} rules are judged together, too many for {MOST_DEALS:,} deals; audit fewer datasets"
        )
    return None


def _why_shared_texts_hide(deals: Deals) -> str | None:
    """Why texts of both groups leave nothing to judge; None where they do not.

    The groups' difference is that of what they do not share and, as far as one consists of shared texts more than the
    other, of the choice of these, which no deal changes.
    """
    own, others = deals.shared
    if own == others == 1:
        return "not judged: the reference has the same texts as the compared rows; name another"
    if abs(own - others) > _MUCH_SHARED:
        return (
            f"not judged: {own:.0%} of the compared rows' texts and {others:.0%} of the reference's are in both, and "
            "no deal tells whether those are like the rest; name a reference without the compared rows"
        )
    return None


def settled(size: float | None, judged: Judged, drawn: Drawn) -> tuple[float | None, Doubt | None]:
    """An effect if it is significant, else 0; where other deals might well decide otherwise, it may be either."""
    if size is None:
        return None, Doubt(None, "the reference's figure is 0, so that no part of it can be given")
    if drawn.holds(judged.level):
        why = f"borderline: p is between {drawn.low:.2g} and {drawn.high:.2g}, and is held against {judged.level:.2g}"
        return min(size, 0.0), Doubt(abs(size), why)
    return size if judged.is_significant else 0.0, None


def p_in_words(judged: Judged, drawn: Drawn, deal: object) -> str:
    """The p of a finding as people read it, with what was dealt."""
    return f"p {judged.adjusted:.2g}, adjusted for {judged.together} judged together, of {drawn.deals:,} deals ({deal})"


@dataclass(frozen=True)
class _Found:
    """A figure and its reference; ``judged`` and ``not_judged`` say what they come to. ``beside``: further values."""

    value: float
    reference: float
    tail: Tail
    relative: bool
    beside: Values
    outstanding: tuple[Outstanding, ...]
    sampled: str

    @property
    def difference(self) -> float:
        return self.value - self.reference

    @property
    def part(self) -> float | None:
        return self.difference / self.reference if self.reference else None

    def judged(self, judged: Judged, drawn: Drawn, spread: float) -> Measured:
        low, high = self.difference - _NORMAL * spread, self.difference + _NORMAL * spread
        size = self.part if self.relative else self.difference
        significant, doubt = settled(size if self._is_on_its_side() else 0.0, judged, drawn)
        values = {
            "low": low,
            "high": high,
            "significant_difference": significant,
            "p": drawn.p,
            "p_adjusted": judged.adjusted,
            "deals": drawn.deals,
        }
        doubts = {} if doubt is None else {"significant_difference": doubt}
        said = (
            f"{self.value:.4g} against {self.reference:.4g}, a difference of {self.difference:+.2g} ({low:+.2g} to "
            f"{high:+.2g}); {p_in_words(judged, drawn, self.beside['deal'])}"
        )
        return self._measured(values, doubts, said, Chance(drawn.p, lambda other: self.judged(other, drawn, spread)))

    def not_judged(self, why: str) -> Measured:
        nothing = dict.fromkeys(("low", "high", "significant_difference", "p", "p_adjusted", "deals"))
        return self._measured(nothing, {"significant_difference": Doubt(None, why)}, why, None)

    def _is_on_its_side(self) -> bool:
        return {"more": self.difference > 0, "less": self.difference < 0, "both": True}[self.tail]

    def _measured(self, judged: Values, doubts: dict[str, Doubt], said: str, chance: Chance | None) -> Measured:
        values: Values = {
            "value": self.value,
            "reference": self.reference,
            "difference": self.difference,
            "relative_difference": self.part,
            **judged,
            **self.beside,
        }
        return Measured(values, self.outstanding, self.sampled, doubts, said, chance)


def _statistics(recipe: Recipe) -> Statistics:
    """The difference of the figure, as far as the recipe asks for it, for each of several labels."""
    signs = {"more": (1.0,), "less": (-1.0,), "both": (1.0, -1.0)}[recipe.tail]

    def statistics(labels: Bools) -> npt.NDArray[np.float64]:
        one_by_one = (recipe.figure(np.ascontiguousarray(labels[:, deal])) for deal in range(labels.shape[1]))
        pairs = recipe.figures(labels) if recipe.figures else one_by_one
        gaps = np.array([one - other for one, other in pairs])
        return np.stack([sign * gaps for sign in signs])

    return statistics
