from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.graphs import COUNT, Parents, acyclic_graphs, graphs, reached, sidecars
from support.sidecars import Words, ledger_of, record, sample, write

from provenance.ledger.graph.graph import NOT_KNOWN, NOT_ROOTED, ROOTED, UNKNOWN_DEPTH, Direction
from provenance.ledger.graph.reaching import Selection
from provenance.ledger.reached import Reached, ReachedRows
from provenance.lineage.records import Activity, ActivityType
from provenance.repository import Repository

MADE = Activity(type=ActivityType.GENERATION)
TIDIED = Activity(type=ActivityType.DERIVATION)
OFTEN = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@OFTEN
@given(graph=graphs(), cut=st.integers(0, COUNT))
def test_samples_of_several_sidecars_are_one_and_keep_their_rows(
    repository: Repository, graph: Parents, cut: int
) -> None:
    with TemporaryDirectory() as folder, ledger_of(repository, *sidecars(Path(folder), graph, cut)) as ledger:
        found = ledger.graph
        assert found.size == COUNT
        numbers = found.numbers(map(sample, range(COUNT)))
        assert sorted(numbers.tolist()) == list(range(COUNT))
        assert found.ids(numbers) == [sample(n) for n in range(COUNT)]
        assert found.numbers_of_bytes(found.ids_as_bytes(numbers)).tolist() == numbers.tolist()
        assert found.numbers([sample(COUNT)]).tolist() == [-1]
        for number in range(COUNT):
            parents = found.parents.next_to(numbers[number : number + 1])
            assert set(found.ids(parents)) == {sample(parent) for parent in graph[number]}
            assert found.rows_of(int(numbers[number])) == [int(number < cut), int(number >= cut)]


@OFTEN
@given(
    graph=acyclic_graphs(),
    origins=st.lists(st.sampled_from(["real", "synthetic", "unknown"]), min_size=COUNT, max_size=COUNT),
    made=st.lists(st.booleans(), min_size=COUNT, max_size=COUNT),
)
def test_depth_and_real_roots_follow_from_parents(
    repository: Repository, graph: Parents, origins: list[str], made: list[bool]
) -> None:
    """A plain recursion over the specification's rules; what has parents is not collected."""
    origin = [o if not graph[n] else ("unknown" if o == "unknown" else "synthetic") for n, o in enumerate(origins)]
    depth: list[float] = []
    rooted: list[bool | None] = []
    for n in range(COUNT):
        above = [depth[p] for p in graph[n]]
        root = {"real": 0.0, "synthetic": 1.0, "unknown": math.inf}[origin[n]]
        depth.append(math.inf if origin[n] == "unknown" else max(above) + made[n] if above else root)
        known = [rooted[p] for p in graph[n]]
        of_root = {"real": True, "synthetic": False, "unknown": None}[origin[n]]
        rooted.append((True if True in known else None if None in known else False) if known else of_root)
    records = [
        record(sample(n), origin=origin[n], activity=int(not made[n]), parents=[sample(p) for p in graph[n]])
        for n in range(COUNT)
    ]
    with (
        TemporaryDirectory() as folder,
        ledger_of(repository, write(Path(folder), "a.jsonl", records, Words((MADE, TIDIED)))) as ledger,
    ):
        numbers = ledger.graph.numbers(map(sample, range(COUNT)))
        depths, roots = ledger.graph.depths[numbers].tolist(), ledger.graph.real_rooted[numbers].tolist()
    assert depths == [int(UNKNOWN_DEPTH) if d == math.inf else d for d in depth]
    named = {True: int(ROOTED), False: int(NOT_ROOTED), None: int(NOT_KNOWN)}
    assert roots == [named[each] for each in rooted]


@OFTEN
@given(graph=acyclic_graphs(), start=st.sets(st.integers(0, COUNT - 1), min_size=1))
def test_roots_are_the_ancestors_without_parents(repository: Repository, graph: Parents, start: set[int]) -> None:
    with TemporaryDirectory() as folder, ledger_of(repository, *sidecars(Path(folder), graph, 5)) as ledger:
        found = ledger.graph
        numbers = found.numbers(map(sample, start))
        ancestors = reached(graph, start, None)
        assert set(found.ids(found.reached(numbers, Direction.ANCESTORS))) == set(map(sample, ancestors))
        assert set(found.ids(found.roots(numbers))) == {sample(n) for n in ancestors if not graph[n]}


def test_births_are_looked_for_in_every_birth_or_in_all(repository: Repository, tmp_path: Path) -> None:
    records = [
        record(sample(1)),
        record(sample(1), 0, origin="unknown", evidence=None),
        record(sample(2), origin="unknown", evidence=None),
        record(sample(3)),
    ]
    with ledger_of(repository, write(tmp_path, "a.jsonl", records)) as ledger:
        graph = ledger.graph
        some = graph.with_birth(lambda born: born.origin == "unknown")
        every = graph.with_birth(lambda born: born.origin == "unknown", every=True)
        assert set(graph.ids(some)) == {sample(1), sample(2)}
        assert graph.ids(every) == [sample(2)]
        assert graph.with_birth(lambda born: born.origin == "mixed").tolist() == []
        assert graph.born(int(graph.numbers([sample(1)])[0])).origin == "real"


def test_a_graph_without_samples_answers(repository: Repository, tmp_path: Path) -> None:
    for paths in ((), (write(tmp_path, "a.jsonl", []), write(tmp_path, "b.jsonl", []))):
        with ledger_of(repository, *paths) as ledger:
            graph = ledger.graph
            assert (graph.size, graph.beginning_with("00", 5)) == (0, [])
            reached = Reached.by(ledger.models, Selection.of_samples(graph, np.empty(0, np.int64)))
            assert [reached.rows(place) for place in range(len(paths))] == [ReachedRows(0, 0, 0, 0)] * len(paths)
            assert graph.numbers([sample(1)]).tolist() == [-1]
            assert graph.depths.tolist() == graph.real_rooted.tolist() == []
