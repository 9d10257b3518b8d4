"""Disputed real rows: samples that one record calls real and another, of any dataset here, a model's."""

from __future__ import annotations

import numpy as np

from provenance.auditing.measure import Measured, Needs, Outstanding, Subject
from provenance.engines.interface import MOST_SHOWN
from provenance.lineage.rules import MADE_BY_MODEL


class DisputedReal:
    """Model output that is added as real data elsewhere, or real text that a model repeats, bears one id in both.

    `conflicting_births` sees only what the dataset's own sidecar says; this asks all sidecars of the revision.
    """

    name = "disputed_real"
    definition = "samples that a record calls real and another record, of any dataset of the revision, model output"
    unit = "samples; rows"
    source = "a set taken for human text held model output: github.com/r-three/common-pile issue 137"
    needs: Needs = "graph"

    def measure(self, subject: Subject) -> Measured:
        """``{samples, rows, fraction}``; the samples of most rows stand out."""
        graph, dataset = subject.audited.ledger.graph, subject.audited.dataset
        members, rows = graph.members(dataset.place)
        disputed = np.intersect1d(
            graph.with_birth(lambda birth: birth.origin == "real"),
            graph.with_birth(lambda birth: birth.origin in MADE_BY_MODEL),
            assume_unique=True,
        )
        found = np.isin(members, disputed, assume_unique=True)
        most = np.flatnonzero(found)[np.argsort(-rows[found].astype(np.int64), kind="stable")[:MOST_SHOWN]]
        affected = int(rows[found].sum(dtype=np.int64))
        return Measured(
            {
                "samples": int(found.sum()),
                "rows": affected,
                "fraction": affected / dataset.rows if dataset.rows else 0.0,
            },
            tuple(
                Outstanding(sample_id, "real by one record, model output by another")
                for sample_id in graph.ids(members[most])
            ),
        )


MEASURE = DisputedReal()
