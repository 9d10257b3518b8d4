"""Licences: what rows oblige to, through all their ancestors and all the models that generated them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from provenance.auditing.measure import Doubt, Measured, Needs, NotMeasured, Subject
from provenance.ledger.composition.ancestry import GoingBack, Members, Name, going_back
from provenance.ledger.composition.breakdowns import UNKNOWN
from provenance.ledger.graph.births import BirthClass
from provenance.ledger.graph.graph import Graph
from provenance.ledger.sidecars import Sidecars
from provenance.lineage.license_terms import excludes_commercial_use, excludes_derivatives, obligations, spelt
from provenance.lineage.records import Agent
from provenance.models import RegisteredModel
from provenance.plurals import listed

_GROUPS = ("licenses", "generator_licenses", "output_terms")
# What a licence may exclude: the name of its group, and how it is asked of one licence.
_EXCLUDED: dict[str, Callable[[str], bool | None]] = {
    "noncommercial": excludes_commercial_use,
    "no_derivatives": excludes_derivatives,
}
_UNSPECIFIED = ("unspecified", "unspecified_content", "unspecified_generators")


class Licences:
    """The union over a row, its ancestors and their generators; nothing is judged compatible or not.

    For a generator, its own licence counts, and output terms, and those that the register of models states of it and of
    the models that it was made from. Unspecified is content that was not made from other samples by a stage and has no
    licence, neither its own nor its source's; and a generator of which neither licence nor output terms are known.
    ``noncommercial`` and ``no_derivatives`` are the content's licences that exclude a use. More may do so, which is
    a doubt, where a licence is no SPDX expression or of custom terms, where none is stated, and by generators' terms.
    """

    name = "licenses"
    definition = "rows that each licence or generator's terms apply to, through ancestors and generators"
    unit = "rows; fraction of rows"
    source = "terms that follow outputs: Llama 3.1 Community License 1.b.i, Gemma Terms of Use 1.1(e)"
    needs: Needs = "graph"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{rows, licenses{ID: {rows, fraction}}, noncommercial{…}, no_derivatives{…}, generator_licenses{…},
        output_terms{TERMS: {…}}, unspecified{rows, fraction}, unspecified_content{…}, unspecified_generators{…},
        left_out}``."""
        members = Members.of(subject.audited)
        if not members.total:
            return NotMeasured(f"{subject.audited.dataset.path}: has no rows")
        found = going_back(members, _Terms(subject.audited.ledger, members.graph).names)
        return Measured(
            {
                "rows": members.total,
                **{group: found.values(group) for group in _GROUPS},
                **{
                    name: {term: rows for term, rows in found.values("licenses").items() if excludes(term)}
                    for name, excludes in _EXCLUDED.items()
                },
                **{name: found.of(name, name).values for name in _UNSPECIFIED},
                "left_out": found.left_out,
            },
            doubts=_doubts(found),
        )


def _doubts(found: GoingBack) -> dict[str, Doubt]:
    """Why more licences than were found may exclude a use."""
    doubts = {}
    for name, excludes in _EXCLUDED.items():
        unsure = [term for term in found.groups.get("licenses", {}) if excludes(term) is None]
        generators = [term for term in found.groups.get("generator_licenses", {}) if excludes(term) is not False]
        whys = [
            f"what {listed(terms)} allows is not known ({what})"
            for terms, what in (
                (unsure, "no licence of SPDX's list"),
                (generators, "of a generator, whose terms may follow its outputs"),
            )
            if terms
        ]
        if rows := found.of("unspecified", "unspecified").at_most_rows:
            whys.append(f"terms are not stated of all that {rows:,} {'row goes' if rows == 1 else 'rows go'} back to")
        if found.left_out:
            whys.append(f"{found.left_out:,} names were not looked for")
        if whys:
            doubts[name] = Doubt(None, "; ".join(whys))
    return doubts


@dataclass(frozen=True)
class _Terms:
    """What each birth of the graph obliges to."""

    ledger: Sidecars
    graph: Graph

    @cached_property
    def _of_generators(self) -> list[frozenset[Name]]:
        """The names of each agent's terms, in the order of the graph's agents."""
        models, known = self.ledger.models, self.ledger.vocabulary.agents
        terms = []
        for described in self.graph.descriptions.agents:
            line: list[Agent | RegisteredModel] = [*models.line_of(described["label"])]
            if described["id"] in known:
                line.append(known[described["id"]])
            stated = [spelt(each.license) for each in line if each.license]
            names = {("generator_licenses", term) for licence in stated for term in obligations(licence)}
            names |= {("output_terms", each.output_terms) for each in line if each.output_terms}
            terms.append(frozenset(names or {(name, name) for name in ("unspecified", "unspecified_generators")}))
        return terms

    def names(self, born: BirthClass) -> Iterator[Name]:
        """The names of all that a birth obliges to."""
        graph = self.graph
        licence = graph.license_of(born)
        # A data set whose licence column says "unknown" states none.
        licence = None if licence is None or licence.lower() == UNKNOWN else spelt(licence)
        if licence is not None:
            for term in obligations(licence):
                yield "licenses", term
        activity = None if born.activity is None else graph.descriptions.activities[born.activity]["type"]
        if licence is None and activity not in ("generation", "derivation"):
            yield from ((name, name) for name in ("unspecified", "unspecified_content"))
        if born.agent is not None:
            yield from self._of_generators[born.agent]
        elif activity == "generation":
            yield from ((name, name) for name in ("unspecified", "unspecified_generators"))


MEASURE = Licences()
