from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.graphs import COUNT, Parents, graphs, reached, sidecars, turned
from support.sidecars import ledger_of, record, sample, write

from provenance.ledger.impact import impact
from provenance.ledger.walks import Direction, trace
from provenance.repository import Repository


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    graph=graphs(),
    cut=st.integers(0, COUNT),
    start=st.integers(0, COUNT - 1),
    depth=st.none() | st.integers(1, 3),
    direction=st.sampled_from(Direction),
)
def test_a_walk_reaches_what_recursion_reaches(
    repository: Repository, graph: Parents, cut: int, start: int, depth: int | None, direction: Direction
) -> None:
    followed = graph if direction is Direction.ANCESTORS else turned(graph)
    expected = reached(followed, {start}, depth)
    with TemporaryDirectory() as folder, ledger_of(repository, *sidecars(Path(folder), graph, cut)) as ledger:
        walk = trace(ledger.models, sample(start), direction, depth)
    assert walk.nodes[0].sample_id == sample(start)
    assert sorted(node.sample_id for node in walk.nodes) == sorted(map(sample, expected))
    assert {(edge.child, edge.parent) for edge in walk.edges} == {
        (sample(child), sample(parent)) for child in expected for parent in graph[child] & expected
    }
    assert len(walk.edges) == len(set(walk.edges))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs(), cut=st.integers(0, COUNT), start=st.sets(st.integers(0, COUNT - 1), min_size=1, max_size=3))
def test_impact_counts_what_recursion_counts(repository: Repository, graph: Parents, cut: int, start: set[int]) -> None:
    affected = reached(turned(graph), start, None)
    with TemporaryDirectory() as folder, ledger_of(repository, *sidecars(Path(folder), graph, cut)) as ledger:
        found = impact(ledger, [f"sample:{sample(number)}" for number in start])
        ids = list(found.affected)
    assert (found.selected, found.descendants) == (len(start), len(affected - start))
    assert ids == sorted(map(sample, affected))
    assert [(d.path, d.rows, d.affected_rows) for d in found.datasets] == [
        ("a.jsonl", cut, len({n for n in affected if n < cut})),
        ("b.jsonl", COUNT - cut, len({n for n in affected if n >= cut})),
    ]


def test_an_inferred_parent_is_a_candidate_and_not_walked(repository: Repository, tmp_path: Path) -> None:
    records = [record(sample(1)), record(sample(2), parents=[sample(1)], evidence="inferred")]
    with ledger_of(repository, write(tmp_path, "a.jsonl", records)) as ledger:
        for start, direction in ((2, Direction.ANCESTORS), (1, Direction.DESCENDANTS)):
            walk = trace(ledger.models, sample(start), direction)
            assert [node.sample_id for node in walk.nodes] == [sample(start)]
            assert walk.edges == ()


def test_roles_are_kept_and_a_long_chain_is_walked_to_its_end(repository: Repository, tmp_path: Path) -> None:
    length = 60
    records = [record(sample(0))]
    records += [
        record(sample(n), parents=[sample(n - 1)], parent_roles=["draft" if n % 2 else None]) for n in range(1, length)
    ]
    with ledger_of(repository, write(tmp_path, "a.jsonl", records)) as ledger:
        walk = trace(ledger.models, sample(length - 1), Direction.ANCESTORS)
    assert [node.sample_id for node in walk.nodes] == [sample(n) for n in reversed(range(length))]
    assert {edge.role for edge in walk.edges} == {"draft", None}
