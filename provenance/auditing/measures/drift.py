"""Drift: how far the words of what models made have moved away from the reference's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from provenance.auditing.chance.deals import Bools
from provenance.auditing.chance.drawing import ALPHA, Drawn, draw
from provenance.auditing.chance.moments import studentised
from provenance.auditing.chance.together import Judged
from provenance.auditing.measure import Chance, Doubt, Measured, Needs, NotMeasured, Outstanding, Subject, Values
from provenance.auditing.texts.comparing import alone, p_in_words, settled, why_not_judged
from provenance.auditing.texts.pools import Pool, pool, row_counts
from provenance.auditing.texts.profile import Profile, profile
from provenance.auditing.texts.telling_apart import Effect, told_apart

_SHOWN = 10
_STATISTICS = 2
_ROUNDING = 1e-9


class Drift:
    """effect = 2 AUC - 1 of telling compared from reference rows by their 200 commonest words and marks.

    It means: at least this part of the rows is of another kind. Whether there is a difference at all is found by
    dealing the rows anew: z of each word is its frequency's sum over compared rows, studentised by the exact moments of
    all deals; Σz² sees many small shifts, max |z| a great one. In families of both groups, a child is set against its
    own parent.
    """

    name = "drift"
    definition = "how well compared and reference rows are told apart by the frequencies of their 200 commonest words"
    unit = "2 AUC - 1: at least this part of the rows is of another kind"
    source = (
        "Burrows 2002 (LLC 17), as a permutation test (Phipson and Smyth 2010, arXiv 1603.05766); "
        "effect: Lopez-Paz and Oquab 2017 (arXiv 1610.06545)"
    )
    needs: Needs = "data"
    is_held_against_chance = True

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{effect, low, high, significant_effect, p, p_adjusted, deals, deal, compared_rows, reference_rows,
        words}``.

        ``words{WORD: {z, p}}``: those that are proven to have moved, the most first; p is adjusted over all words
        (Westfall and Young 1993), z is positive where compared rows have more. Rows with these words stand out.
        """
        rows = pool(subject)
        return rows if isinstance(rows, NotMeasured) else drift(rows, subject.rules)


def drift(rows: Pool, rules: int) -> Measured:
    """The drift of a pool's words, judged alone; ``rules``: with how many it will be judged."""
    found = profile(rows)
    effect = told_apart(found.columns, rows.families, rows.deals, rows.seed)
    beside: Values = {**row_counts(rows), "deal": rows.design}
    if (why := why_not_judged(rows.deals, rules, _STATISTICS)) is not None:
        return _Found(effect, {}, (), beside, rows.sampled).not_judged(why)
    z = studentised(found.columns, rows.deals)

    def statistics(labels: Bools) -> npt.NDArray[np.float64]:
        moved = z(labels)
        return np.stack([(moved**2).sum(0), np.abs(moved).max(0, initial=0.0)])

    moved = z(rows.compared[:, None])[:, 0]
    drawn = draw(statistics, rows.deals, ALPHA / rules)
    words = _proven(moved, drawn)
    shown: Values = {found.names[word]: {"z": float(moved[word]), "p": p} for word, p in words.items()}
    outstanding = tuple(_row_with(word, found, rows) for word in words)
    alike = _Found(effect, shown, outstanding, beside, rows.sampled)
    return alone(Chance(drawn.p, lambda judged: alike.judged(judged, drawn)))


def _proven(moved: npt.NDArray[np.float64], drawn: Drawn) -> dict[int, float]:
    """The words that moved most, by their places, with their adjusted p; only those that are proven to."""
    greatest = np.sort(drawn.values[1])
    ps: dict[int, float] = {}
    for word in np.argsort(-np.abs(moved), kind="stable")[:_SHOWN].tolist():
        bound = abs(moved[word]) * (1 - _ROUNDING)
        p = (len(greatest) - int(np.searchsorted(greatest, bound)) + 1) / (len(greatest) + 1)
        if p <= ALPHA:
            ps[word] = float(p)
    return ps


def _row_with(word: int, found: Profile, rows: Pool) -> Outstanding:
    """A compared row that has the word or, where it is gone, any row that has it."""
    own = found.in_compared[word] / rows.compared_rows
    others = found.in_reference[word] / (rows.size - rows.compared_rows)
    why = f"has {found.names[word]!r}, which is in {own:.1%} of compared rows and in {others:.1%} of reference rows"
    return Outstanding(rows.ids[int(found.row_with[word])].as_py().hex(), why)


@dataclass(frozen=True)
class _Found:
    """What was found; ``words``: those that are proven to have moved; ``beside``: further values."""

    effect: Effect
    words: Values
    outstanding: tuple[Outstanding, ...]
    beside: Values
    sampled: str

    def judged(self, judged: Judged, drawn: Drawn) -> Measured:
        significant, doubt = settled(max(self.effect.size, 0.0), judged, drawn)
        values: Values = {
            "significant_effect": significant,
            "p": drawn.p,
            "p_adjusted": judged.adjusted,
            "deals": drawn.deals,
            "words": self.words if judged.is_significant else {},
        }
        effect = self.effect
        said = (
            f"an effect of {effect.size:.2g} ({effect.low:.2g} to {effect.high:.2g}): at least this part of the rows "
            f"is of another kind; {p_in_words(judged, drawn, self.beside['deal'])}"
        )
        doubts = {} if doubt is None else {"significant_effect": doubt}
        shown = self.outstanding if judged.is_significant else ()
        return Measured(
            self._values(values),
            shown,
            self.sampled,
            doubts,
            said,
            Chance(drawn.p, lambda other: self.judged(other, drawn)),
        )

    def not_judged(self, why: str) -> Measured:
        nothing: Values = {**dict.fromkeys(("significant_effect", "p", "p_adjusted", "deals")), "words": {}}
        return Measured(self._values(nothing), (), self.sampled, {"significant_effect": Doubt(None, why)}, why)

    def _values(self, judged: Values) -> Values:
        return {"effect": self.effect.size, "low": self.effect.low, "high": self.effect.high, **judged, **self.beside}


MEASURE = Drift()
