from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.contents import digest
from support.sidecars import record, sample, write

from provenance.errors import SidecarError
from provenance.ledger.graph.opening import clean, find_graph, open_graph, store_in
from provenance.ledger.graph.segments import IndexedSidecar


@pytest.fixture
def sidecars(tmp_path: Path) -> list[IndexedSidecar]:
    """Of three datasets; sample 1 is in each of them."""
    found = []
    for number, name in enumerate(("a.jsonl", "b.jsonl", "c.jsonl")):
        records = [record(sample(1)), *([record(sample(2 + number), parents=[sample(1)])] if number else [])]
        path = write(tmp_path, name, records)
        found.append(IndexedSidecar(name, path, digest(path.read_bytes())))
    return found


@pytest.fixture
def read() -> list[str]:
    return []


@pytest.fixture
def progress_of(read: list[str]) -> Callable[[str], Callable[[int], None]]:
    """Notes what is read."""

    def start(path: str) -> Callable[[int], None]:
        return lambda rows: read.append(f"{path}: {rows}")

    return start


def test_only_sidecars_that_no_graph_had_are_read(
    tmp_path: Path,
    sidecars: list[IndexedSidecar],
    read: list[str],
    progress_of: Callable[[str], Callable[[int], None]],
) -> None:
    store = store_in(tmp_path / "tmp")
    assert find_graph(store, sidecars[:2]) is None
    open_graph(store, sidecars[:2], progress_of)
    assert read == ["indexing a.jsonl: 1", "indexing b.jsonl: 2"]
    open_graph(store, sidecars[:2], progress_of)
    assert len(read) == 2
    graph = open_graph(store, sidecars, progress_of)
    assert read[2:] == ["indexing c.jsonl: 2"]
    assert [dataset.path for dataset in graph.datasets] == ["a.jsonl", "b.jsonl", "c.jsonl"]
    assert graph.size == 3


def test_what_is_deleted_or_damaged_is_built_again_with_the_same_answers(
    tmp_path: Path, sidecars: list[IndexedSidecar]
) -> None:
    store = store_in(tmp_path / "tmp")

    def answers() -> tuple[list[str], list[list[int]]]:
        graph = open_graph(store, sidecars)
        start = graph.numbers([sample(1)])
        children = graph.children.next_to(start)
        return sorted(graph.ids(children)), [graph.rows_of(child) for child in children.tolist()]

    expected = answers()
    shutil.rmtree(store.directory)
    assert answers() == expected
    for file in sorted(store.directory.rglob("*")):
        if file.is_file() and file.stat().st_size:
            content = file.read_bytes()
            file.write_bytes(bytes(byte ^ 255 for byte in content))
            assert answers() == expected
            assert find_graph(store, sidecars) is not None


def test_cleaning_leaves_what_the_graph_needs(tmp_path: Path, sidecars: list[IndexedSidecar]) -> None:
    store = store_in(tmp_path / "tmp")
    open_graph(store, sidecars)
    open_graph(store, sidecars[:1])
    removed = clean(store, sidecars[:1])
    assert removed.folders == 3
    assert find_graph(store, sidecars[:1]) is not None
    assert find_graph(store, sidecars) is None


def test_a_sidecar_whose_pages_are_damaged_is_a_sidecar_error(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", [record(f"{n * 7919:032x}") for n in range(5000)])
    content = bytearray(path.read_bytes())
    content[4:1000] = bytes(996)
    path.write_bytes(content)
    with pytest.raises(SidecarError, match="a sidecar cannot be read"):
        open_graph(store_in(tmp_path / "tmp"), [IndexedSidecar("a.jsonl", path, "0" * 32)])
