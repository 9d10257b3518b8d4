"""Accumulation: whether the real rows of the previous version are still there, or were replaced."""

from __future__ import annotations

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.lineage.database import parquet_rows

_SHOWN = 20
_RETAINED = """
    WITH previous AS (SELECT sample_id, rows FROM {previous} WHERE rows > 0 AND origin = 'real'),
        now AS (SELECT sample_id, rows FROM samples WHERE sidecar = ? AND rows > 0),
        compared AS (SELECT sample_id, p.rows AS rows, least(p.rows, coalesce(n.rows, 0)) AS retained
            FROM previous p LEFT JOIN now n USING (sample_id))"""


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
        ledger, dataset, before = subject.audited.ledger, subject.audited.dataset, subject.previous.dataset
        ways = [each.sidecar.header.identity for each in (dataset, before)]
        if (ways[0].digest, ways[0].canonical_form) != (ways[1].digest, ways[1].canonical_form):
            return NotMeasured("the previous version's sample ids were made in another way, so none can be found again")
        # The other version is in another ledger; its sidecar is a file all the same.
        compared = _RETAINED.format(previous=parquet_rows(before.sidecar.path))
        execute = ledger.connection.execute
        rows, retained = execute(
            f"{compared} SELECT coalesce(sum(rows), 0)::BIGINT, coalesce(sum(retained), 0)::BIGINT FROM compared",
            [dataset.place],
        ).fetchall()[0]
        if not rows:
            return NotMeasured(f"{before.path}: the previous version has no real rows")
        shown = execute(
            f"{compared} SELECT lower(hex(sample_id)), rows - retained FROM compared WHERE retained < rows "
            f"ORDER BY 2 DESC, 1 LIMIT {_SHOWN}",
            [dataset.place],
        ).fetchall()
        return Measured(
            {"retained_fraction": retained / rows, "previous_real_rows": rows, "retained_rows": retained},
            tuple(Outstanding(sample_id, f"real, and gone from {gone:,} rows") for sample_id, gone in shown),
        )


MEASURE = Accumulation()
