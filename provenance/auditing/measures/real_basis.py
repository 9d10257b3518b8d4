"""What real data a dataset stands on: rows of its own that are real, or real ancestors of all of its rows."""

from __future__ import annotations

from provenance.auditing.measure import Doubt, Measured, Needs, NotMeasured, Subject


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
        cells = subject.audited.cells
        rows = sum(cell.rows for cell in cells)
        if not rows:
            return NotMeasured(f"{subject.audited.dataset.path}: has no rows")
        real = sum(cell.rows for cell in cells if cell.origin == "real")
        rooted = sum(cell.rows for cell in cells if cell.origin == "real" or cell.real_rooted)
        unknown = sum(cell.rows for cell in cells if cell.origin == "unknown")
        may_be_rooted = sum(cell.rows for cell in cells if cell.origin != "real" and cell.real_rooted is None)
        wholly = rooted == rows
        fraction = 1.0 if wholly else real / rows
        # Where everything else is rooted, rows of which that is not known decide between both cases.
        more = 1 - fraction if rooted + may_be_rooted == rows else unknown / rows
        return Measured(
            {
                "fraction": fraction,
                "real_fraction": real / rows,
                "rooted_fraction": rooted / rows,
                "wholly_rooted": wholly,
            },
            doubts=_doubts(
                {"fraction": more, "real_fraction": unknown / rows, "rooted_fraction": may_be_rooted / rows}
            ),
        )


def _doubts(more: dict[str, float]) -> dict[str, Doubt]:
    why = "what some rows go back to is not known"
    return {name: Doubt(each, why) for name, each in more.items() if each}


MEASURE = RealBasis()
