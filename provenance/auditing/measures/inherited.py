"""Inherited: rows whose origin nobody stated; they have it from their parents."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.auditing.measure import Doubt, Measured, Needs, Outstanding, Subject
from provenance.engines.interface import RowsOfActivity
from provenance.lineage.generating import generating
from provenance.lineage.records import Activity, ActivityType


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
        part = subject.audited
        derived = [each for each in part.questions.rows_by_activity() if each.activity.type is ActivityType.DERIVATION]
        beside = [each for each in derived if generating(each.activity.packages)]
        rows, total = _rows(derived), part.dataset.rows
        unwatched = _rows([each for each in derived if _is_unwatched(each.activity)])
        return Measured(
            {"rows": rows, "fraction": rows / total if total else 0.0, "beside_generator_rows": _rows(beside)},
            tuple(Outstanding(each.first, _why(each.activity)) for each in beside),
            doubts={"beside_generator_rows": Doubt(unwatched, "what their stage imported is not known")}
            if unwatched
            else {},
        )


def _rows(each_activity: Sequence[RowsOfActivity]) -> int:
    return sum(each.rows for each in each_activity)


def _is_unwatched(activity: Activity) -> bool:
    """Whether it is a stage's of which no process said what it had imported; see `capture.stage_imports`."""
    return activity.stage is not None and "python" not in activity.packages


def _why(activity: Activity) -> str:
    stage = f"stage {activity.stage.name}" if activity.stage else "its command"
    return f"its origin is only inherited, and {stage} imported {', '.join(generating(activity.packages))}"


MEASURE = Inherited()
