"""Synthetic kinds: how the synthetic rows were made."""

from __future__ import annotations

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.engines.interface import Among
from provenance.ledger.composition.breakdowns import grouped
from provenance.lineage.rules import MADE_BY_MODEL

_WITHOUT_KIND = (Among("kind", [None]), Among("origin", MADE_BY_MODEL))


class SyntheticKinds:
    """Rewrites of real text and texts from nowhere are not the same risk, so a row without a kind cannot be judged."""

    name = "synthetic_kinds"
    definition = "synthetic and mixed rows by kind, as fractions of these; and those whose kind nobody stated"
    unit = "fraction of synthetic and mixed rows"
    source = "rephrased text is safer than textbook style: Kang et al. 2025 (arXiv 2510.01631)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{rows, missing_rows, missing_fraction, kinds{KIND: fraction}}``; samples without a kind stand out."""
        made = [cell for cell in subject.audited.cells if cell.origin in MADE_BY_MODEL]
        rows = sum(cell.rows for cell in made)
        if not rows:
            return NotMeasured(f"{subject.audited.dataset.path}: has no synthetic or mixed rows")
        kinds = {
            kind: sum(cell.rows for cell in same) / rows for kind, same in grouped(made, lambda cell: cell.kind).items()
        }
        missing = sum(cell.rows for cell in made if cell.kind is None)
        shown = subject.audited.questions.most_rows_where(_WITHOUT_KIND) if missing else []
        return Measured(
            {
                "rows": rows,
                "missing_rows": missing,
                "missing_fraction": missing / rows,
                "kinds": dict(sorted(kinds.items())),
            },
            tuple(Outstanding(each.sample_id, "nobody said how it was made") for each in shown),
        )


MEASURE = SyntheticKinds()
