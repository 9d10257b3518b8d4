"""What tasks leave for one another comes to the range that it is for, whatever ranges are empty."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest

from provenance.engines.range_files import ends_of_ids, ends_of_numbers, gather_range, read_range, write_by_range
from provenance.lineage.id_ranges import ranges

BITS = 3


@pytest.mark.parametrize("number", [0, 1, 50])
def test_each_range_reads_its_own_ids(tmp_path: Path, number: int) -> None:
    some = random.Random(number)
    ids = sorted(some.randbytes(4)[: some.choice((1, 4))] for _ in range(number))
    table = pa.table({"parent": pa.array([None, *ids], pa.binary())})
    files = [tmp_path / "one", tmp_path / "two"]
    for file in files:
        write_by_range(file, table, ends_of_ids(table["parent"], BITS))
    for each in ranges(BITS):
        expected = [one for one in ids if each.contains(one)]
        found = read_range(files[0], each.number)["parent"].to_pylist()
        # Whoever names nothing asks the first range.
        assert found == ([None] if each.number == 0 else []) + expected
        assert gather_range(files, each.number)["parent"].to_pylist() == found * 2


def test_what_is_for_numbered_ranges() -> None:
    assert ends_of_numbers(pa.chunked_array([[0, 0, 2], [7]]), BITS) == [2, 2, 3, 3, 3, 3, 3, 4]
    assert ends_of_numbers(pa.chunked_array([], pa.int64()), BITS) == [0] * 8
