from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.lineages import WORDS, ancestors, lineages, records_of
from support.sidecars import record, sample, write

from provenance.ledger.graph.carrying import carried, inherited
from provenance.ledger.graph.graph import Graph
from provenance.ledger.graph.opening import open_graph
from provenance.ledger.graph.segments import IndexedSidecar
from provenance.ledger.graph.store import Store


def graph_of(folder: Path, *datasets: list[dict[str, Any]]) -> Graph:
    """The graph of datasets with these records; each is known by a digest that no other has."""
    sidecars = []
    for number, records in enumerate(datasets):
        path = write(folder, f"{number}.jsonl", records, WORDS)
        sidecars.append(IndexedSidecar(f"{number}.jsonl", path, f"{hash(path.read_bytes()):x}"))
    return open_graph(Store(folder / "graph"), sidecars)


def marks_of_origins(graph: Graph) -> Any:
    """A bit for each origin."""
    origins = ["real", "synthetic", "mixed", "unknown"]
    return np.array([1 << origins.index(each.origin) for each in graph.classes], np.uint64)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(lineages(14), st.data())
def test_agrees_with_following_each_parent(tmp_path: Path, stated: list[dict[str, Any]], data: st.DataObject) -> None:
    graph = graph_of(tmp_path, records_of(stated))
    numbers = graph.numbers(sample(number) for number in range(len(stated)))
    marks = carried(graph, marks_of_origins(graph))
    of_ancestors = inherited(graph, marks, numbers)
    origins = ["real", "synthetic", "mixed", "unknown"]
    for number, place in enumerate(numbers.tolist()):
        above = {stated[one]["origin"] for one in ancestors(stated, number)}
        expected = sum(1 << origins.index(origin) for origin in above)
        own = 1 << origins.index(stated[number]["origin"])
        assert (int(of_ancestors[number]), int(marks[place])) == (expected, expected | own)


def test_a_sample_that_was_born_twice_has_the_marks_of_both_births(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        [
            record(sample(1), 1, origin="real"),
            record(sample(1), 0, origin="synthetic"),
            record(sample(2), 1, origin="mixed", parents=[sample(1)]),
        ],
    )
    marks = carried(graph, marks_of_origins(graph))
    assert marks[graph.numbers([sample(1), sample(2)])].tolist() == [0b011, 0b111]


def test_sidecars_that_contradict_each_other_in_a_circle_do_not_hold_it_up(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        [record(sample(1), 1, origin="real", parents=[sample(2)]), record(sample(2), 0, origin="synthetic")],
        [record(sample(2), 1, origin="synthetic", parents=[sample(3)]), record(sample(3), 0, origin="mixed")],
        [record(sample(3), 1, origin="mixed", parents=[sample(1)]), record(sample(1), 0, origin="real")],
    )
    marks = carried(graph, marks_of_origins(graph))
    assert marks.tolist() == [0b111] * 3
    assert inherited(graph, marks, np.arange(3)).tolist() == [0b111] * 3


def test_nothing_carries_nothing(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, [])
    assert carried(graph, marks_of_origins(graph)).tolist() == []
