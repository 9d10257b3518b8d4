from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from provenance.lineage.merging.shelf import Shelf


@pytest.mark.parametrize("is_on_disk", [False, True])
def test_what_is_kept_is_found_again_until_it_is_taken(tmp_path: Path, is_on_disk: bool) -> None:
    shelf = Shelf(tmp_path if is_on_disk else None)
    shelf.put(1, "rows", np.arange(3))
    shelf.put(2, "rows", (pa.table({"text": ["a", None]}), "b"))
    shelf.put(1, "rows", np.arange(2))
    assert shelf.get(1, "rows").tolist() == [0, 1]
    assert shelf.take(2, "rows") == (pa.table({"text": ["a", None]}), "b")
    with pytest.raises((KeyError, FileNotFoundError)):
        shelf.get(2, "rows")


def test_bytes_and_rows_are_added_up(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for part in ([1, 2], [3], [4, 5]):
        shelf.add_bytes(0, "numbers", np.array(part))
        shelf.add_rows(0, "table", pa.table({"number": part}))
    assert shelf.all_bytes(0, "numbers").view(np.int64).tolist() == [1, 2, 3, 4, 5]
    assert shelf.all_rows(0, "table", pa.schema([("number", pa.int64())]))["number"].to_pylist() == [1, 2, 3, 4, 5]
    assert len(shelf.all_bytes(1, "numbers")) == 0
    assert len(shelf.all_rows(1, "table", pa.schema([("number", pa.int64())]))) == 0


def test_each_range_finds_what_all_have_left_to_it(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for number in range(3):
        shelf.leave(number, "numbers", [np.arange(other) + 10 * number for other in range(3)])
    for number in range(3):
        found = [each.view(np.int64).tolist() for each in shelf.left(number, "numbers", 3)]
        assert found == [[other + 10 * sender for other in range(number)] for sender in range(3)]


def test_on_a_shared_shelf_a_step_can_be_done_again(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, is_shared=True)
    shelf.put(0, "rows", 1)
    assert (shelf.take(0, "rows"), shelf.take(0, "rows")) == (1, 1)
    shelf.put(0, "rows", 2)
    assert shelf.get(0, "rows") == 2
    shelf.remove(0, "rows")
    assert list(tmp_path.iterdir()) == []


def test_of_rows_with_different_columns_what_one_lacks_is_null(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    coded = pa.array(["a", "b"]).dictionary_encode()
    shelf.add_rows(0, "table", pa.table({"number": [1, 2], "kind": coded}))
    shelf.add_rows(0, "table", pa.table({"number": [3], "kind": coded.slice(1)}))
    shelf.add_rows(0, "table", pa.table({"number": [4]}))
    found = shelf.all_rows(0, "table", pa.schema([]))
    assert found.to_pydict() == {"number": [1, 2, 3, 4], "kind": ["a", "b", "b", None]}
    assert found["kind"].num_chunks == 1
