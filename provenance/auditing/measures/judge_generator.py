"""Judge = generator: rows that were verified by a model of the family that wrote them."""

from __future__ import annotations

from collections.abc import Collection

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject, ambiguity
from provenance.engines.answers import BornAlike
from provenance.engines.interface import Among
from provenance.ledger.composition.families import model_family
from provenance.ledger.rows import Between, DatasetRows, between_parts
from provenance.lineage.records import Agent
from provenance.lineage.words import AMBIGUOUS

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
        part, agents, rows = subject.audited, subject.audited.ledger.agents, subject.audited.rows
        pairs = rows.by(_pair).groups
        if not pairs:
            return NotMeasured(f"{part.dataset.path}: no row has both a model and a verifier")
        in_order = sorted(pairs.items(), key=lambda each: (*(-n for n in each[1].rows), each[0][1], each[0][0]))
        same = [pair for pair, _ in in_order if model_family(agents[pair[0]].name) == model_family(pair[1])]
        itself = {pair for pair in same if _is_itself(agents[pair[0]], pair[1])}
        listed: dict[str, dict[str, int]] = {}
        for agent, verifier in same[:_LISTED]:
            listed.setdefault(agents[agent].label, {})[verifier] = pairs[agent, verifier].certain.rows
        shown = [
            Outstanding(each.sample_id, f"written by {agents[agent].label}, verified by {verifier}")
            for agent, verifier in same[:1]
            for each in part.questions.most_rows_where([Among("agent", [agent]), Among("verifier", [verifier])])
        ]
        of_family = _among(rows, {*same})
        bounds = {
            "rows": of_family.rows,
            "fraction": between_parts(of_family, _among(rows, pairs.keys() - {*same})),
            "same_model_rows": _among(rows, itself).rows,
        }
        return Measured(
            {**{name: each[0] if each else 0.0 for name, each in bounds.items()}, "pairs": listed},
            tuple(shown),
            doubts=ambiguity(bounds),
        )


def _pair(born: BornAlike) -> tuple[int, str] | str | None:
    """The generator and the verifier of a birth; None where there are not both."""
    if born.verifier is not None and "agent" in born.doubts:
        return AMBIGUOUS
    return None if born.agent is None or born.verifier is None else (born.agent, born.verifier)


def _among(rows: DatasetRows, pairs: Collection[tuple[int, str]]) -> Between:
    """The rows whose generator and verifier are one of ``pairs``."""

    def belongs(born: BornAlike) -> bool | None:
        pair = _pair(born)
        return None if pair == AMBIGUOUS else pair in pairs

    return rows.where(belongs)


def _is_itself(generator: Agent, verifier: str) -> bool:
    return verifier in (generator.name, generator.label)


MEASURE = JudgeGenerator()
