"""What rows go back to where they, or their ancestors, may have been born in several ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.lineages import WORDS
from support.several_births import Sample, assignments, divided, records_of, rows_of
from support.sidecars import ledger_of, record, sample, write

from provenance.ledger.composition.ancestry import GoingBack, Members, going_back
from provenance.ledger.graph.births import BirthClass
from provenance.ledger.part import Part
from provenance.repository import Repository


@st.composite
def ancestries(draw: st.DrawFn) -> list[Sample]:
    """Samples 0, 1, …, with one or two births each, which name parents by their numbers."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        parents = st.lists(st.integers(0, number - 1), max_size=2, unique=True) if number else st.just([])
        birth = st.fixed_dictionaries({"agent": st.sampled_from([None, 0, 1]), "parents": parents})
        births = draw(st.lists(birth, min_size=1, max_size=2))
        lows = [draw(st.integers(0, 2)) for _ in births]
        highs = [low + draw(st.integers(0, 2)) for low in lows]
        found.append(divided(births, lows, highs, draw(st.integers(sum(lows), sum(highs)))))
    return found


def agents_behind(births: Sequence[Mapping[str, Any]], birth: Mapping[str, Any], *, itself: bool) -> set[int]:
    """The agents of a birth and of its ancestors, of which each sample was born as ``births`` says."""
    own = {birth["agent"]} - {None} if itself else set()
    return own.union(*(agents_behind(births, births[parent], itself=True) for parent in birth["parents"]))


def truths(several: Sequence[Sample], agent: int, *, itself: bool) -> Iterator[int]:
    """How many rows go back to ``agent``, in each way in which samples and rows may have been born."""
    for births in product(*several):
        for division in product(*map(assignments, several)):
            yield sum(
                rows
                for its_births, its_rows in zip(several, division, strict=True)
                for birth, rows in zip(its_births, its_rows, strict=True)
                if agent in agents_behind(births, birth, itself=itself)
            )


def asked(repository: Repository, several: Sequence[Sample]) -> tuple[int, GoingBack]:
    named = [[{**each, "parents": [sample(parent) for parent in each["parents"]]} for each in born] for born in several]

    def names(born: BirthClass) -> Iterator[tuple[str, str]]:
        if born.agent is not None:
            yield "agents", str(born.agent)
            yield "ancestors", str(born.agent)

    with TemporaryDirectory() as folder:
        path = write(Path(folder), "mix.jsonl", records_of(named), WORDS)
        with ledger_of(repository, path) as ledger:
            members = Members.of(Part(ledger, ledger.recorded[0]))
            return members.total, going_back(members, names, strict=frozenset({"ancestors"}))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(ancestries())
def test_bounds_hold_of_whatever_births_rows_and_ancestors_had(repository: Repository, several: list[Sample]) -> None:
    total, found = asked(repository, several)
    assert total == sum(map(rows_of, several))
    numbers = {agent: WORDS.agents.index(each) for agent, each in enumerate(sorted(WORDS.agents, key=lambda a: a.id))}
    for number, agent in numbers.items():
        for group, itself in (("agents", True), ("ancestors", False)):
            reached = found.of(group, str(number))
            true = [*truths(several, agent, itself=itself)]
            assert reached.rows <= min(true) and max(true) <= reached.at_most_rows, (group, agent)
            if all(len(births) == 1 for births in several):
                assert reached.rows == reached.at_most_rows


def test_each_row_has_the_ancestors_of_its_own_birth(repository: Repository, tmp_path: Path) -> None:
    texts = [
        record(sample(1), 0, origin="synthetic", agent=0),
        record(sample(2), 0, origin="synthetic", agent=1),
        record(sample(3), 2, parents=[sample(1)]),
        record(sample(3), 1, parents=[sample(2)]),
    ]
    path = write(tmp_path, "mix.jsonl", texts, WORDS)

    def names(born: BirthClass) -> Iterator[tuple[str, str]]:
        if born.agent is not None:
            yield "agents", ledger.graph.descriptions.agents[born.agent]["label"]

    with ledger_of(repository, path) as ledger:
        found = going_back(Members.of(Part(ledger, ledger.recorded[0])), names)
    assert found.values("agents") == {
        "writer@1": {"rows": 2, "fraction": 2 / 3},
        "undisclosed": {"rows": 1, "fraction": 1 / 3},
    }
