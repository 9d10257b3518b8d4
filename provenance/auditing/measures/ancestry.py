"""Ancestry: what rows go back to, over all their ancestors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from provenance.auditing.measure import Measured, Needs, NotMeasured, Subject
from provenance.ledger.composition.ancestry import Members, Name, going_back
from provenance.ledger.graph.births import BirthClass
from provenance.ledger.graph.graph import Graph
from provenance.lineage.rules import made_by_model

_SYNTHETIC_ANCESTOR, _REAL_ROOTED = "synthetic_ancestor", "real_rooted"


class Ancestry:
    """A row counts once for a name, whether it has it or one or many of its ancestors do.

    Ancestors are those of the whole ledger, as `provenance trace` shows them. A licence is the record's own, else its
    source's.
    """

    name = "ancestry"
    definition = (
        "rows with a synthetic or mixed ancestor; rows that are real or have a real ancestor; rows that go back to "
        "each source, licence and model"
    )
    unit = "rows; fraction of rows"
    source = "transitive closure of wasDerivedFrom: W3C PROV-DM 2013, section 5.2"
    needs: Needs = "graph"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{rows, synthetic_ancestor{rows, fraction}, real_rooted{…}, by_source{NAME: {…}}, by_license, by_model,
        left_out}``; ``left_out``: names that were not looked for, as there are too many."""
        members = Members.of(subject.audited)
        if not members.total:
            return NotMeasured(f"{subject.audited.dataset.path}: has no rows")
        found = going_back(members, partial(_names, members.graph), strict=frozenset({_SYNTHETIC_ANCESTOR}))
        return Measured(
            {
                "rows": members.total,
                **{name: found.of(name, name).values for name in (_SYNTHETIC_ANCESTOR, _REAL_ROOTED)},
                **{group: found.values(group) for group in ("by_source", "by_license", "by_model")},
                "left_out": found.left_out,
            }
        )


def _names(graph: Graph, born: BirthClass) -> Iterator[Name]:
    """All that an audit asks of a birth."""
    if made_by_model(born.origin):
        yield _SYNTHETIC_ANCESTOR, _SYNTHETIC_ANCESTOR
    if born.origin == "real":
        yield _REAL_ROOTED, _REAL_ROOTED
    if born.source is not None:
        yield "by_source", graph.descriptions.sources[born.source]["name"]
    for group, name in (("by_license", graph.license_of(born)), ("by_model", graph.model_of(born))):
        if name is not None:
            yield group, name


MEASURE = Ancestry()
