"""Records of a sidecar by ranges of their ids: each once, and none of what is damaged."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sidecars import record, sample, write

from provenance.errors import SidecarError
from provenance.lineage import parts as writing
from provenance.lineage.id_ranges import EVERY_ID, divided, ranges
from provenance.lineage.sidecar import open_sidecar
from provenance.lineage.sorted_records import SortedRecords

IDS = [sample(number) for number in range(20)] + [f"{'00' * 15}{number:02x}" for number in range(4)]
PARTS = st.sampled_from([1, 4])


def opened(folder: Path, ids: list[str], block: int, parts: int = 1, **others: Any) -> SortedRecords:
    """Records of these ids, whose seeds are numbered in the order of the ids; some of no kind, some of no licence."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "ROW_GROUP_ROWS", block)
        path = write(
            folder,
            "a",
            [
                record(each, kind=(None, "rewrite", "answer")[n % 3], tokens=None if n % 5 else n, **others)
                for n, each in enumerate(sorted(ids))
            ],
            parts=parts,
        )
    return SortedRecords(open_sidecar(path), ["kind", "license"])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(IDS)), st.integers(1, 9), st.integers(0, 3), st.integers(1, 30), PARTS)
def test_each_record_is_in_one_range(ids: list[str], block: int, bits: int, at_once: int, sharded: int) -> None:
    with TemporaryDirectory() as folder:
        records = opened(Path(folder), ids, block, sharded)
        for parts in (list(ranges(bits)), list(divided(records.records, at_once))):
            found = [records.read(each) for each in parts]
            assert [bytes(each).hex() for some in found for each in some.ids] == sorted(ids)
            assert sum(len(some.keys) for some in found) == len(ids)
            distinct = sum(len(some.keys) if some.is_first is None else int(some.is_first.sum()) for some in found)
            assert distinct == len(set(ids))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(IDS), min_size=1), st.integers(1, 9), st.integers(0, 2), PARTS, st.data())
def test_values_are_those_of_the_records(
    ids: list[str], block: int, bits: int, sharded: int, data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        records = opened(Path(folder), ids, block, sharded)
        begun = 0
        for each in ranges(bits):
            found = records.read(each)
            chosen = [n for n in range(len(found.keys)) if data.draw(st.booleans())]
            places = found.first + pa.array(chosen, pa.int64()).to_numpy()
            values = records.values(found.groups, places, ["kind", "tokens", "license"])
            read = {name: [column.value(int(code)) for code in column.codes] for name, column in values.items()}
            assert read == {
                "kind": [(None, "rewrite", "answer")[(begun + n) % 3] for n in chosen],
                "tokens": [None if (begun + n) % 5 else begun + n for n in chosen],
                "license": [None for _ in chosen],
            }
            begun += len(found.keys)


def test_a_column_without_values_is_not_read(tmp_path: Path) -> None:
    found = opened(tmp_path, IDS, 5).read(EVERY_ID, ["rows", "doubts"])

    assert found.columns["doubts"] is None
    assert found.columns["rows"] is not None


def test_row_groups_without_statistics_are_looked_at(tmp_path: Path) -> None:
    opened(tmp_path, IDS, 5)
    path = tmp_path / "a.lineage.parquet"
    table = pq.read_table(path)
    pq.write_table(table, path, row_group_size=3, write_statistics=False)

    records = SortedRecords(open_sidecar(path))

    assert sum(len(records.read(each).keys) for each in ranges(2)) == len(IDS)


@pytest.mark.parametrize("block", [1, 2, 9])
def test_records_that_are_not_in_order_are_refused(tmp_path: Path, block: int) -> None:
    opened(tmp_path, IDS, 50)
    path = tmp_path / "a.lineage.parquet"
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table.slice(0, 7), table.slice(8), table.slice(7, 1)]), path, row_group_size=block)

    with pytest.raises(SidecarError, match="not in the order of their ids"):
        SortedRecords(open_sidecar(path)).read(EVERY_ID)
