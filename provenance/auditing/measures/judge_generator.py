"""Judge = generator: rows that were verified by a model of the family that wrote them."""

from __future__ import annotations

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.ledger.composition.families import model_family
from provenance.lineage.records import Agent

_SHOWN = 20
_LISTED = 50
_PAIRS = (
    "SELECT agent, verifier, sum(rows)::BIGINT FROM samples WHERE sidecar = ? AND rows > 0 AND agent IS NOT NULL AND "
    "verifier IS NOT NULL GROUP BY ALL"
)
_SAMPLES = (
    "SELECT lower(hex(sample_id)) FROM samples WHERE sidecar = ? AND rows > 0 AND agent = ? AND verifier = ? "
    f"ORDER BY rows DESC, sample_id LIMIT {_SHOWN}"
)


class JudgeGenerator:
    """A model prefers what it wrote itself, so its verdict on its own output is worth less.

    Families are read off names (`families`). A verifier that is no model, such as a test suite, is of none.
    """

    name = "judge_generator"
    definition = "rows whose verifier is of the same family of models as their generator"
    unit = "fraction of the rows that have a model and a verifier"
    source = "self-preference of judges: Panickssery et al. 2024 (arXiv 2404.13076)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{rows, fraction, same_model_rows, pairs{GENERATOR: {VERIFIER: rows}}}``; such samples stand out."""
        ledger, dataset = subject.audited.ledger, subject.audited.dataset
        found = ledger.connection.execute(_PAIRS, [dataset.place]).fetchall()
        total = sum(rows for _, _, rows in found)
        if not total:
            return NotMeasured(f"{dataset.path}: no row has both a model and a verifier")
        same = [
            (agent, verifier, rows)
            for agent, verifier, rows in sorted(found, key=lambda pair: (-pair[2], pair[1], pair[0]))
            if model_family(ledger.agents[agent].name) == model_family(verifier)
        ]
        pairs: dict[str, dict[str, int]] = {}
        for agent, verifier, rows in same[:_LISTED]:
            pairs.setdefault(ledger.agents[agent].label, {})[verifier] = rows
        shown = [
            Outstanding(sample_id, f"written by {ledger.agents[agent].label}, verified by {verifier}")
            for agent, verifier, _ in same[:1]
            for (sample_id,) in ledger.connection.execute(_SAMPLES, [dataset.place, agent, verifier]).fetchall()
        ]
        return Measured(
            {
                "rows": sum(rows for _, _, rows in same),
                "fraction": sum(rows for _, _, rows in same) / total,
                "same_model_rows": sum(
                    rows for agent, verifier, rows in same if _is_itself(ledger.agents[agent], verifier)
                ),
                "pairs": pairs,
            },
            tuple(shown),
        )


def _is_itself(generator: Agent, verifier: str) -> bool:
    return verifier in (generator.name, generator.label)


MEASURE = JudgeGenerator()
