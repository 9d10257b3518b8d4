"""Samples of one dataset and all that they go back to, as PROV records, by the dataset's own sidecar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from provenance.errors import UnknownReferenceError
from provenance.export.described import vocabulary
from provenance.export.prov_records import (
    Name,
    Record,
    Value,
    activity_of,
    agent_of,
    dataset_of,
    derived,
    entity_of,
    files_of,
    name,
    plans_of,
    relations_of,
    said_of_source,
)
from provenance.ledger.graph.graph import Direction
from provenance.lineage.license_references import expression_of
from provenance.lineage.words import Kind

if TYPE_CHECKING:
    from provenance.export.subject import ExportedDataset, Subject
    from provenance.ledger.graph.births import BirthClass
    from provenance.ledger.graph.graph import Graph
    from provenance.ledger.graph.store import Array
    from provenance.lineage.records import Activity
    from provenance.lineage.vocabulary import Vocabulary

_AT_ONCE = 10_000
# Kinds of samples that are a new version of the one they were made from.
_REVISIONS = (Kind.REWRITE, Kind.SELF_REVISION)


@dataclass(frozen=True)
class Slice:
    """Samples of one dataset and all that they go back to, by its own sidecar."""

    subject: Subject
    dataset: ExportedDataset

    @cached_property
    def graph(self) -> Graph:
        return self.dataset.part.ledger.graph_of(self.dataset.part.dataset)

    @cached_property
    def numbers(self) -> Array:
        """The samples, in the order of their ids."""
        start = self.graph.numbers(self.subject.samples)
        if len(unknown := np.flatnonzero(start < 0)):
            sample = self.subject.samples[unknown[0]]
            raise UnknownReferenceError(f"{sample}: neither in {self.dataset.path} nor an ancestor of what is")
        found = list(self.graph.walk(np.unique(start), Direction.ANCESTORS, self.subject.depth))
        return self.graph.in_order_of_ids(np.concatenate(found))

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return vocabulary(self.subject)

    @cached_property
    def classes(self) -> list[BirthClass]:
        return self.graph.births_of(self.numbers)

    @cached_property
    def used_activities(self) -> list[tuple[str, Activity]]:
        numbers = sorted({each.activity for each in self.classes if each.activity is not None})
        ids = [self.graph.descriptions.activities[number]["id"] for number in numbers]
        return [(each, self.vocabulary.activities[each]) for each in ids]

    def entities(self) -> Iterator[Record]:
        yield dataset_of(self.dataset)
        known = self.vocabulary
        used = {self.graph.descriptions.sources[each.source]["id"] for each in self.classes if each.source is not None}
        used |= {each.source for _, each in self.used_activities if each.source}
        for identifier in sorted(used):
            yield entity_of("source", identifier, said_of_source(known.sources[identifier]), ())
        yield from plans_of(known, self.used_activities)
        yield from files_of(self.used_activities)
        for number, identifier in self._samples():
            yield entity_of("sample", identifier, self._said(number), ())
            for place, born in enumerate(self._births(number)):
                yield entity_of("birth", f"{identifier}.{place}", _born(self.graph, born), ())

    def activities(self) -> Iterator[Record]:
        yield from map(activity_of, self.used_activities)

    def agents(self) -> Iterator[Record]:
        ids = {self.graph.descriptions.agents[each.agent]["id"] for each in self.classes if each.agent is not None}
        ids |= {each.agent for _, each in self.used_activities if each.agent}
        for identifier in sorted(ids):
            yield agent_of(self.vocabulary.agents[identifier], ())

    def relations(self) -> Iterator[Record]:
        yield from self._generations()
        yield from relations_of(self.used_activities)
        for entity, born in self._each_birth():
            if born.agent is not None:
                agent = name("agent", self.graph.descriptions.agents[born.agent]["id"])
                yield Record("wasAttributedTo", None, (("entity", entity), ("agent", agent)))
        yield from self._derivations()
        for number, identifier in self._samples():
            for place in range(len(self._births(number))):
                pair = (
                    ("specificEntity", name("birth", f"{identifier}.{place}")),
                    ("generalEntity", name("sample", identifier)),
                )
                yield Record("specializationOf", None, pair)
        members, rows = self.graph.members(0)
        places = dict(zip(members.tolist(), rows.tolist(), strict=True)) if len(members) < _AT_ONCE else None
        for number, identifier in self._samples():
            if _is_member(members, number, places):
                pair = (("collection", name("dataset", self.dataset.path)), ("entity", name("sample", identifier)))
                yield Record("hadMember", None, pair)
        for entity, born in self._each_birth():
            if self.graph.is_tombstone(born):
                yield Record(
                    "wasInvalidatedBy",
                    None,
                    (("entity", entity), ("activity", self._activity_of(born)), ("time", None)),
                )

    def _generations(self) -> Iterator[Record]:
        for entity, born in self._each_birth():
            if born.activity is not None and not self.graph.is_tombstone(born):
                formal = (("entity", entity), ("activity", self._activity_of(born)), ("time", None))
                yield Record("wasGeneratedBy", None, formal)

    def _derivations(self) -> Iterator[Record]:
        inside = np.sort(self.numbers)
        children, parents, roles = self.graph.edges_among(inside)
        for start in range(0, len(children), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            pairs = zip(self.graph.ids(children[part]), self.graph.ids(parents[part]), strict=True)
            for place, (child, parent) in enumerate(pairs, start):
                is_revision = self.graph.born(int(children[place])).kind in _REVISIONS
                role = roles[place]
                said = [("dvcprov:role", role)] if role else []
                kind = "Revision" if is_revision else None
                yield derived(name("sample", child), name("sample", parent), kind, said)
        for entity, born in self._each_birth():
            if born.source is not None and born.origin == "real":
                source = name("source", self.graph.descriptions.sources[born.source]["id"])
                yield derived(entity, source, "PrimarySource")

    def _samples(self) -> Iterator[tuple[int, str]]:
        """The number and the id of each sample."""
        for start in range(0, len(self.numbers), _AT_ONCE):
            part = self.numbers[start : start + _AT_ONCE]
            yield from zip(part.tolist(), self.graph.ids(part), strict=True)

    def _births(self, number: int) -> list[BirthClass]:
        """The births of a sample that has several; none of a sample that has one, which stands for it."""
        others, classes = self.graph.other_births
        more = classes[np.searchsorted(others, number) : np.searchsorted(others, number, "right")]
        return [self.graph.born(number), *(self.graph.classes[each] for each in more)] if len(more) else []

    def _each_birth(self) -> Iterator[tuple[Name, BirthClass]]:
        """The entity that stands for each birth."""
        for number, identifier in self._samples():
            births = self._births(number)
            if not births:
                yield name("sample", identifier), self.graph.born(number)
            for place, born in enumerate(births):
                yield name("birth", f"{identifier}.{place}"), born

    def _activity_of(self, born: BirthClass) -> Name:
        assert born.activity is not None
        return name("activity", self.graph.descriptions.activities[born.activity]["id"])

    def _said(self, number: int) -> list[tuple[str, Value]]:
        size = self.graph.content_bytes(number)
        said: list[tuple[str, Value]] = [] if size is None else [("dvcprov:contentBytes", size)]
        if self._births(number):
            return [*said, ("dvcprov:births", self.graph.births_known(number))]
        return [*said, *_born(self.graph, self.graph.born(number))]


def _is_member(members: Array, number: int, places: dict[int, int] | None) -> bool:
    if places is not None:
        return number in places
    place = int(np.searchsorted(members, number))
    return place < len(members) and int(members[place]) == number


def _born(graph: Graph, born: BirthClass) -> list[tuple[str, Value]]:
    members: tuple[tuple[str, Value | None], ...] = (
        ("dvcprov:origin", born.origin),
        ("dvcprov:kind", born.kind),
        ("dvcprov:depth", born.depth),
        ("dvcprov:license", expression_of(graph.license_of(born))),
        ("dvcprov:evidence", born.evidence),
    )
    return [(key, value) for key, value in members if value is not None]
