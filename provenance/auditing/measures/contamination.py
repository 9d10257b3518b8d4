"""Contamination by text: rows of evaluation sets that stand in the audited dataset, as far as their words show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject, Values
from provenance.auditing.texts.dataset_texts import Texts, texts_of
from provenance.auditing.texts.overlaps import coverage, shared_grams, slices
from provenance.engines.interface import MOST_SHOWN

_LONG, _SHORT = 13, 8
_MOST_OF_ROW = 0.5
_MOST_OF_SET = 0.02


class Contamination:
    """Two rules, by evaluation set: (a) rows of which any 13-gram stands in the audited dataset; (c) rows of which more
    than half of the words are in 8-grams that one row of the audited dataset has too. A set is contaminated where (c)
    finds more than 2% of its rows.

    n-grams that an evaluation set has more than 100 times are its template and not counted. Rephrased rows escape both
    rules: see `lineage_contamination`. So do rows of fewer than 8 words; a set that has no others is not measured.
    """

    name = "contamination"
    definition = "evaluation rows of which (a) any 13-gram or (c) over half of the words, in 8-grams of one row, occur"
    unit = "evaluation rows"
    source = "(a) Brown et al. 2020 (arXiv 2005.14165); (c) Lambert et al. 2024, Tülu 3 (arXiv 2411.15124), section 3.2"
    needs: Needs = "data"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{evaluation_rows, too_short_rows, rows_by_13gram, rows_by_8gram, greatest_fraction, contaminated_sets,
        evaluations{PATH: {rows, too_short, by_13gram, by_8gram, fraction, contaminated}}}``.

        Fractions are of an evaluation set, by rule (c).
        """
        if not subject.evaluations:
            return NotMeasured("no evaluation set is named; name one with --evaluation")
        audited = texts_of(subject.audited, subject)
        if isinstance(audited, NotMeasured):
            return audited
        if not audited.have_words():
            return NotMeasured(f"{subject.audited.dataset.path}: has no text")
        found: dict[str, _Overlap] = {}
        for evaluation in subject.evaluations:
            texts = texts_of(evaluation, subject)
            if isinstance(texts, NotMeasured):
                return texts
            path = evaluation.dataset.path
            found[path] = _overlap(texts, audited, path)
            if found[path].too_short == found[path].rows:
                return NotMeasured(f"{path}: has no row of {_SHORT} words or more, and shorter ones cannot be found")
        shown = sorted((pair for each in found.values() for pair in each.outstanding), key=lambda pair: -pair[0])
        return Measured(_values(found), tuple(outstanding for _, outstanding in shown[:MOST_SHOWN]))


@dataclass
class _Overlap:
    """What the rules find of one evaluation set; ``outstanding``: with the part of an evaluation row that is shared.

    ``too_short``: how many of its rows neither rule can find.
    """

    rows: int
    too_short: int
    by_13gram: int
    by_8gram: int
    outstanding: list[tuple[float, Outstanding]]

    @property
    def fraction(self) -> float:
        return self.by_8gram / max(self.rows, 1)


def _overlap(evaluation: Texts, audited: Texts, path: str) -> _Overlap:
    found = _Overlap(0, 0, 0, 0, [])
    for some in slices(evaluation):
        found.too_short += int(np.count_nonzero(some.lengths < _SHORT))
        found.by_13gram += int(np.count_nonzero(shared_grams(some, audited, _LONG)))
        covered = coverage(some, audited, _SHORT)
        hits = np.flatnonzero(covered.parts > _MOST_OF_ROW)
        for row in hits[np.argsort(-covered.parts[hits], kind="stable")][:MOST_SHOWN].tolist():
            part = float(covered.parts[row])
            why = f"has {part:.0%} of the words of row {found.rows + row + 1:,} of {path}, in 8-grams"
            found.outstanding.append((part, Outstanding(covered.ids[row].tobytes().hex(), why)))
        found.by_8gram += len(hits)
        found.rows += len(some.lengths)
    return found


def _values(found: dict[str, _Overlap]) -> Values:
    return {
        "evaluation_rows": sum(each.rows for each in found.values()),
        "too_short_rows": sum(each.too_short for each in found.values()),
        "rows_by_13gram": sum(each.by_13gram for each in found.values()),
        "rows_by_8gram": sum(each.by_8gram for each in found.values()),
        "greatest_fraction": max(each.fraction for each in found.values()),
        "contaminated_sets": sum(each.fraction > _MOST_OF_SET for each in found.values()),
        "evaluations": {
            path: {
                "rows": each.rows,
                "too_short": each.too_short,
                "by_13gram": each.by_13gram,
                "by_8gram": each.by_8gram,
                "fraction": each.fraction,
                "contaminated": each.fraction > _MOST_OF_SET,
            }
            for path, each in found.items()
        },
    }


MEASURE = Contamination()
