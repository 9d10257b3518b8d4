"""Rows taken out of files of every format: what stays is what it was."""

from __future__ import annotations

import json
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.samples import ids

from provenance.errors import DataError
from provenance.identity import write_rows

ROWS = [{"text": f"row {number}, ü", "label": None if number % 3 else "a"} for number in range(11)]
NAMES = (
    "a.jsonl",
    "a.jsonl.gz",
    "a.json",
    "a.json.zst",
    "a.csv",
    "a.tsv.gz",
    "a.parquet",
    "a.arrow",
    "a.feather",
    "a.tar",
)


def write_all(folder: Path) -> None:
    table = pa.Table.from_pylist(ROWS).replace_schema_metadata({"made by": "a test"})
    pq.write_table(table, folder / "a.parquet", row_group_size=4)
    for name, new in (("a.arrow", pa.ipc.new_stream), ("a.feather", pa.ipc.new_file)):
        with new(folder / name, table.schema) as writer:
            writer.write_table(table, max_chunksize=3)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).replace("\n", " \n\n", 2)
    cells = {end: "".join(f'"{row["text"]}"{end}{row["label"] or ""}\n' for row in ROWS) for end in ",\t"}
    texts = {"a.jsonl": lines, "a.json": json.dumps(ROWS, indent=1), "a.csv": f"text,label\n{cells[',']}"}
    texts |= {"a.tsv": "text\tlabel\n" + cells["\t"]}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    for name, codec in (("a.jsonl.gz", "gzip"), ("a.json.zst", "zstd"), ("a.tsv.gz", "gzip")):
        with pa.CompressedOutputStream(str(folder / name), codec) as output:
            output.write((folder / Path(name).stem).read_bytes())
    with tarfile.open(folder / "a.tar", "w") as archive:
        for number, row in enumerate(ROWS):
            for extension, value in row.items():
                member = tarfile.TarInfo(f"{number:04}.{extension}")
                content = str(value).encode()
                member.size = len(content)
                archive.addfile(member, BytesIO(content))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=st.lists(st.booleans(), min_size=len(ROWS), max_size=len(ROWS)))
def test_the_rows_that_are_kept_have_their_ids(tmp_path: Path, name: str, kept: list[bool]) -> None:
    if not (tmp_path / "a.tar").exists():
        write_all(tmp_path)
    target = tmp_path / f"kept-{name}"
    before = (tmp_path / name).read_bytes()
    write_rows(tmp_path / name, np.array(kept), target)
    assert ids(target) == [each for each, stays in zip(ids(tmp_path / name), kept, strict=True) if stays]
    assert (tmp_path / name).read_bytes() == before


def test_lines_stay_byte_for_byte_and_schemas_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"b" :1.0,"a":"\\u00fc"}\r\n\n{"a":2}\n{"a": 3 }')
    write_rows(tmp_path / "a.jsonl", np.array([True, False, True]), tmp_path / "b.jsonl")
    assert (tmp_path / "b.jsonl").read_bytes() == b'{"b" :1.0,"a":"\\u00fc"}\r\n{"a": 3 }\n'
    write_all(tmp_path)
    write_rows(tmp_path / "a.parquet", np.arange(len(ROWS)) > 4, tmp_path / "b.parquet")
    assert pq.read_schema(tmp_path / "b.parquet").equals(pq.read_schema(tmp_path / "a.parquet"), check_metadata=True)
    assert pq.read_table(tmp_path / "b.parquet").to_pylist() == ROWS[5:]


def test_a_file_that_ends_early_is_told(tmp_path: Path) -> None:
    write_all(tmp_path)
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes((tmp_path / "a.jsonl.gz").read_bytes()[:-20])
    with pytest.raises(DataError, match="damaged or cut short"):
        write_rows(cut, np.ones(len(ROWS), bool), tmp_path / "b.jsonl.gz")


def write_batches(path: Path, table: pa.Table) -> None:
    if path.suffix == ".parquet":
        pq.write_table(table, path, row_group_size=3)
    else:
        with pa.ipc.new_stream(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=3)


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
@pytest.mark.parametrize("kind", [pa.string_view(), pa.binary_view()])
def test_rows_are_taken_out_of_views_without_what_the_others_view(tmp_path: Path, suffix: str, kind: Any) -> None:
    values = [None if number % 5 == 3 else f"{number:06}" * 20 for number in range(600)]
    column = pa.array([value if value is None else value.encode() for value in values], pa.binary()).cast(kind)
    path, target = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    write_batches(path, pa.table({"text": column}))
    kept = np.arange(600) % 3 == 0
    write_rows(path, kept, target)
    assert ids(target) == [each for each, stays in zip(ids(path), kept, strict=True) if stays]
    assert target.stat().st_size < path.stat().st_size


def test_rows_are_taken_out_of_runs(tmp_path: Path) -> None:
    column = pc.run_end_encode(pa.array(["a", "a", None, None, "b", "b", "b"]))
    write_batches(tmp_path / "a.arrow", pa.table({"text": column}))
    write_rows(tmp_path / "a.arrow", np.array([1, 0, 1, 0, 0, 1, 1], bool), tmp_path / "b.arrow")
    taken = pa.ipc.open_stream(tmp_path / "b.arrow").read_all()
    assert taken["text"].type == column.type
    assert taken["text"].to_pylist() == ["a", None, "b", "b"]


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.list_(pa.null())), pa.map_(pa.string(), pa.null()), pa.list_(pa.null(), 2)], ids=str
)
def test_lists_of_nulls_are_not_damaged(tmp_path: Path, kind: Any) -> None:
    values: list[Any] = [[[None, None, None], []], None, [[None]], [], [[None, None]]] * 3
    if pa.types.is_map(kind):
        values = [[("a", None), ("b", None)], None, [("c", None)], [], [("d", None)]] * 3
    if pa.types.is_fixed_size_list(kind):
        values = [[None, None], None, [None, None], [None, None], None] * 3
    write_batches(tmp_path / "a.arrow", pa.table({"messages": pa.array(values, kind), "text": [*map(str, range(15))]}))
    kept = np.array([0, 1, 1, 0, 1] * 3, bool)
    write_rows(tmp_path / "a.arrow", kept, tmp_path / "b.arrow")
    assert ids(tmp_path / "b.arrow") == [
        each for each, stays in zip(ids(tmp_path / "a.arrow"), kept, strict=True) if stays
    ]


def test_what_arrow_cannot_pick_out_is_told(tmp_path: Path) -> None:
    write_batches(tmp_path / "a.arrow", pa.table({"text": pa.array([["a"], ["b"]], pa.list_(pa.string_view()))}))
    with pytest.raises(
        DataError, match=r"a\.arrow: rows cannot be taken out of .*; write the dataset again as Parquet"
    ):
        write_rows(tmp_path / "a.arrow", np.array([True, False]), tmp_path / "b.arrow")
