"""Revoked: rows that are, or came from, what must not be used any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.engines.interface import MOST_SHOWN
from provenance.ledger.reached import ReachedRows

if TYPE_CHECKING:
    from provenance.ledger.graph.graph import Graph
    from provenance.ledger.graph.store import Array
    from provenance.ledger.revoked import Revoked


class RevokedRows:
    """rows = rows that any revocation of the workspace may reach; ``certain_rows`` are those of them that it certainly
    does, as rows of equal text may have been born in several ways; ``rows_through_models`` are those that it reaches
    only in that a registered model was trained on something revoked."""

    name = "revoked"
    definition = "rows that are, or were made from, what provenance.revocations.yaml names, also through models"
    unit = "rows"
    source = "an id in the lineage is enough to follow a withdrawal: docs/revoking.md"
    # Where nothing is revoked, which is nearly always, only the file of revocations is looked at; else the graph, too.
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{revocations, rows, fraction, certain_rows, rows_through_models}``; rows stand out with the reason of the
        revocation."""
        ledger, dataset = subject.audited.ledger, subject.audited.dataset
        stated = ledger.repository.revocations().revocations
        if not stated:
            return _measured(0, ReachedRows(0, 0, 0, 0), dataset.rows)
        from provenance.ledger.revoked import all_revoked, revoked

        members, _ = ledger.graph.members(dataset.place)
        shown = np.zeros(len(members), bool)
        outstanding: list[Outstanding] = []
        for found in revoked(ledger):
            reached = found.found.by_derivation.rows_of_members(dataset.place)[1] > 0
            outstanding += _shown(ledger.graph, members[reached & ~shown], found)
            shown |= reached
        rows = all_revoked(ledger).rows(dataset.place)
        return _measured(len(stated), rows, dataset.rows, tuple(outstanding[:MOST_SHOWN]))


def _measured(revocations: int, found: ReachedRows, total: int, outstanding: tuple[Outstanding, ...] = ()) -> Measured:
    rows = found.direct + found.through_models
    return Measured(
        {
            "revocations": revocations,
            "rows": rows,
            "fraction": rows / total if total else 0.0,
            "certain_rows": found.certain_direct + found.certain_through_models,
            "rows_through_models": found.through_models,
        },
        outstanding,
    )


def _shown(graph: Graph, samples: Array, found: Revoked) -> list[Outstanding]:
    why = f"revoked ({found.revocation.id}): {found.revocation.reason}"
    return [Outstanding(sample_id, why) for sample_id in graph.ids(samples[:MOST_SHOWN])]


MEASURE = RevokedRows()
