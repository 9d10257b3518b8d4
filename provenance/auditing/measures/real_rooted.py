"""Real-rooted share: synthetic rows that go back to at least one real sample."""

from __future__ import annotations

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.engines.interface import MOST_SHOWN, Among, Cell
from provenance.ledger.part import Part
from provenance.lineage.records import Kind, Origin

_WITHOUT_REAL_ANCESTOR = (
    Among("origin", [origin for origin in Origin if origin is not Origin.REAL]),
    Among("real_rooted", [False, None]),
)
_OTHER_KINDS = [kind for kind in Kind if kind is not Kind.REWRITE]


class RealRooted:
    """A rewrite without a real ancestor rewrites what a model wrote, or its parents were not recorded."""

    name = "real_rooted"
    definition = "of the rows that are not real, the part with at least one real ancestor; the same of rewrites"
    unit = "fraction of rows that are not real"
    source = "without enough fresh real data in every generation quality falls: Alemohammad et al. 2023 (2307.01850)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{rows, fraction, unknown_fraction, rewrites_fraction}``; rows without a real ancestor stand out.

        Rows whose ancestors are not all known and include no real one are not rooted, and counted as unknown, too.
        """
        made = [cell for cell in subject.audited.cells if cell.origin != "real"]
        rows = sum(cell.rows for cell in made)
        if not rows:
            return NotMeasured(f"{subject.audited.dataset.path}: has no rows that are not real")
        return Measured(
            {
                "rows": rows,
                "fraction": _rooted(made),
                "unknown_fraction": sum(cell.rows for cell in made if cell.real_rooted is None) / rows,
                "rewrites_fraction": _rooted([cell for cell in made if cell.kind == "rewrite"]),
            },
            tuple(_shown(subject.audited)),
        )


def _shown(part: Part) -> list[Outstanding]:
    """Rows without a real ancestor: rewrites first, as these must have been made from something."""
    rewrites, others = (
        (*_WITHOUT_REAL_ANCESTOR, Among("kind", kinds)) for kinds in ([Kind.REWRITE], [None, *_OTHER_KINDS])
    )
    found = part.questions.most_rows_where(rewrites)
    found += part.questions.most_rows_where(others, MOST_SHOWN - len(found))
    return [Outstanding(each.sample_id, f"{each.kind or 'no kind'}, without a real ancestor") for each in found]


def _rooted(cells: list[Cell]) -> float | None:
    rows = sum(cell.rows for cell in cells)
    return sum(cell.rows for cell in cells if cell.real_rooted) / rows if rows else None


MEASURE = RealRooted()
