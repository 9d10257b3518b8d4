"""The activities, agents, plans and sources that records refer to, gathered from several sidecars."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from provenance.lineage.records import Activity, Agent, Header, Plan, Source

Description = TypeVar("Description", Activity, Agent, Plan, Source)

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass
class Vocabulary:
    """Descriptions by content id, in the order in which they came; an activity's number is its place in that order."""

    activities: dict[str, Activity] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)

    def add(
        self,
        activities: Iterable[Activity] = (),
        agents: Iterable[Agent] = (),
        plans: Iterable[Plan] = (),
        sources: Iterable[Source] = (),
    ) -> None:
        """Take in descriptions; one that is already known changes nothing."""
        _take_in(self.activities, activities)
        _take_in(self.agents, agents)
        _take_in(self.plans, plans)
        _take_in(self.sources, sources)

    def add_header(self, header: Header) -> None:
        """Take in all that a sidecar's header describes."""
        self.add(header.activities, header.agents, header.plans, header.sources)

    def only(self, numbers: Iterable[int], agents: Iterable[int], sources: Iterable[int]) -> Vocabulary:
        """What the activities, agents and sources with these numbers need; activities by start, then by id.

        The order does not depend on the order in which sidecars were read, so that the same records give the same file.
        """
        everything = list(self.activities.values())
        used = sorted({number: everything[number] for number in numbers}.values(), key=_by_start)
        agent_ids = {a.agent for a in used if a.agent} | {list(self.agents)[n] for n in agents}
        source_ids = {a.source for a in used if a.source} | {list(self.sources)[n] for n in sources}
        plan_ids = {a.plan for a in used if a.plan}
        chosen = Vocabulary()
        chosen.add(
            used,
            (self.agents[i] for i in sorted(agent_ids)),
            (self.plans[i] for i in sorted(plan_ids)),
            (self.sources[i] for i in sorted(source_ids)),
        )
        return chosen


def _take_in(known: dict[str, Description], new: Iterable[Description]) -> None:
    for description in new:
        known.setdefault(description.id, description)


def _by_start(activity: Activity) -> tuple[datetime, str]:
    return (activity.started or _NEVER, activity.id)
