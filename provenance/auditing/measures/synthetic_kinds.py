"""Synthetic kinds: how the synthetic rows were made."""

from __future__ import annotations

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.ledger.composition.cells import cells_of, grouped

_SHOWN = 20
_MADE = ("synthetic", "mixed")
_WITHOUT_KIND = (
    "SELECT lower(hex(sample_id)) FROM samples WHERE sidecar = ? AND rows > 0 AND kind IS NULL AND origin IN ? "
    f"ORDER BY rows DESC, sample_id LIMIT {_SHOWN}"
)


class SyntheticKinds:
    """Rewrites of real text and texts from nowhere are not the same risk, so a row without a kind cannot be judged."""

    name = "synthetic_kinds"
    definition = "synthetic and mixed rows by kind, as fractions of these; and those whose kind nobody stated"
    unit = "fraction of synthetic and mixed rows"
    source = "rephrased text is safer than textbook style: Kang et al. 2025 (arXiv 2510.01631)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{rows, missing_rows, missing_fraction, kinds{KIND: fraction}}``; samples without a kind stand out."""
        ledger, dataset = subject.audited.ledger, subject.audited.dataset
        made = [cell for cell in cells_of(ledger, dataset) if cell.origin in _MADE]
        rows = sum(cell.rows for cell in made)
        if not rows:
            return NotMeasured(f"{dataset.path}: has no synthetic or mixed rows")
        kinds = {
            kind: sum(cell.rows for cell in same) / rows for kind, same in grouped(made, lambda cell: cell.kind).items()
        }
        missing = sum(cell.rows for cell in made if cell.kind is None)
        shown = ledger.connection.execute(_WITHOUT_KIND, [dataset.place, list(_MADE)]).fetchall() if missing else []
        return Measured(
            {
                "rows": rows,
                "missing_rows": missing,
                "missing_fraction": missing / rows,
                "kinds": dict(sorted(kinds.items())),
            },
            tuple(Outstanding(sample_id, "nobody said how it was made") for (sample_id,) in shown),
        )


MEASURE = SyntheticKinds()
