"""Dangling parents: samples that were named as parents and that no sidecar has ever seen."""

from __future__ import annotations

from provenance.auditing.measure import Measured, Needs, Outstanding, Part, Subject

_SHOWN = 20
_DANGLING = "FROM samples WHERE sidecar = ? AND content_bytes IS NULL"
_CHILDREN = (
    f"WITH dangling AS (SELECT sample_id {_DANGLING}), children AS (SELECT DISTINCT sample_id, rows FROM (SELECT "
    "sample_id, rows, unnest(parents) AS parent FROM samples WHERE sidecar = ? AND rows > 0) WHERE parent IN (FROM "
    "dangling)) "
)


class DanglingParents:
    """Where a parent is not known, nobody can say what its children go back to: lineage ends there."""

    name = "dangling_parents"
    definition = "parents without a record of their own in any sidecar, and the rows directly made from one"
    unit = "samples; rows"
    source = "closure of the sidecar (docs/specification/sidecar.md, invariant 2)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured:
        """``{samples, rows, fraction}``: parents, and rows made from one; some of these rows' samples stand out."""
        part = subject.audited
        samples, total = dangling(part)["samples"], part.dataset.sidecar.header.dataset.rows
        if not samples:
            return Measured({"samples": 0, "rows": 0, "fraction": 0.0})
        places = [part.dataset.place] * 2
        execute = part.ledger.connection.execute
        rows = execute(f"{_CHILDREN} SELECT coalesce(sum(rows), 0)::BIGINT FROM children", places).fetchall()[0][0]
        shown = execute(
            f"{_CHILDREN} SELECT lower(hex(sample_id)) FROM children ORDER BY rows DESC, sample_id LIMIT {_SHOWN}",
            places,
        ).fetchall()
        return Measured(
            {"samples": samples, "rows": rows, "fraction": rows / total if total else 0.0},
            tuple(Outstanding(sample_id, "made from a parent that no sidecar knows") for (sample_id,) in shown),
        )


def dangling(part: Part) -> dict[str, int]:
    """How many parents no sidecar knows."""
    query = f"SELECT count(*) {_DANGLING}"
    return {"samples": part.ledger.connection.execute(query, [part.dataset.place]).fetchall()[0][0]}


MEASURE = DanglingParents()
