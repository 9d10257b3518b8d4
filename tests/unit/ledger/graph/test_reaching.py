"""How many rows something reaches, where samples were born in several ways, against a truth that no sidecar knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.born import Born, narrowest
from support.sidecars import Words, ledger_of, record, sample, write

from provenance.ledger.graph.reaching import Selection
from provenance.ledger.reached import Reached, ReachedRows
from provenance.ledger.selectors import select
from provenance.lineage.records import Activity, ActivityType, Agent
from provenance.repository import Repository

AGENTS = (Agent(name="m0"), Agent(name="m1"))
WORDS = Words(tuple(Activity(type=ActivityType.GENERATION, agent=agent.id) for agent in AGENTS), AGENTS)
COUNT = 5


@dataclass(frozen=True)
class Birth:
    """A way in which a sample came to be: by model number ``agent``, from samples of lower numbers."""

    agent: int
    parents: tuple[int, ...]


@dataclass(frozen=True)
class Dataset:
    """For each sample: the births that its sidecar knows, and what is known of its rows.

    ``made_from``, which no sidecar says: the birth of each parent that a birth of a sample really came from.
    """

    births: Mapping[int, Sequence[Birth]]
    rows: Mapping[int, Born]
    made_from: Mapping[tuple[int, Birth], Mapping[int, Birth]]

    def truly_reached(self, number: int, birth: Birth, agent: int | None, named: int | None) -> bool:
        return (
            birth.agent == agent
            or number == named
            or any(
                self.truly_reached(parent, born, agent, named) for parent, born in self.made_from[number, birth].items()
            )
        )

    def truth(self, agent: int | None, named: int | None) -> int:
        return sum(
            rows
            for number, known in self.rows.items()
            for birth, rows in zip(self.births[number], known.truth, strict=True)
            if self.truly_reached(number, birth, agent, named)
        )

    def records(self) -> list[dict[str, Any]]:
        return [
            record(
                sample(number),
                origin="synthetic",
                activity=birth.agent,
                agent=birth.agent,
                parents=[sample(parent) for parent in birth.parents],
                **counted,
            )
            for number, births in self.births.items()
            for birth, counted in zip(births, self.rows[number].records(), strict=True)
        ]


@st.composite
def datasets(draw: st.DrawFn, everything: Mapping[int, Sequence[Birth]]) -> Dataset:
    births = {
        number: draw(st.lists(st.sampled_from(known), min_size=1, unique=True)) for number, known in everything.items()
    }
    rows = {}
    for number, known in births.items():
        truth = [draw(st.integers(0, 2)) for _ in known]
        between = [(draw(st.integers(0, n)), n + draw(st.integers(0, 1))) for n in truth]
        rows[number] = narrowest(truth, between)
    made_from = {
        (number, birth): {parent: draw(st.sampled_from(births[parent])) for parent in birth.parents}
        for number, known in births.items()
        for birth in known
    }
    return Dataset(births, rows, made_from)


@st.composite
def several(draw: st.DrawFn) -> list[Dataset]:
    everything = {
        number: draw(
            st.lists(
                st.builds(
                    Birth,
                    st.integers(0, 1),
                    st.sets(st.integers(0, number - 1), max_size=2).map(lambda found: tuple(sorted(found)))
                    if number
                    else st.just(()),
                ),
                min_size=1,
                max_size=3,
                unique=True,
            )
        )
        for number in range(COUNT)
    }
    return draw(st.lists(datasets(everything), min_size=1, max_size=2))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(several(), st.none() | st.integers(0, 1), st.integers(0, COUNT - 1))
def test_bounds_hold_the_truth_and_meet_where_each_sample_has_one_birth(
    repository: Repository, drawn: list[Dataset], agent: int | None, named: int
) -> None:
    with TemporaryDirectory() as folder:
        paths = [write(Path(folder), f"{n}.jsonl", each.records(), WORDS) for n, each in enumerate(drawn)]
        with ledger_of(repository, *paths) as ledger:
            selector = f"sample:{sample(named)}" if agent is None else f"model:m{agent}"
            if agent is not None and not any(
                birth.agent == agent for each in drawn for b in each.births.values() for birth in b
            ):
                return
            reached = Reached.by(ledger.models, select(ledger, [selector]))
            found = [reached.rows(place) for place in range(len(drawn))]
            occurring = [ledger.occurrences(sample(number)) for number in range(COUNT)]
    every = [{birth for each in drawn for birth in each.births[number]} for number in range(COUNT)]
    for each, rows in zip(drawn, found, strict=True):
        truth = each.truth(agent, named if agent is None else None)
        assert rows.certain_direct <= truth <= rows.direct
        assert rows.through_models == rows.certain_through_models == 0
        if all(len(births) == 1 for births in every):
            assert rows.certain_direct == truth == rows.direct
    for number, found_in in enumerate(occurring):
        assert sum(occurrence.rows for occurrence in found_in) == sum(each.rows[number].rows for each in drawn)


def reached_by_model(repository: Repository, folder: Path, *datasets: list[dict[str, Any]]) -> list[ReachedRows]:
    paths = [write(folder, f"{n}.jsonl", records, WORDS) for n, records in enumerate(datasets)]
    with ledger_of(repository, *paths) as ledger:
        reached = Reached.by(ledger.models, select(ledger, ["model:m0"]))
        return [reached.rows(place) for place in range(len(paths))]


BY_M0: dict[str, Any] = {"activity": 0, "agent": 0, "origin": "synthetic"}
BY_M1: dict[str, Any] = {"activity": 1, "agent": 1, "origin": "synthetic"}


def test_rows_of_one_sample_are_told_apart(repository: Repository, tmp_path: Path) -> None:
    """Two rows of m0, three of m1, and one that may be of either."""
    records = [
        record(sample(1), 2, possible_rows=1, ambiguous_rows=1, **BY_M0),
        record(sample(1), 3, possible_rows=1, **BY_M1),
    ]
    assert reached_by_model(repository, tmp_path, records) == [ReachedRows(3, 0, 2, 0)]


def test_an_equal_text_that_another_dataset_knows_to_be_otherwise_born_is_not_reached(
    repository: Repository, tmp_path: Path
) -> None:
    here, there = [record(sample(1), 2, **BY_M0)], [record(sample(1), 5, **BY_M1)]
    assert reached_by_model(repository, tmp_path, here, there) == [ReachedRows(2, 0, 2, 0), ReachedRows(0, 0, 0, 0)]


def test_where_a_dataset_knows_no_birth_those_that_others_know_may_be_meant(
    repository: Repository, tmp_path: Path
) -> None:
    here, there = [record(sample(1), 2, **BY_M0)], [record(sample(1), 5, origin="unknown", evidence=None)]
    assert reached_by_model(repository, tmp_path, here, there) == [ReachedRows(2, 0, 2, 0), ReachedRows(5, 0, 0, 0)]


def test_what_others_know_is_not_certainly_of_unknown_origin(repository: Repository, tmp_path: Path) -> None:
    unknown: dict[str, Any] = {"origin": "unknown", "evidence": None}
    here = [record(sample(1), 5, **unknown), record(sample(2), 1, **unknown)]
    paths = [write(tmp_path, "here", here, WORDS), write(tmp_path, "there", [record(sample(1), 2, **BY_M0)], WORDS)]
    with ledger_of(repository, *paths) as ledger:
        reached = Reached.by(ledger.models, select(ledger, ["origin:unknown"]))
        assert [reached.rows(place) for place in range(2)] == [ReachedRows(1, 0, 1, 0), ReachedRows(0, 0, 0, 0)]


def test_what_came_of_a_sample_of_several_births_may_have_come_of_each(repository: Repository, tmp_path: Path) -> None:
    parents = [record(sample(1), 0, **BY_M0), record(sample(1), 0, **BY_M1)]
    twice = [record(sample(2), 0, **BY_M0), record(sample(2), 0, **BY_M0, seed=1)]
    child = record(sample(3), 1, parents=[sample(1)], **BY_M1)
    certain = record(sample(4), 1, parents=[sample(2)], **BY_M1)
    assert reached_by_model(repository, tmp_path, [*parents, *twice, child, certain]) == [ReachedRows(2, 0, 1, 0)]


def test_nothing_is_reached_of_no_samples(repository: Repository, tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", [record(sample(1), 2, **BY_M0)], WORDS)
    with ledger_of(repository, path) as ledger:
        nothing = Selection.of_samples(ledger.graph, np.empty(0, np.int64))
        assert Reached.by(ledger.models, nothing).rows(0) == ReachedRows(0, 0, 0, 0)
