"""Representation ratios: which values of a field models wrote more, or less, often than the reference has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from provenance.auditing.chance.deals import Bools
from provenance.auditing.chance.drawing import ALPHA, FIRST_DEALS, MOST_DEALS
from provenance.auditing.chance.together import Judged
from provenance.auditing.measure import Chance, Doubt, Measured, Needs, NotMeasured, Subject, Values
from provenance.auditing.texts.comparing import alone, why_not_judged
from provenance.auditing.texts.field_values import FieldValues, Ratios, field_values, ratios
from provenance.auditing.texts.pools import Pool, pool, row_counts
from provenance.plurals import counted

LOW, HIGH = 0.8, 1.25
_SHOWN = 100
# Where so many rows lack a field, a ratio of 1 may be one beyond the four-fifths rule in truth.
_MUCH_MISSING = 0.2


class Representation:
    """ratio(v) = P(v among compared rows) / P(v among reference rows), for each value v of the subject's fields.

    `outside` counts values whose ratio is not within 0.8 to 1.25 (the four-fifths rule) and no work of chance: by
    Fisher's exact test where rows are dealt one by one, else by the greatest studentised sum of families. A value costs
    the others the chance that its p is as small (Westfall and Wolfinger 1997), which is little where it has few rows.
    """

    name = "representation"
    definition = "share of each value of a field among compared rows / its share among reference rows"
    unit = "ratio"
    source = (
        "four-fifths rule: Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4(D); Fisher's exact test, "
        "Holm 1979, Westfall and Wolfinger 1997 (American Statistician 51); families: Westfall and Young 1993"
    )
    needs: Needs = "data"
    is_held_against_chance = True

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{smallest_ratio, greatest_ratio, outside, p, p_adjusted, fields{NAME}, compared_rows, reference_rows,
        deal}``.

        A field has ``without`` (the part of compared and of reference rows that lack it) and ``values{VALUE: {ratio,
        low, high, p}}``, the 100 most frequent; p is adjusted over all values of all fields, null where a value is not
        judged. A field that no row has, or that has too many values, is ``not_measured`` itself.
        """
        if not subject.fields:
            return NotMeasured("no field is named whose values are to be compared; name one with --by")
        rows = pool(subject)
        return rows if isinstance(rows, NotMeasured) else representation(rows, subject.rules)


def representation(rows: Pool, rules: int) -> Measured | NotMeasured:
    """The ratios of a pool's values, judged alone; ``rules``: with how many they will be judged."""
    found = {field: field_values(rows, field) for field in rows.values}
    fields = {field: each for field, each in found.items() if isinstance(each, FieldValues)}
    reasons = {field: each.reason for field, each in found.items() if isinstance(each, NotMeasured)}
    if not fields:
        return NotMeasured("; ".join(reasons.values()))
    # Families are dealt so often and no oftener.
    sides = 1 if rows.deals.are_of_rows else (MOST_DEALS + 1) // (FIRST_DEALS + 1)
    why = why_not_judged(rows.deals, rules, sides)
    told = ratios(rows, fields, ALPHA / rules, judge=why is None)
    beside: Values = {**row_counts(rows), "deal": rows.design}
    compared = _Compared(fields, reasons, told, beside, rows.sampled)
    if why is not None:
        return compared.not_judged(why)
    return alone(Chance(min((each.p for each in told.values()), default=1.0), compared.judged))


@dataclass(frozen=True)
class _Compared:
    """What was found of each field; ``ratios`` by field and value; ``beside``: further values."""

    fields: Mapping[str, FieldValues]
    not_measured: Mapping[str, str]
    ratios: Mapping[str, Ratios]
    beside: Values
    sampled: str

    def judged(self, judged: Judged) -> Measured:
        p = min((each.p for each in self.ratios.values()), default=1.0)
        level = judged.level if judged.is_significant else 0.0
        outside = sum(self._outside(each, level) for each in self.ratios.values())
        values: Values = {"outside": outside, "p": p, "p_adjusted": judged.adjusted}
        said = (
            f"{counted(outside, 'value')} outside {LOW} to {HIGH}; p {judged.adjusted:.2g}, adjusted for "
            f"{judged.together} judged together ({self.beside['deal']})"
        )
        return Measured(self._values(values), (), self.sampled, self._doubts(), said, Chance(p, self.judged))

    def not_judged(self, why: str) -> Measured:
        values: Values = dict.fromkeys(("outside", "p", "p_adjusted"))
        return Measured(self._values(values), (), self.sampled, {"outside": Doubt(None, why)}, why)

    @staticmethod
    def _outside(found: Ratios, level: float) -> int:
        return int(np.count_nonzero(_beyond(found) & (np.nan_to_num(found.adjusted, nan=1.0) <= level)))

    def _doubts(self) -> dict[str, Doubt]:
        lacking = [
            f"{each.without[0]:.0%} of compared rows and {each.without[1]:.0%} of reference rows have no {field}"
            for field, each in self.fields.items()
            if max(each.without) > _MUCH_MISSING
        ]
        untold = [
            f"every value of {field} is in too few rows to be told from chance"
            for field, each in self.ratios.items()
            if not each.is_judged.any() and _beyond(each).any()
        ]
        return {"outside": Doubt(None, "; ".join(lacking + untold))} if lacking or untold else {}

    def _values(self, judged: Values) -> Values:
        every = np.concatenate([each.ratio[each.is_judged] for each in self.ratios.values()])
        return {
            "smallest_ratio": float(every.min()) if len(every) else None,
            "greatest_ratio": float(every.max()) if len(every) else None,
            **judged,
            **self.beside,
            "fields": {
                **{field: self._of_field(each, self.ratios[field]) for field, each in self.fields.items()},
                **{field: {"not_measured": reason} for field, reason in self.not_measured.items()},
            },
        }

    @staticmethod
    def _of_field(found: FieldValues, told: Ratios) -> Values:
        frequent = np.argsort(-(found.compared + found.reference), kind="stable")[:_SHOWN].tolist()
        return {
            "without": {"compared": found.without[0], "reference": found.without[1]},
            "values": {found.values[place]: told.as_values(place) for place in frequent},
        }


def _beyond(found: Ratios) -> Bools:
    """Which values have a ratio beyond the four-fifths rule, by chance or not."""
    return (found.ratio < LOW) | (found.ratio > HIGH)


MEASURE = Representation()
