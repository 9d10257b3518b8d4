"""Inherited: rows whose origin nobody stated; they have it from their parents."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from provenance.auditing.measure import Doubt, Measured, Needs, Outstanding, Subject, ambiguity, both_doubts
from provenance.engines.answers import BornAlike
from provenance.ledger.rows import Between
from provenance.lineage.generating import generating
from provenance.lineage.records import Activity, ActivityType, Origin


class Inherited:
    """What a script changes keeps its parents' origin, which is wrong where the script asked a model and said nothing.

    ``beside_generator_rows`` are those by a stage whose processes imported a library that generates. What a stage
    imported is not known where it ran no Python that could be watched; its rows are the measure's doubt.
    """

    name = "inherited"
    definition = "rows by a derivation without a model, whose origin is only inherited from their parents"
    unit = "rows"
    source = "origin of derived rows (docs/specification/sidecar.md)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured:
        """``{rows, fraction, beside_generator_rows}``; for each stage that could generate, one of its samples."""
        part, activities = subject.audited, subject.audited.ledger.activities

        def rows_by(fits: Callable[[Activity], bool]) -> Between:
            return part.rows.where(lambda born: _is_derived(born, activities) and fits(_activity(born, activities)))

        derived, total = rows_by(lambda activity: True).rows, part.dataset.rows
        beside = rows_by(lambda activity: bool(generating(activity.packages))).rows
        unwatched = rows_by(_is_unwatched).at_most.rows
        bounds = {
            "rows": derived,
            "fraction": (derived[0] / total, derived[1] / total) if total else (0.0, 0.0),
            "beside_generator_rows": beside,
        }
        by_generating = [each for each in part.questions.rows_by_activity() if _could_generate(each.activity)]
        unknown = Doubt(unwatched, "what their stage imported is not known")
        return Measured(
            {name: least for name, (least, _) in bounds.items()},
            tuple(Outstanding(each.first, _why(each.activity)) for each in by_generating),
            doubts=both_doubts({"beside_generator_rows": unknown} if unwatched else {}, ambiguity(bounds)),
        )


def _is_derived(born: BornAlike, activities: Sequence[Activity]) -> bool:
    """Whether a birth is a derivation without a model, whose origin is known, if only as one of several."""
    if born.activity is None or (born.origin == Origin.UNKNOWN and "origin" not in born.doubts):
        return False
    return activities[born.activity].type is ActivityType.DERIVATION


def _activity(born: BornAlike, activities: Sequence[Activity]) -> Activity:
    assert born.activity is not None
    return activities[born.activity]


def _could_generate(activity: Activity) -> bool:
    return activity.type is ActivityType.DERIVATION and bool(generating(activity.packages))


def _is_unwatched(activity: Activity) -> bool:
    """Whether it is a stage's of which no process said what it had imported; see `capture.stage_imports`."""
    return activity.stage is not None and "python" not in activity.packages


def _why(activity: Activity) -> str:
    stage = f"stage {activity.stage.name}" if activity.stage else "its command"
    return f"its origin is only inherited, and {stage} imported {', '.join(generating(activity.packages))}"


MEASURE = Inherited()
