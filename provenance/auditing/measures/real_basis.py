"""What real data a dataset stands on: rows of its own that are real, or real ancestors of all of its rows."""

from __future__ import annotations

from provenance.auditing.measure import Doubt, Measured, Needs, NotMeasured, Subject, ambiguity, both_doubts
from provenance.engines.answers import BornAlike
from provenance.lineage.records import Origin


class RealBasis:
    """Two cases are told apart. A mix holds its real data itself, and how much is its share of real rows.

    A derived set, such as rewrites, has no real rows and need not have any: where each of its rows has a real ancestor
    it is wholly rooted in real data. A set of which only some rows are rooted counts as a mix.
    """

    name = "real_basis"
    definition = "the part of the rows that is real; 1 where every row is real or has a real ancestor"
    unit = "fraction of rows"
    source = "models trained on model output alone collapse: Shumailov et al. 2024 (Nature 631)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{fraction, real_fraction, rooted_fraction, wholly_rooted}``; what is not known of origins is a doubt."""
        rows = subject.audited.rows
        total = rows.total.rows
        if not total:
            return NotMeasured(f"{subject.audited.dataset.path}: has no rows")
        real, rooted = rows.where(_is_real).rows, rows.where(_is_rooted).rows
        unknown = rows.where(lambda born: born.origin == Origin.UNKNOWN and "origin" not in born.doubts).rows[1]
        may_be_rooted = rows.where(lambda born: born.origin != Origin.REAL and born.real_rooted is None).rows[1]
        wholly = rooted[0] == total
        bounds = {
            "fraction": (1.0 if wholly else real[0] / total, 1.0 if rooted[1] == total else real[1] / total),
            "real_fraction": (real[0] / total, real[1] / total),
            "rooted_fraction": (rooted[0] / total, rooted[1] / total),
        }
        # Where everything else is rooted, rows of which that is not known decide between both cases.
        more = 1 - bounds["fraction"][0] if rooted[1] + may_be_rooted >= total else unknown / total
        return Measured(
            {**{name: least for name, (least, _) in bounds.items()}, "wholly_rooted": wholly},
            doubts=both_doubts(
                _doubts({"fraction": more, "real_fraction": unknown / total, "rooted_fraction": may_be_rooted / total}),
                ambiguity(bounds),
            ),
        )


def _is_real(born: BornAlike) -> bool | None:
    return None if "origin" in born.doubts else born.origin == Origin.REAL


def _is_rooted(born: BornAlike) -> bool | None:
    if born.real_rooted or born.origin == Origin.REAL:
        return True
    return None if {"origin", "real_rooted"} & {*born.doubts} else False


def _doubts(more: dict[str, float]) -> dict[str, Doubt]:
    why = "what some rows go back to is not known"
    return {name: Doubt(each, why) for name, each in more.items() if each}


MEASURE = RealBasis()
