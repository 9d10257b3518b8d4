"""Walks and depths through models against plain recursion."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sidecars import sample
from support.trained import COUNT, MODELS, Trained, descendants, links_of, numbers_of, samples_of, trained

from provenance.ledger.graph.graph import UNKNOWN_DEPTH
from provenance.ledger.models.passages import depths, reached


def reached_plainly(stated: Trained, start: set[int]) -> tuple[set[int], set[str]]:
    lineage = stated.lineage
    found, models = descendants(lineage, start), set[str]()
    while True:
        now = {model for model in MODELS if stated.members(model) & found}
        generated = {n for n, each in lineage.items() if each["agent"] is not None and MODELS[each["agent"]] in now}
        further = descendants(lineage, found | generated)
        if (further, now) == (found, models):
            return found, models
        found, models = further, now


class Depths:
    """Depth by depth, as the definition says it."""

    def __init__(self, stated: Trained) -> None:
        self.stated = stated
        self.lineage = stated.lineage

    def of_sample(self, number: int) -> int | None:
        each = self.lineage[number]
        if each["origin"] in ("real", "unknown"):
            return 0 if each["origin"] == "real" else None
        above = [self.of_sample(parent) for parent in each["parents"]]
        if each["agent"] is not None:
            above.append(self.of_training(MODELS[each["agent"]]))
        elif not above:
            return None
        return None if None in above else max(filter(None, above), default=0) + (each["agent"] is not None)

    def of_training(self, model: str) -> int | None:
        members = self.stated.members(model)
        if self.stated.is_gone(model) or (members and model in self.stated.ancestry(model)):
            return None
        depths_of_members = [self.of_sample(number) for number in members]
        return None if None in depths_of_members else max(filter(None, depths_of_members), default=0)


@settings(max_examples=30, deadline=None)
@given(stated=trained(), start=st.sets(st.integers(0, COUNT - 1), min_size=1, max_size=2))
def test_what_is_reached_is_what_following_each_step_reaches(stated: Trained, start: set[int]) -> None:
    start &= set(stated.lineage)
    expected, models = reached_plainly(stated, start)
    with links_of(stated) as links:
        found = reached(links, numbers_of(links.graph, start))
        assert samples_of(links.graph, found.direct) == descendants(stated.lineage, start)
        assert samples_of(links.graph, found.through_models) == expected - descendants(stated.lineage, start)
    assert {passage.model: passage.training_samples for passage in found.passages} == {
        model: len(stated.members(model) & expected) for model in models
    }
    generated = {MODELS[each["agent"]]: 0 for each in stated.lineage.values() if each["agent"] is not None}
    for each in stated.lineage.values():
        if each["agent"] is not None:
            generated[MODELS[each["agent"]]] += 1
    assert all(passage.generated == generated.get(passage.model, 0) for passage in found.passages)


@settings(max_examples=30, deadline=None)
@given(stated=trained())
def test_depth_is_one_more_than_that_of_parents_and_of_training_data(stated: Trained) -> None:
    plainly = Depths(stated)
    with links_of(stated) as links:
        found = depths(links)
        numbers = dict(zip(links.graph.ids(np.arange(links.graph.size)), found.tolist(), strict=True))
    unknown = int(UNKNOWN_DEPTH)
    expected = {sample(number): plainly.of_sample(number) for number in stated.lineage}
    assert numbers == {each: unknown if depth is None else depth for each, depth in expected.items()}
