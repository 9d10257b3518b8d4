"""Conflicting births: samples that are said to be born with different origins."""

from __future__ import annotations

from provenance.auditing.measure import Measured, Needs, Outstanding, Part, Subject

_SHOWN = 20
# The rows of a sample are on its first record, so a conflict shows as another record, without rows, of another origin.
_CONFLICTS = """
    SELECT born.sample_id, any_value(born.rows) AS rows, any_value(born.origin) AS origin,
        string_agg(DISTINCT again.origin, ', ' ORDER BY again.origin) AS others
    FROM samples born JOIN samples again USING (sample_id)
    WHERE born.sidecar = $place AND again.sidecar = $place AND born.rows > 0 AND again.rows = 0
        AND born.origin <> again.origin
    GROUP BY born.sample_id"""


class ConflictingBirths:
    """A model that repeats a real text word for word gives a sample with two births, one real, one synthetic.

    So do test questions that leaked into what a model was trained on. The rows are counted under the best evidence.
    """

    name = "conflicting_births"
    definition = "samples that have records of different origin, and the rows that bear them"
    unit = "samples; rows"
    source = "regurgitation of training data: Carlini et al. 2021 (arXiv 2012.07805)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured:
        """``{samples, rows}``; the samples of most rows stand out."""
        part = subject.audited
        found = part.ledger.connection.execute(
            f"SELECT lower(hex(sample_id)), origin, others FROM ({_CONFLICTS}) ORDER BY rows DESC, sample_id "
            f"LIMIT {_SHOWN}",
            {"place": part.dataset.place},
        ).fetchall()
        return Measured(
            conflicts(part),
            tuple(Outstanding(sample_id, f"born {origin}, and again {others}") for sample_id, origin, others in found),
        )


def conflicts(part: Part) -> dict[str, int]:
    """How many samples have births of different origin, and how many rows bear them."""
    query = f"SELECT count(*), coalesce(sum(rows), 0)::BIGINT FROM ({_CONFLICTS})"
    samples, rows = part.ledger.connection.execute(query, {"place": part.dataset.place}).fetchall()[0]
    return {"samples": samples, "rows": rows}


MEASURE = ConflictingBirths()
