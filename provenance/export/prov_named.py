"""What a PROV document names besides samples: datasets, sources, prompt templates, files, activities, models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.export.prov_records import (
    Record,
    Value,
    activity_of,
    agent_of,
    dataset_of,
    entity_of,
    files_of,
    plans_of,
    relations_of,
    said_of_source,
)

if TYPE_CHECKING:
    from provenance.export.subject import ExportedDataset
    from provenance.lineage.records import Activity, Agent, Source
    from provenance.lineage.vocabulary import Vocabulary

Said = Sequence[tuple[str, Value]]


@dataclass(frozen=True)
class Named:
    """``sources`` and ``agents``: each with what is said of it besides its own description."""

    datasets: Sequence[ExportedDataset]
    vocabulary: Vocabulary
    activities: Sequence[tuple[str, Activity]]
    sources: Sequence[tuple[Source, Said]]
    agents: Sequence[tuple[Agent, Said]]

    def entities(self) -> Iterator[Record]:
        for dataset in self.datasets:
            yield dataset_of(dataset)
        for source, said in self.sources:
            yield entity_of("source", source.id, said_of_source(source), said)
        yield from plans_of(self.vocabulary, self.activities)
        yield from files_of(self.activities)

    def activities_and_agents(self) -> Iterator[Record]:
        yield from map(activity_of, self.activities)
        for agent, said in self.agents:
            yield agent_of(agent, said)

    def relations(self) -> Iterator[Record]:
        """What activities used, and who had a part in them."""
        return relations_of(self.activities)
