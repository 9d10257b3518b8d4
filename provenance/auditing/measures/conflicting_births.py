"""Conflicting births: samples that are said to be born with different origins."""

from __future__ import annotations

from provenance.auditing.measure import Measured, Needs, Outstanding, Subject


class ConflictingBirths:
    """A model that repeats a real text word for word gives a sample with two births, one real, one synthetic.

    So do test questions that leaked into what a model was trained on. A record of unknown origin contradicts nothing.
    """

    name = "conflicting_births"
    definition = "samples that have records of different known origin, and the rows that bear them"
    unit = "samples; rows"
    source = "regurgitation of training data: Carlini et al. 2021 (arXiv 2012.07805)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured:
        """``{samples, rows}``; the samples of most rows stand out."""
        found = subject.audited.questions.conflicts()
        return Measured(
            {"samples": found.samples, "rows": found.rows},
            tuple(Outstanding(each.sample_id, f"born {each.origin}, and again {each.others}") for each in found.shown),
        )


MEASURE = ConflictingBirths()
