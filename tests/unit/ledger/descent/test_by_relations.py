"""What came of samples, as relations answer it and as the index does: the same on random lineages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.descents import DATASETS, QUESTIONS, SAMPLES, Written, graphs, id_of, told, write_all
from support.relations import duckdb_relations

from provenance.ledger.descent.by_graph import GraphDescent
from provenance.ledger.descent.by_relations import RelationalDescent
from provenance.ledger.graph.opening import open_graph
from provenance.ledger.graph.store import Store
from provenance.ledger.models.links import ModelLinks
from provenance.lineage.sidecar import open_sidecar


def by_graph(folder: Path, written: Written) -> GraphDescent:
    graph = open_graph(Store(folder / "graph"), written.sidecars)
    return GraphDescent(ModelLinks(graph, written.register), len(DATASETS))


@contextmanager
def by_relations(folder: Path, written: Written) -> Iterator[RelationalDescent]:
    files = [open_sidecar(each.file) for each in written.sidecars if each.file]
    with duckdb_relations(folder) as relations:
        digests = [each.digest for each in written.sidecars]
        yield RelationalDescent(relations, files, len(DATASETS), digests, written.register)


@pytest.mark.parametrize("seed", range(4))
def test_every_question_has_the_same_answer(tmp_path: Path, seed: int) -> None:
    written = write_all(tmp_path, graphs(seed, 60))
    expected = by_graph(tmp_path, written)
    with by_relations(tmp_path, written) as found:
        assert set(found.classes) == set(expected.classes)
        for name, asked in QUESTIONS.items():
            assert told(found.came_of(asked)) == told(expected.came_of(asked)), name


def test_samples_are_found_by_the_beginning_of_their_ids(tmp_path: Path) -> None:
    written = write_all(tmp_path, graphs(0, 20))
    expected = by_graph(tmp_path, written)
    ids = [id_of(graph, number) for graph in range(21) for number in range(SAMPLES)]
    with by_relations(tmp_path, written) as found:
        for prefix in ("f", "ff", *(each[:3] for each in ids[:9]), *ids[:5], ids[-1]):
            assert found.beginning_with(prefix, 5) == expected.beginning_with(prefix, 5), prefix
        for sample_id in ids:
            assert dict(found.rows_of(sample_id)) == dict(expected.rows_of(sample_id))
