"""Real-rooted share: synthetic rows that go back to at least one real sample."""

from __future__ import annotations

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.ledger.composition.cells import Cell, cells_of

_SHOWN = 20
_WITHOUT = (
    "SELECT lower(hex(sample_id)), coalesce(kind, 'no kind') FROM samples WHERE sidecar = ? AND rows > 0 AND "
    "origin <> 'real' AND real_rooted IS DISTINCT FROM true "
    f"ORDER BY kind IS DISTINCT FROM 'rewrite', rows DESC, sample_id LIMIT {_SHOWN}"
)


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
        ledger, dataset = subject.audited.ledger, subject.audited.dataset
        made = [cell for cell in cells_of(ledger, dataset) if cell.origin != "real"]
        rows = sum(cell.rows for cell in made)
        if not rows:
            return NotMeasured(f"{dataset.path}: has no rows that are not real")
        shown = ledger.connection.execute(_WITHOUT, [dataset.place]).fetchall()
        return Measured(
            {
                "rows": rows,
                "fraction": _rooted(made),
                "unknown_fraction": sum(cell.rows for cell in made if cell.real_rooted is None) / rows,
                "rewrites_fraction": _rooted([cell for cell in made if cell.kind == "rewrite"]),
            },
            tuple(Outstanding(sample_id, f"{kind}, without a real ancestor") for sample_id, kind in shown),
        )


def _rooted(cells: list[Cell]) -> float | None:
    rows = sum(cell.rows for cell in cells)
    return sum(cell.rows for cell in cells if cell.real_rooted) / rows if rows else None


MEASURE = RealRooted()
