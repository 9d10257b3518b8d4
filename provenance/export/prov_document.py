"""Lineage as W3C PROV records, one at a time, in the order that both of its formats write them.

Of the datasets as such: entities (datasets, sources, prompt templates), activities, models as software agents. With
samples: these, all that they go back to, and what bore them. A sample that was born in several ways is one entity for
all of them; each birth is an entity that specialises it, as PROV has it that an entity is generated once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from provenance.export.described import generators, sources, vocabulary
from provenance.export.interface import Gap
from provenance.export.prov_named import Named
from provenance.export.prov_records import Record, Value, derived, name
from provenance.export.prov_samples import Slice

if TYPE_CHECKING:
    from provenance.export.subject import Subject
    from provenance.export.totals import Amount


def gaps(subject: Subject) -> list[Gap]:
    """What PROV documents cannot say: nothing is asked for, and what is unknown is left out."""
    return []


def records(subject: Subject) -> Iterator[Record]:
    """All records, grouped by kind."""
    if subject.is_about_samples:
        samples = Slice(subject, subject.datasets[0])
        yield from samples.named.entities()
        yield from samples.entities()
        yield from samples.named.activities_and_agents()
        yield from samples.relations()
        return
    named = _named(subject)
    yield from named.entities()
    yield from named.activities_and_agents()
    yield from named.relations()
    yield from _relations_of_datasets(subject)


def _named(subject: Subject) -> Named:
    """What the datasets go back to, with rows."""
    known = vocabulary(subject)
    return Named(
        datasets=subject.datasets,
        vocabulary=known,
        activities=sorted(known.activities.items(), key=lambda item: (str(item[1].started or ""), item[0])),
        sources=[(used.source, _rows(used.reached)) for used in sources(subject)],
        agents=[
            (
                generator.agent,
                [
                    *(("dvcprov:license", each) for each in generator.licenses),
                    *(("dvcprov:outputTerms", each) for each in generator.output_terms),
                    *_rows(generator.reached),
                ],
            )
            for generator in generators(subject)
        ],
    )


def _rows(amount: Amount) -> list[tuple[str, Value]]:
    return [(f"dvcprov:{key}", value) for key, value in amount.members.items()]


def _relations_of_datasets(subject: Subject) -> Iterator[Record]:
    for dataset in subject.datasets:
        place = name("dataset", dataset.path)
        for agent in dataset.header.agents:
            yield Record("wasAttributedTo", None, (("entity", place), ("agent", name("agent", agent.id))))
    for dataset in subject.datasets:
        for source in dataset.header.sources:
            yield derived(name("dataset", dataset.path), name("source", source.id), "PrimarySource")
    # Which of its activities wrote the dataset itself is not recorded: rows pass through later stages unchanged.
    for dataset in subject.datasets:
        for activity in dataset.header.activities:
            influence = (
                ("influencee", name("dataset", dataset.path)),
                ("influencer", name("activity", activity.id)),
            )
            yield Record("wasInfluencedBy", None, influence)
