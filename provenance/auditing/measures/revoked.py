"""Revoked: rows that are, or came from, what must not be used any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.engines.interface import MOST_SHOWN

if TYPE_CHECKING:
    from provenance.ledger.graph.graph import Graph
    from provenance.ledger.graph.store import Array
    from provenance.ledger.revoked import Revoked


class RevokedRows:
    """rows = rows that any revocation of the workspace reaches; ``rows_through_models`` are those of them that it
    reaches only in that a registered model was trained on something revoked."""

    name = "revoked"
    definition = "rows that are, or were made from, what provenance.revocations.yaml names, also through models"
    unit = "rows"
    source = "an id in the lineage is enough to follow a withdrawal: docs/revoking.md"
    # Where nothing is revoked, which is nearly always, only the file of revocations is looked at; else the graph, too.
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{revocations, rows, fraction, rows_through_models}``; rows stand out with the reason of the revocation."""
        ledger, dataset = subject.audited.ledger, subject.audited.dataset
        stated = ledger.repository.revocations().revocations
        if not stated:
            return _measured(0, 0, 0, dataset.rows)
        from provenance.ledger.revoked import revoked

        members, rows = ledger.graph.members(dataset.place)
        derived, through = np.zeros(len(members), bool), np.zeros(len(members), bool)
        outstanding: list[Outstanding] = []
        for found in revoked(ledger):
            direct = np.isin(members, found.reach.direct, assume_unique=True)
            outstanding += _shown(ledger.graph, members[direct & ~derived], found)
            derived |= direct
            through |= np.isin(members, found.reach.through_models, assume_unique=True)
        affected, only_through = (
            int(rows[some].sum(dtype=np.int64)) for some in (derived | through, through & ~derived)
        )
        return _measured(len(stated), affected, only_through, dataset.rows, tuple(outstanding[:MOST_SHOWN]))


def _measured(
    revocations: int, rows: int, through_models: int, total: int, outstanding: tuple[Outstanding, ...] = ()
) -> Measured:
    return Measured(
        {
            "revocations": revocations,
            "rows": rows,
            "fraction": rows / total if total else 0.0,
            "rows_through_models": through_models,
        },
        outstanding,
    )


def _shown(graph: Graph, samples: Array, found: Revoked) -> list[Outstanding]:
    why = f"revoked ({found.revocation.id}): {found.revocation.reason}"
    return [Outstanding(sample_id, why) for sample_id in graph.ids(samples[:MOST_SHOWN])]


MEASURE = RevokedRows()
