"""Disputed real rows: rows that count as real here and that another record, of any dataset here, calls a model's."""

from __future__ import annotations

from provenance.auditing.measure import Measured, Needs, Outstanding, Subject, ambiguity


class DisputedReal:
    """Model output that is added as real data elsewhere, or real text that a model repeats, has one id in both.

    `conflicting_births` sees only what the dataset's own sidecar says; this asks all sidecars of the revision. Rows
    that count as model output here are left out, whatever another dataset calls them: they do not make more real rows.
    """

    name = "disputed_real"
    definition = "rows that count as real here and are model output by another record, of any dataset of the revision"
    unit = "samples; rows"
    source = "a set taken for human text held model output: github.com/r-three/common-pile issue 137"
    needs: Needs = "graph"

    def measure(self, subject: Subject) -> Measured:
        """``{samples, rows, fraction}``; the samples of most rows stand out."""
        found, total = subject.audited.questions.disputed(), subject.audited.dataset.rows
        rows = (found.rows, found.rows + found.possible_rows)
        fraction = (rows[0] / total, rows[1] / total) if total else (0.0, 0.0)
        return Measured(
            {"samples": found.samples, "rows": rows[0], "fraction": fraction[0]},
            tuple(Outstanding(each.sample_id, "real by one record, model output by another") for each in found.shown),
            doubts=ambiguity({"rows": rows, "fraction": fraction}),
        )


MEASURE = DisputedReal()
