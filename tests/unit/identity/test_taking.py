"""Rows taken out of files of every format: what stays is what it was."""

from __future__ import annotations

import json
import tarfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
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


def test_rows_are_not_taken_out_of_directories(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    with pytest.raises(DataError, match="not of directories; write the data as one file first"):
        write_rows(tmp_path / "many", np.array([True]), tmp_path / "b")


def test_a_file_that_ends_early_is_told(tmp_path: Path) -> None:
    write_all(tmp_path)
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes((tmp_path / "a.jsonl.gz").read_bytes()[:-20])
    with pytest.raises(DataError, match="damaged or cut short"):
        write_rows(cut, np.ones(len(ROWS), bool), tmp_path / "b.jsonl.gz")
