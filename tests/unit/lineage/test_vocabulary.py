from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from provenance.lineage.records import Activity, ActivityType, Agent, Plan, Source
from provenance.lineage.vocabulary import Vocabulary


def activity(hour: int, **described: Any) -> Activity:
    return Activity(type=ActivityType.GENERATION, started=datetime(2026, 1, 1, hour, tzinfo=UTC), **described)


def test_the_same_description_is_one() -> None:
    vocabulary = Vocabulary()
    vocabulary.add([activity(2), activity(1), activity(2)])
    assert list(vocabulary.activities.values()) == [activity(2), activity(1)]


def test_only_what_is_used_in_an_order_of_its_own() -> None:
    writer, reader = Agent(name="writer"), Agent(name="reader")
    plan, source = Plan(name="p", template="{x}"), Source(name="s")
    late, early = activity(9, agent=writer.id, plan=plan.id), activity(3)
    vocabulary = Vocabulary()
    vocabulary.add([late, early, activity(5)], [writer, reader], [plan, Plan(name="q", template="")], [source])
    used = vocabulary.only([0, 1], [], [0])
    assert list(used.activities.values()) == [early, late]
    assert list(used.agents.values()) == [writer]
    assert list(used.plans.values()) == [plan]
    assert list(used.sources.values()) == [source]


def test_an_id_depends_on_every_detail_but_not_on_what_is_left_out() -> None:
    assert Agent(name="a").id == Agent(name="a", revision=None).id
    assert Agent(name="a").id != Agent(name="a", revision="1").id
    assert len(Agent(name="a").id) == 16
