"""Exact duplicates: rows that repeat the content of another row of the same dataset."""

from __future__ import annotations

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject

_SHOWN = 20
# A sample's rows stand on one record of it: counting records is counting samples.
_COUNTS = "SELECT coalesce(sum(rows), 0)::BIGINT, count(*) FROM samples WHERE sidecar = ? AND rows > 0"
_MOST_REPEATED = (
    "SELECT lower(hex(sample_id)), rows FROM samples WHERE sidecar = ? AND rows > 1 "
    f"ORDER BY rows DESC, sample_id LIMIT {_SHOWN}"
)


class ExactDuplicates:
    """fraction = (rows - distinct sample ids) / rows. Ids are of content fields, so metadata does not tell rows apart.

    A sidecar says how many rows bear each id: nothing is sampled, and the data is not read.
    """

    name = "exact_duplicates"
    definition = "rows beyond the first of each sample id, and their share of all rows"
    unit = "fraction of rows"
    source = "equality of sample ids; duplicates of this kind: Lee et al. 2021 (arXiv 2107.06499)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{rows, samples, duplicate_rows, fraction}``; the most repeated samples stand out."""
        ledger, place = subject.audited.ledger, subject.audited.dataset.place
        rows, samples = ledger.connection.execute(_COUNTS, [place]).fetchall()[0]
        if not rows:
            return NotMeasured(f"{subject.audited.dataset.path}: has no rows")
        repeated = ledger.connection.execute(_MOST_REPEATED, [place]).fetchall()
        return Measured(
            {
                "rows": rows,
                "samples": samples,
                "duplicate_rows": rows - samples,
                "fraction": (rows - samples) / rows,
            },
            tuple(Outstanding(sample_id, f"its content is in {times:,} rows") for sample_id, times in repeated),
        )


MEASURE = ExactDuplicates()
