from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.graphs import COUNT, Parents, acyclic_graphs, graphs, reached, turned

from provenance.ledger.graph import adjacency
from provenance.ledger.graph.adjacency import Adjacency, levels, merged, narrowed, offsets_of, ranges


def as_adjacency(graph: Parents) -> Adjacency:
    targets = [parent for number in range(COUNT) for parent in sorted(graph[number])]
    return Adjacency(offsets_of(np.array([len(graph[n]) for n in range(COUNT)])), np.array(targets, np.uint32))


@given(graphs(), st.sets(st.integers(0, COUNT - 1)), st.none() | st.integers(0, 3))
def test_a_walk_gives_each_sample_once_at_its_distance(graph: Parents, start: set[int], depth: int | None) -> None:
    distances = list(as_adjacency(graph).walk(np.array(sorted(start), np.int64), depth))
    for distance, found in enumerate(distances):
        expected = reached(graph, start, distance) - (reached(graph, start, distance - 1) if distance else set())
        assert found.tolist() == sorted(expected)
    assert {number for found in distances for number in found.tolist()} == reached(graph, start, depth)


@pytest.mark.parametrize("dense", [1, 10**9])
@given(graph=graphs())
def test_few_and_many_edges_are_walked_alike(graph: Parents, dense: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adjacency, "_DENSE", dense)
        walked = list(as_adjacency(graph).walk(np.array([0])))
        found = np.concatenate(walked)
        assert merged(walked, COUNT).tolist() == sorted(found.tolist())
        everything = list(as_adjacency(graph).walk(np.arange(COUNT)[::-1]))
        assert [level.tolist() for level in everything] == [list(range(COUNT))]
        level = levels(as_adjacency(graph), as_adjacency(graph).transposed())
    assert sorted(found.tolist()) == sorted(reached(graph, {0}, None))
    assert level.tolist() == levels(as_adjacency(graph), as_adjacency(graph).transposed()).tolist()


@given(graph=graphs())
def test_some_samples_at_a_time_are_walked_like_all(graph: Parents) -> None:
    everything = as_adjacency(graph)
    whole = [level.tolist() for level in everything.walk(np.arange(0, COUNT, 2))]
    turned, level = everything.transposed(), levels(everything, everything.transposed())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adjacency, "_SAMPLES_AT_ONCE", 2)
        assert [level.tolist() for level in everything.walk(np.arange(0, COUNT, 2))] == whole
        assert everything.transposed().targets.tolist() == turned.targets.tolist()
        assert levels(everything, turned).tolist() == level.tolist()


@given(graphs())
def test_the_other_direction_is_turned(graph: Parents) -> None:
    other, expected = as_adjacency(graph).transposed(), turned(graph)
    for number in range(COUNT):
        assert other.next_to(np.array([number])).tolist() == sorted(expected[number])


@given(acyclic_graphs())
def test_a_level_is_the_longest_way_from_a_root(graph: Parents) -> None:
    expected: list[int] = []
    for number in range(COUNT):
        expected.append(max((expected[parent] + 1 for parent in graph[number]), default=0))
    assert levels(as_adjacency(graph), as_adjacency(graph).transposed()).tolist() == expected


def test_what_goes_in_circles_comes_last() -> None:
    graph: Parents = {n: set() for n in range(COUNT)} | {1: {0}, 2: {3}, 3: {2}, 4: {3}}
    level = levels(as_adjacency(graph), as_adjacency(graph).transposed()).tolist()
    assert [level[n] for n in (0, 1, 2, 3, 4)] == [0, 1, 2, 2, 2]


def test_ranges_follow_each_other() -> None:
    assert ranges(np.array([5, 9, 2]), np.array([2, 0, 3])).tolist() == [5, 6, 2, 3, 4]
    assert ranges(np.array([], np.int64), np.array([], np.int64)).tolist() == []


@pytest.mark.parametrize(("greatest", "kind"), [(0, "u1"), (255, "u1"), (256, "u2"), (2**32, "u8")])
def test_numbers_take_the_smallest_type_that_holds_them(greatest: int, kind: str) -> None:
    assert narrowed(np.array([0, greatest])).dtype == np.dtype(kind)
