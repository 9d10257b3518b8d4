"""Dangling parents: samples that were named as parents and that no sidecar has ever seen."""

from __future__ import annotations

from provenance.auditing.measure import Measured, Needs, Outstanding, Subject, ambiguity


class DanglingParents:
    """Where a parent is not known, nobody can say what its children go back to: lineage ends there."""

    name = "dangling_parents"
    definition = "parents without a record of their own in any sidecar, and the rows directly made from one"
    unit = "samples; rows"
    source = "closure of the sidecar (docs/specification/sidecar.md, invariant 2)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured:
        """``{samples, rows, fraction}``: parents, and rows made from one; some of these rows' samples stand out."""
        found, total = subject.audited.questions.dangling(), subject.audited.dataset.sidecar.header.dataset.rows
        rows = (found.rows, found.at_most_rows)
        fraction = (rows[0] / total, rows[1] / total) if total else (0.0, 0.0)
        return Measured(
            {"samples": found.samples, "rows": rows[0], "fraction": fraction[0]},
            tuple(Outstanding(child.sample_id, "made from a parent that no sidecar knows") for child in found.children),
            doubts=ambiguity({"rows": rows, "fraction": fraction}),
        )


MEASURE = DanglingParents()
