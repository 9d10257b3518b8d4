"""Lineage as W3C PROV records, one at a time, in the order that both of its formats write them.

Of the datasets as such: entities (datasets, sources, prompt templates), activities, models as software agents. With
samples: these, all that they go back to, and what bore them. A sample that was born in several ways is one entity for
all of them; each birth is an entity that specialises it, as PROV has it that an entity is generated once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from provenance.export.described import generators, sources, vocabulary
from provenance.export.interface import Gap
from provenance.export.prov_records import (
    Record,
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
from provenance.export.prov_samples import Slice

if TYPE_CHECKING:
    from provenance.export.subject import Subject
    from provenance.lineage.records import Activity
    from provenance.lineage.vocabulary import Vocabulary


def gaps(subject: Subject) -> list[Gap]:
    """What PROV documents cannot say: nothing is asked for, and what is unknown is left out."""
    return []


def records(subject: Subject) -> Iterator[Record]:
    """All records, grouped by kind."""
    described = Slice(subject, subject.datasets[0]) if subject.samples else _Whole(subject)
    yield from described.entities()
    yield from described.activities()
    yield from described.agents()
    yield from described.relations()


@dataclass(frozen=True)
class _Whole:
    """Datasets as such."""

    subject: Subject

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return vocabulary(self.subject)

    @cached_property
    def used_activities(self) -> list[tuple[str, Activity]]:
        known = self.vocabulary.activities.items()
        return sorted(known, key=lambda item: (str(item[1].started or ""), item[0]))

    def entities(self) -> Iterator[Record]:
        for dataset in self.subject.datasets:
            yield dataset_of(dataset)
        for used in sources(self.subject):
            rows = [(f"dvcprov:{key}", value) for key, value in used.reached.members.items()]
            yield entity_of("source", used.source.id, said_of_source(used.source), rows)
        yield from plans_of(self.vocabulary, self.used_activities)
        yield from files_of(self.used_activities)

    def activities(self) -> Iterator[Record]:
        yield from map(activity_of, self.used_activities)

    def agents(self) -> Iterator[Record]:
        for generator in generators(self.subject):
            rows = [(f"dvcprov:{key}", value) for key, value in generator.reached.members.items()]
            said = [("dvcprov:license", each) for each in generator.licenses]
            said += [("dvcprov:outputTerms", each) for each in generator.output_terms]
            yield agent_of(generator.agent, [*said, *rows])

    def relations(self) -> Iterator[Record]:
        yield from relations_of(self.used_activities)
        for dataset in self.subject.datasets:
            place = name("dataset", dataset.path)
            for generator in dataset.header.agents:
                yield Record("wasAttributedTo", None, (("entity", place), ("agent", name("agent", generator.id))))
        for dataset in self.subject.datasets:
            for source in dataset.header.sources:
                yield derived(name("dataset", dataset.path), name("source", source.id), "PrimarySource")
        # Which of its activities wrote the dataset itself is not recorded: rows pass through later stages unchanged.
        for dataset in self.subject.datasets:
            for activity in dataset.header.activities:
                influence = (
                    ("influencee", name("dataset", dataset.path)),
                    ("influencer", name("activity", activity.id)),
                )
                yield Record("wasInfluencedBy", None, influence)
