"""Exact duplicates: rows that repeat the content of another row of the same dataset."""

from __future__ import annotations

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.plurals import counted


class ExactDuplicates:
    """fraction = (rows - distinct sample ids) / rows. Ids are of content fields: metadata makes no difference.

    A sidecar says how many rows have each id: nothing is sampled, and the data is not read.
    """

    name = "exact_duplicates"
    definition = "rows beyond the first of each sample id, and their share of all rows"
    unit = "fraction of rows"
    source = "equality of sample ids; duplicates of this kind: Lee et al. 2021 (arXiv 2107.06499)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{rows, samples, duplicate_rows, fraction}``; the most repeated samples stand out."""
        found = subject.audited.questions.repeats()
        if not found.rows:
            return NotMeasured(f"{subject.audited.dataset.path}: has no rows")
        repeated = found.rows - found.samples
        return Measured(
            {
                "rows": found.rows,
                "samples": found.samples,
                "duplicate_rows": repeated,
                "fraction": repeated / found.rows,
            },
            tuple(Outstanding(each.sample_id, f"its content is in {counted(each.rows, 'row')}") for each in found.most),
        )


MEASURE = ExactDuplicates()
