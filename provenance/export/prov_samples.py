"""Samples of one dataset and all that they go back to, as PROV records, by the dataset's own sidecar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from provenance.errors import UnknownReferenceError
from provenance.export.described import vocabulary
from provenance.export.prov_named import Named
from provenance.export.prov_records import Name, Record, Value, derived, entity_of, name
from provenance.export.sample_records import SampleRecords
from provenance.lineage.license_references import expression_of
from provenance.lineage.words import ActivityType, Kind
from provenance.money import amount_text

if TYPE_CHECKING:
    from provenance.export.subject import ExportedDataset, Subject

# Kinds of samples that are a new version of the one they were made from.
_REVISIONS = (Kind.REWRITE, Kind.SELF_REVISION)
# What is said of a birth, and the sidecar's column that says it.
_SAID = {
    "dvcprov:origin": "origin",
    "dvcprov:kind": "kind",
    "dvcprov:depth": "depth",
    "dvcprov:license": "license",
    "dvcprov:responseId": "response_id",
    "dvcprov:seed": "seed",
    "dvcprov:inputTokens": "input_tokens",
    "dvcprov:outputTokens": "output_tokens",
    "dvcprov:cost": "cost",
    "dvcprov:verdict": "verdict",
    "dvcprov:verifier": "verifier",
    "dvcprov:evidence": "evidence",
}

Birth = Mapping[str, Any]


@dataclass(frozen=True)
class Slice:
    """Samples of one dataset, or all of them, and all that they go back to."""

    subject: Subject
    dataset: ExportedDataset

    @cached_property
    def samples(self) -> SampleRecords:
        sidecar = self.dataset.part.dataset.sidecar
        return SampleRecords(sidecar, None if self.subject.every_sample else self._ids())

    @cached_property
    def named(self) -> Named:
        """What the samples go back to besides samples."""
        header, known = self.dataset.header, vocabulary(self.subject)
        numbers = {column: sorted(self.samples.used(column)) for column in ("activity", "agent", "source")}
        activities = [(header.activities[each].id, header.activities[each]) for each in numbers["activity"]]
        agents = {header.agents[each].id for each in numbers["agent"]} | {each.agent for _, each in activities}
        sources = {header.sources[each].id for each in numbers["source"]} | {each.source for _, each in activities}
        return Named(
            datasets=[self.dataset],
            vocabulary=known,
            activities=activities,
            sources=[(known.sources[each], ()) for each in sorted(filter(None, sources))],
            agents=[(known.agents[each], ()) for each in sorted(filter(None, agents))],
        )

    def entities(self) -> Iterator[Record]:
        for sample, births in self.samples.each("content_bytes", *_SAID.values()):
            size = births[0]["content_bytes"]
            said: list[tuple[str, Value]] = [] if size is None else [("dvcprov:contentBytes", size)]
            if len(births) == 1:
                yield entity_of("sample", sample.hex(), said, _said(births[0]))
                continue
            yield entity_of("sample", sample.hex(), said, [("dvcprov:births", len(births))])
            for entity, birth in _entities(sample, births):
                yield Record("entity", entity, (), _said(birth))

    def relations(self) -> Iterator[Record]:
        yield from self._of_activities("wasGeneratedBy", purged=False)
        yield from self.named.relations()
        yield from self._attributions()
        yield from self._derivations()
        for sample, births in self.samples.each():
            for entity, _ in _entities(sample, births) if len(births) > 1 else ():
                pair = (("specificEntity", entity), ("generalEntity", name("sample", sample.hex())))
                yield Record("specializationOf", None, pair)
        for sample, births in self.samples.each("rows", "ambiguous_rows"):
            if any(birth["rows"] or birth["ambiguous_rows"] for birth in births):
                pair = (("collection", name("dataset", self.dataset.path)), ("entity", name("sample", sample.hex())))
                yield Record("hadMember", None, pair)
        yield from self._of_activities("wasInvalidatedBy", purged=True)

    def _ids(self) -> list[bytes]:
        """The ids of the samples, found in the graph index; sorted."""
        import numpy as np

        from provenance.ledger.graph.graph import Direction

        graph = self.dataset.part.ledger.graph_of(self.dataset.part.dataset)
        start = graph.numbers(self.subject.samples)
        if len(unknown := np.flatnonzero(start < 0)):
            sample = self.subject.samples[unknown[0]]
            raise UnknownReferenceError(f"{sample}: neither in {self.dataset.path} nor an ancestor of what is")
        found = np.concatenate(list(graph.walk(np.unique(start), Direction.ANCESTORS, self.subject.depth)))
        return sorted(row.tobytes() for row in graph.ids_as_bytes(found))

    def _each_birth(self, *columns: str) -> Iterator[tuple[Name, Birth]]:
        """The entity that stands for each birth."""
        for sample, births in self.samples.each(*columns):
            yield from _entities(sample, births)

    def _of_activities(self, kind: str, *, purged: bool) -> Iterator[Record]:
        """Which activity bore a sample, or took it out of the dataset."""
        activities = self.dataset.header.activities
        for entity, birth in self._each_birth("activity"):
            if birth["activity"] is None:
                continue
            activity = activities[birth["activity"]]
            if (activity.type is ActivityType.PURGE) == purged:
                formal = (("entity", entity), ("activity", name("activity", activity.id)), ("time", None))
                yield Record(kind, None, formal)

    def _attributions(self) -> Iterator[Record]:
        agents = self.dataset.header.agents
        for entity, birth in self._each_birth("agent"):
            if birth["agent"] is not None:
                agent = name("agent", agents[birth["agent"]].id)
                yield Record("wasAttributedTo", None, (("entity", entity), ("agent", agent)))

    def _derivations(self) -> Iterator[Record]:
        sources = self.dataset.header.sources
        for entity, birth in self._each_birth("parents", "parent_roles", "kind", "source", "origin"):
            kind = "Revision" if birth["kind"] in _REVISIONS else None
            for parent, role in zip(birth["parents"] or (), birth["parent_roles"] or (), strict=True):
                if self._is_inside(parent):
                    yield derived(entity, name("sample", parent.hex()), kind, [("dvcprov:role", role)] if role else [])
            if birth["source"] is not None and birth["origin"] == "real":
                source = name("source", sources[birth["source"]].id)
                yield derived(entity, source, "PrimarySource")

    def _is_inside(self, sample: bytes) -> bool:
        """Whether the sample is in the document: with a depth, not all parents are. A sidecar has all."""
        return self._inside is None or sample in self._inside

    @cached_property
    def _inside(self) -> frozenset[bytes] | None:
        ids = self.samples.ids
        return None if ids is None or self.subject.depth is None else frozenset(ids)


def _entities(sample: bytes, births: list[dict[str, Any]]) -> Iterator[tuple[Name, Birth]]:
    """The entity of each birth: the sample itself where it has one."""
    if len(births) == 1:
        yield name("sample", sample.hex()), births[0]
        return
    for place, birth in enumerate(births):
        yield name("birth", f"{sample.hex()}.{place}"), birth


def _said(birth: Birth) -> list[tuple[str, Value]]:
    return [(term, _value(column, birth[column])) for term, column in _SAID.items() if birth[column] is not None]


def _value(column: str, value: Any) -> Value:
    if column == "license":
        return expression_of(value) or str(value)
    return amount_text(value) if isinstance(value, Decimal) else value
