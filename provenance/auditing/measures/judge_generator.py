"""Judge = generator: rows that were verified by a model of the family that wrote them."""

from __future__ import annotations

from collections import Counter

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.engines.interface import Among
from provenance.ledger.composition.families import model_family
from provenance.lineage.records import Agent

_LISTED = 50


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
        part, agents = subject.audited, subject.audited.ledger.agents
        rows_of: Counter[tuple[int, str]] = Counter()
        for cell in part.cells:
            if cell.agent is not None and cell.verifier is not None:
                rows_of[cell.agent, cell.verifier] += cell.rows
        if not rows_of:
            return NotMeasured(f"{part.dataset.path}: no row has both a model and a verifier")
        same = [
            (agent, verifier, rows)
            for (agent, verifier), rows in sorted(rows_of.items(), key=lambda pair: (-pair[1], pair[0][1], pair[0][0]))
            if model_family(agents[agent].name) == model_family(verifier)
        ]
        pairs: dict[str, dict[str, int]] = {}
        for agent, verifier, rows in same[:_LISTED]:
            pairs.setdefault(agents[agent].label, {})[verifier] = rows
        shown = [
            Outstanding(each.sample_id, f"written by {agents[agent].label}, verified by {verifier}")
            for agent, verifier, _ in same[:1]
            for each in part.questions.most_rows_where([Among("agent", [agent]), Among("verifier", [verifier])])
        ]
        itself = sum(rows for agent, verifier, rows in same if _is_itself(agents[agent], verifier))
        of_family = sum(rows for _, _, rows in same)
        return Measured(
            {
                "rows": of_family,
                "fraction": of_family / rows_of.total(),
                "same_model_rows": itself,
                "pairs": pairs,
            },
            tuple(shown),
        )


def _is_itself(generator: Agent, verifier: str) -> bool:
    return verifier in (generator.name, generator.label)


MEASURE = JudgeGenerator()
