"""Contamination by text: rows of evaluation sets that stand in the audited dataset, as far as their words show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provenance.auditing.contamination.findings import ByRow, Finding, Tally, look
from provenance.auditing.contamination.reading import data_of
from provenance.auditing.contamination.rules import Copy, Level
from provenance.auditing.contamination.suites import suite_of
from provenance.auditing.measure import Doubt, Measured, Needs, NotMeasured, Outstanding, Subject, Values
from provenance.engines.interface import MOST_SHOWN
from provenance.plurals import counted

_MOST_OF_SET = 0.02
_DEGREES = (50, 75, 90, 100)
# How rows are looked for that are not looked for inexactly, in words.
_LEVELS = {
    Level.NOT_AT_ALL: "not at all, as they say too little",
    Level.WITH_MORE: "only together with their options or answer",
    Level.WHOLE: "only as a whole field or line",
    Level.WORD_FOR_WORD: "only word for word",
}
_NO_COPY_ANYWHERE = (Level.NOT_AT_ALL, Level.WITH_MORE, Level.WHOLE)
_NO_COPY = (Level.NOT_AT_ALL, Level.WITH_MORE)


class Contamination:
    """Evaluation rows of which a side (question, passage, answer, options) stands in one row of the audited dataset,
    word for word or with changes; see docs/contamination.md for what counts. A set is contaminated where more than 2%
    of its rows are found.

    Rewording and translation of the whole are not seen in text: see `lineage_contamination`. What is not looked for,
    or only in some forms, is in doubt.
    """

    name = "contamination"
    definition = "evaluation rows whose question, passage, answer or options stand in a row, exactly or with changes"
    unit = "evaluation rows"
    source = "exact copies by anchors, inexact ones by bits; a set counts from 2% on: Tülu 3 (arXiv 2411.15124), 3.2"
    needs: Needs = "data"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{evaluation_rows, rows_by_text, rows_by_copy, rows_by_13gram, at_degree{50, 75, 90, 100}, training_rows,
        training_fraction, training_rows_without_text, greatest_fraction, contaminated_sets, evaluations{PATH: …}}``.

        Fractions are of an evaluation set, but for ``training_fraction``, which is of the audited rows.
        """
        if not subject.evaluations:
            return NotMeasured("no evaluation set is named; name one with --evaluation")
        data = data_of(subject.audited)
        if isinstance(data, NotMeasured):
            return data
        suite = suite_of(subject.evaluations)
        if isinstance(suite, NotMeasured):
            return suite
        tally = Tally(suite, MOST_SHOWN)
        for looked in look(subject.audited, data, suite):
            tally.add(looked)
        rows = subject.audited.dataset.rows
        if not (tally.has_content and tally.rows_with_words.rows):
            return NotMeasured(f"{subject.audited.dataset.path}: has no text")
        by_row = tally.by_row()
        sets = [
            _Set(name, by_row.of(number), levels)
            for number, (name, levels) in enumerate(
                zip(suite.sets, suite.rows_by_level(by_row.degree > 0), strict=True)
            )
        ]
        return Measured(_values(sets, by_row, tally, rows), _outstanding(tally.findings()), doubts=_doubts(sets))


@dataclass(frozen=True)
class _Set:
    """What was found of one evaluation set, and how many of the rows that were not are looked for how far."""

    name: str
    found: ByRow
    levels: Mapping[Level, int]

    @property
    def rows(self) -> int:
        return len(self.found.degree)

    @property
    def fraction(self) -> float:
        return self.found.at(0) / max(self.rows, 1)

    @property
    def is_contaminated(self) -> bool:
        return self.fraction > _MOST_OF_SET

    def missed(self, levels: Iterable[Level]) -> int:
        """How many further rows may be there."""
        return sum(self.levels[level] for level in levels)

    def values(self) -> Values:
        return {
            "rows": self.rows,
            "by_text": self.found.at(0),
            "by_copy": int(self.found.copied.sum()),
            "by_13gram": int(self.found.long_run.sum()),
            "fraction": self.fraction,
            "contaminated": self.is_contaminated,
            "not_looked_for": self.levels[Level.NOT_AT_ALL],
            "only_with_more": self.levels[Level.WITH_MORE],
            "only_whole": self.levels[Level.WHOLE],
            "only_word_for_word": self.levels[Level.WORD_FOR_WORD],
        }


def _values(sets: list[_Set], found: ByRow, tally: Tally, rows: int) -> Values:
    return {
        "evaluation_rows": sum(each.rows for each in sets),
        "rows_by_text": found.at(0),
        "rows_by_copy": int(found.copied.sum()),
        "rows_by_13gram": int(found.long_run.sum()),
        "at_degree": {str(degree): found.at(degree / 100) for degree in _DEGREES},
        "training_rows": tally.training_rows.rows,
        "training_fraction": tally.training_rows.rows / max(rows, 1),
        "training_rows_without_text": rows - tally.rows_with_words.rows,
        "greatest_fraction": max(each.fraction for each in sets),
        "contaminated_sets": sum(each.is_contaminated for each in sets),
        "evaluations": {each.name: each.values() for each in sets},
    }


def _doubts(sets: list[_Set]) -> dict[str, Doubt]:
    """What may be there and was not looked for."""
    doubts: dict[str, Doubt] = {}
    every, copies = _in_doubt(sets, _LEVELS), _in_doubt(sets, _NO_COPY_ANYWHERE)
    if every is not None:
        names = ("rows_by_text", "rows_by_13gram", *(f"at_degree.{degree}" for degree in _DEGREES))
        doubts |= dict.fromkeys(names, every)
    if copies is not None:
        doubts["rows_by_copy"] = copies
    unsure = [each for each in sets if not each.is_contaminated and _could_be(each)]
    seen = _in_doubt(unsure, _NO_COPY)
    if seen is not None:
        doubts["contaminated_sets"] = Doubt(len(unsure), seen.why)
        doubts["greatest_fraction"] = Doubt(max(each.missed(_NO_COPY) / each.rows for each in unsure), seen.why)
    return doubts


def _could_be(each: _Set) -> bool:
    return (each.found.at(0) + each.missed(_NO_COPY)) / max(each.rows, 1) > _MOST_OF_SET


def _in_doubt(sets: list[_Set], levels: Iterable[Level]) -> Doubt | None:
    chosen = tuple(levels)
    more = sum(each.missed(chosen) for each in sets)
    if not more:
        return None
    said = [
        f"{each.name}: "
        + ", ".join(f"{counted(each.levels[level], 'row')} {_LEVELS[level]}" for level in chosen if each.levels[level])
        for each in sets
        if each.missed(chosen)
    ]
    return Doubt(more, f"rows that were not found are looked for ({'; '.join(said)})")


def _outstanding(findings: list[Finding]) -> tuple[Outstanding, ...]:
    return tuple(Outstanding(each.sample_id, _in_words(each), _details(each)) for each in findings)


def _in_words(found: Finding) -> str:
    more = f" (and {counted(found.further_rows, 'other row')})" if found.further_rows else ""
    how = found.copy.words if found.copy is not Copy.INEXACT else f"at degree {found.degree:.2f}"
    return (
        f"row {found.training_row:,} has the {found.side.words} of row {found.evaluation_row:,} of "
        f"{found.evaluation}{more} {how}, {found.bits:,.0f} bits: {found.words}"
    )


def _details(found: Finding) -> Mapping[str, int | float | str]:
    return {
        "training_row": found.training_row,
        "evaluation": found.evaluation,
        "evaluation_row": found.evaluation_row,
        "further_evaluation_rows": found.further_rows,
        "side": found.side.words,
        "copy": found.copy.words,
        "degree": round(found.degree, 4),
        "bits": round(found.bits, 1),
        "words": found.words,
    }


MEASURE = Contamination()
