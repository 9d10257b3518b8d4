from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lineages import WORDS, lineages, records_of
from support.sidecars import Words, ledger_of, record, sample, write

from provenance.errors import SidecarError
from provenance.ledger.graph.opening import open_graph, store_in
from provenance.ledger.graph.segments import IndexedSidecar
from provenance.lineage.records import Activity, ActivityType, Agent, Source
from provenance.repository import Repository

WRITER = Agent(name="writer", revision="1")
LIBRARY = Source(name="library", license="MIT")
COLLECTED = Activity(type=ActivityType.COLLECTION, source=LIBRARY.id)
MADE = Activity(type=ActivityType.GENERATION, agent=WRITER.id)


def test_numbers_of_descriptions_count_in_one_list(repository: Repository, tmp_path: Path) -> None:
    here = write(
        tmp_path, "a.jsonl", [record(sample(1), activity=0, source=0)], Words((COLLECTED,), (), (), (LIBRARY,))
    )
    there = write(
        tmp_path,
        "b.jsonl",
        [record(sample(1), 0, activity=1, source=0), record(sample(2), activity=0, agent=0, parents=[sample(1)])],
        Words((MADE, COLLECTED), (WRITER,), (), (LIBRARY,)),
    )
    with ledger_of(repository, here, there) as ledger:
        graph = ledger.graph
        first, second = (graph.born(int(number)) for number in graph.numbers([sample(1), sample(2)]))
        # The same birth in both sidecars is one class.
        assert len(graph.classes) == 2
        assert graph.descriptions.activities[first.activity or 0]["id"] == COLLECTED.id
        assert graph.descriptions.activities[second.activity or 0]["id"] == MADE.id
        assert (graph.model_of(second), graph.license_of(first)) == ("writer@1", "MIT")


def test_the_sidecar_that_knows_more_is_believed(repository: Repository, tmp_path: Path) -> None:
    unknown = write(tmp_path, "a.jsonl", [record(sample(1), origin="unknown", evidence=None, content_bytes=None)])
    known = write(tmp_path, "b.jsonl", [record(sample(1), 0, content_bytes=5)])
    for order in ((unknown, known), (known, unknown)):
        with ledger_of(repository, *order) as ledger:
            (number,) = ledger.graph.numbers([sample(1)]).tolist()
            assert ledger.graph.born(number).origin == "real"
            assert ledger.graph.content_bytes(number) == 5


def test_roles_of_two_sidecars_are_told_apart_and_the_same_one_is_not_repeated(
    repository: Repository, tmp_path: Path
) -> None:
    parents = [record(sample(1), 0), record(sample(2), 0)]
    here = record(sample(3), parents=[sample(1), sample(2)], parent_roles=["draft", None])
    there = record(sample(3), parents=[sample(1), sample(1)], parent_roles=["draft", "judge"])
    paths = [write(tmp_path, f"{n}.jsonl", [*parents, child]) for n, child in enumerate((here, there))]
    with ledger_of(repository, *paths) as ledger:
        graph = ledger.graph
        numbers = graph.numbers(map(sample, (1, 2, 3)))
        numbers.sort()
        _, named, roles = graph.edges_among(numbers)
        found = sorted((graph.ids(named[n : n + 1])[0], roles[n] or "") for n in range(len(roles)))
    assert found == sorted([(sample(1), "draft"), (sample(1), "judge"), (sample(2), "")])


def test_the_same_sidecar_may_stand_at_two_paths(repository: Repository, tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", [record(sample(1))])
    with ledger_of(repository, path, path) as ledger:
        assert ledger.graph.rows_of(0) == [1, 1]


def test_what_another_revision_knows_of_a_dangling_parent_is_heard(tmp_path: Path) -> None:
    words = Words((MADE,), (WRITER,))
    dangling = record(sample(1), 0, origin="unknown", evidence=None, content_bytes=None)
    tombstone = record(sample(3), 0, activity=0, agent=0, origin="unknown", content_bytes=None)
    now = write(tmp_path, "now.jsonl", [record(sample(2), parents=[sample(1)]), dangling, tombstone], words)
    before = [record(sample(number), content_bytes=7) for number in (1, 2, 3)]
    then = write(tmp_path, "then.jsonl", before)
    store = store_in(tmp_path / "tmp")
    graph = open_graph(store, [IndexedSidecar("now.jsonl", now, "a"), IndexedSidecar("then.jsonl", then, "b", True)])
    first, second, third = graph.numbers(map(sample, (1, 2, 3))).tolist()
    # Of the two that this revision says something of, the other one's records do not count.
    assert [graph.born(number).origin for number in (first, second, third)] == ["real", "synthetic", "unknown"]
    assert second not in graph.with_birth(lambda born: born.origin == "real")
    assert graph.content_bytes(first) == 7


@settings(deadline=None, max_examples=25)
@given(versions=st.lists(lineages(), min_size=1, max_size=3), additional=st.booleans())
def test_pieces_of_the_samples_give_the_graph_of_all(versions: list[list[dict[str, Any]]], additional: bool) -> None:
    """Datasets share samples, and say different things of them."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        paths = [write(folder, f"{n}.jsonl", records_of(each), WORDS) for n, each in enumerate(versions)]
        sidecars = [IndexedSidecar(path.name, path, str(n), additional and n > 0) for n, path in enumerate(paths)]
        whole = _written(folder / "whole", sidecars)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("provenance.ledger.graph.adjacency._SAMPLES_AT_ONCE", 2)
            assert _written(folder / "pieces", sidecars) == whole


def _written(folder: Path, sidecars: Sequence[IndexedSidecar]) -> dict[str, bytes]:
    """The arrays of the graph, by their names."""
    open_graph(store_in(folder), sidecars)
    (made,) = (folder / "graph").glob("graph-*")
    return {file.name: file.read_bytes() for file in made.iterdir() if file.suffix != ".json"}


def test_more_samples_than_numbers_are_refused(tmp_path: Path) -> None:
    """Also where no single dataset has too many, and before any number is used twice."""
    paths = [write(tmp_path, f"{n}.jsonl", [record(sample(2 * n + each)) for each in (0, 1)]) for n in (0, 1)]
    sidecars = [IndexedSidecar(path.name, path, path.name) for path in paths]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("provenance.ledger.graph.identifiers.MOST_NUMBERS", 3)
        with pytest.raises(
            SidecarError, match="all datasets together: 4 samples, and the graph index numbers at most 3"
        ):
            open_graph(store_in(tmp_path / "tmp"), sidecars)
        assert [*(tmp_path / "tmp/graph").glob("graph-*")] == []
