"""Representation ratios: which values of a field models wrote more, or less, often than the reference has them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from provenance.auditing.measure import Measured, Needs, NotMeasured, Subject, Values
from provenance.auditing.texts.field_values import FieldValues, field_values
from provenance.auditing.texts.groups import comparison

LOW, HIGH = 0.8, 1.25
_FEWEST_ROWS = 30
_SHOWN = 100


class Representation:
    """ratio(v) = P(v among compared rows) / P(v among reference rows), for each value v of the subject's fields.

    A value with fewer than 30 rows in both together is not judged. `outside` counts values whose ratio is not within
    0.8 to 1.25 (the four-fifths rule) and further from 1 than the furthest of all judged values in any of 99
    permutations of the rows, so that over all values of a field chance makes a finding once in a hundred times.
    """

    name = "representation"
    definition = "share of each value of a field among compared rows / its share among reference rows"
    unit = "ratio"
    source = "four-fifths rule: Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4(D)"
    needs: Needs = "data"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{smallest_ratio, greatest_ratio, outside, fields{NAME: {VALUE: ratio}}}``: all rows are counted.

        A ratio is null where the reference has no such value. At most 100 values of a field are given, the most
        frequent.
        """
        if not subject.fields:
            return NotMeasured("no field is named whose values are to be compared; name one with --by")
        groups = comparison(subject)
        if isinstance(groups, NotMeasured):
            return groups
        ratios: dict[str, Values] = {}
        judged: list[float] = []
        outside = 0
        for field in subject.fields:
            found = field_values(groups, field, subject.seed)
            if isinstance(found, NotMeasured):
                return found
            of_values = _ratios(found.compared, found.reference)
            is_judged = found.compared + found.reference >= _FEWEST_ROWS
            ratios[field] = _by_value(found, of_values, is_judged)
            judged += of_values[is_judged].tolist()
            outside += _outside(found, of_values, is_judged)
        return Measured(
            {
                "smallest_ratio": min(judged, default=None),
                "greatest_ratio": max((ratio for ratio in judged if np.isfinite(ratio)), default=None),
                "outside": outside,
                "fields": ratios,
            }
        )


def _ratios(compared: npt.NDArray[np.int64], reference: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Infinite where only the compared rows have the value."""
    with np.errstate(divide="ignore"):
        ratios: npt.NDArray[np.float64] = (compared / compared.sum()) / (reference / reference.sum())
    return ratios


def _outside(found: FieldValues, ratios: npt.NDArray[np.float64], is_judged: npt.NDArray[np.bool_]) -> int:
    """How many of the judged values have a ratio that neither the four-fifths rule nor chance allows."""
    if not is_judged.any():
        return 0
    together = found.compared + found.reference
    furthest = max(_distances(_ratios(permuted, together - permuted)[is_judged]).max() for permuted in found.permuted)
    judged = ratios[is_judged]
    return int(np.count_nonzero(((judged < LOW) | (judged > HIGH)) & (_distances(judged) > furthest)))


def _distances(ratios: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How far ratios are from 1, alike for twice as much and half as much."""
    with np.errstate(divide="ignore"):
        distances: npt.NDArray[np.float64] = np.abs(np.log(ratios))
    return distances


def _by_value(found: FieldValues, ratios: npt.NDArray[np.float64], is_judged: npt.NDArray[np.bool_]) -> Values:
    frequent = np.argsort(-(found.compared + found.reference), kind="stable")[:_SHOWN]
    return {
        found.values[place]: float(ratios[place]) if np.isfinite(ratios[place]) else None
        for place in frequent.tolist()
        if is_judged[place]
    }


MEASURE = Representation()
