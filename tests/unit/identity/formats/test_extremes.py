"""What is very wide, very long or repeated very often takes bounded work and memory; reserved columns."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.samples import ids
from support.work import growth

from provenance.errors import ProvenanceError
from provenance.identity import Identity, sample_id, scan
from provenance.identity.formats import parquet

pytestmark = pytest.mark.usefixtures("way")


def write_table(path: Path, table: pa.Table) -> None:
    """``table``, which holds strings only, in the format that the file's name tells."""
    rows = table.to_pylist()
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".arrow":
        with pa.ipc.new_stream(path, table.schema) as writer:
            writer.write_table(table)
    elif path.suffix == ".csv":
        lines = [table.column_names, *(row.values() for row in rows)]
        path.write_text("".join(",".join(line) + "\n" for line in lines), encoding="utf-8")
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.mark.parametrize("suffix", ["jsonl", "json", "csv", "parquet", "arrow"])
def test_ten_times_the_columns_are_at_most_ten_times_the_work(tmp_path: Path, suffix: str) -> None:
    rows = {width: {f"column {number}": str(number) for number in range(width)} for width in (1_000, 10_000)}
    for width, row in rows.items():
        write_table(tmp_path / f"{width}.{suffix}", pa.Table.from_pylist([row] * 3))

    def read(width: int) -> None:
        assert ids(tmp_path / f"{width}.{suffix}") == [sample_id(rows[width])] * 3

    assert growth(read, 1_000, 10_000) < 11


@pytest.mark.parametrize("suffix", ["jsonl", "json", "parquet", "arrow"])
def test_a_hundred_megabytes_in_one_field(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"data.{suffix}"
    text = "a" * 100_000_000
    write_table(path, pa.table({"text": pa.array(["x", text, "y"])}))
    assert ids(path) == [sample_id({"text": value}) for value in ("x", text, "y")]


@pytest.mark.parametrize("suffix", ["json", "csv", "parquet", "arrow"])
def test_reserved_columns_in_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"data.{suffix}"
    write_table(path, pa.table({"text": ["a"], "_parents": ["aa"], "_lineage": ["x"]}))
    found = scan(path, Identity())
    (batch,) = list(found)
    assert found.reserved == {"_parents", "_lineage"}
    assert batch.parents is not None and batch.parents.to_pylist() == [["aa"]]
    with pytest.raises(ProvenanceError, match="reserved column"):
        ids(path, fields=("_parents",))


def test_a_long_text_that_parquet_stores_once(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    texts, messages = pa.array(["a" * 1_000_000]), pa.array([[{"content": "b" * 1_000_000}]])
    pq.write_table(pa.table({"text": texts.take([0] * 1000), "messages": messages.take([0] * 1000)}), path)
    assert path.stat().st_size < 1_000_000
    for number, block in enumerate(parquet.READER(path, Identity()).blocks()):
        assert block.table.get_total_buffer_size() < 128 << 20
        if number == 3:
            break
