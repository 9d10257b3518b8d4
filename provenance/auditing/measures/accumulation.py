"""Accumulation: whether the real rows of the previous version are still there, or were replaced."""

from __future__ import annotations

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.plurals import counted


class Accumulation:
    """Samples are matched by id, so shuffling and mixing retain them, and so does converting to another format."""

    name = "accumulation"
    definition = "of the previous version's real rows, the part that is still in this one"
    unit = "fraction of the previous version's real rows"
    source = "accumulating bounds the error, replacing lets it grow linearly: Gerstgrasser et al. 2024 (2404.01413)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{retained_fraction, previous_real_rows, retained_rows}``; real samples that are gone stand out."""
        if subject.previous is None:
            return NotMeasured("there is no previous version to compare with; name its revision with --since")
        dataset, before = subject.audited.dataset, subject.previous.dataset
        ways = [each.sidecar.header.identity for each in (dataset, before)]
        if (ways[0].digest, ways[0].canonical_form) != (ways[1].digest, ways[1].canonical_form):
            return NotMeasured("the previous version's sample ids were made in another way, so none can be found again")
        # The other version is in another ledger; its sidecar is a file all the same.
        found = subject.audited.questions.retained(before.sidecar)
        if not found.rows:
            return NotMeasured(f"{before.path}: the previous version has no real rows")
        return Measured(
            {
                "retained_fraction": found.retained / found.rows,
                "previous_real_rows": found.rows,
                "retained_rows": found.retained,
            },
            tuple(
                Outstanding(each.sample_id, f"real, and gone from {counted(each.rows, 'row')}") for each in found.gone
            ),
        )


MEASURE = Accumulation()
