"""Columns of JSON, as DuckDB and `datasets` write them, are read as what they hold."""

import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest
from support.samples import ids

from provenance.errors import DataError
from provenance.identity import Identity
from provenance.identity.formats import open_reader

pytestmark = pytest.mark.usefixtures("way")

VALUES = [
    {"role": "tool", "content": [1, 2.5, None, True], "big": 2**70},
    {"role": "user", "content": "hi"},
    None,
    "text",
    [],
]


def as_json(texts: list[str | None]) -> pa.Array:
    return pa.ExtensionArray.from_storage(pa.json_(), pa.array(texts, pa.string()))


def write(path: Path, table: pa.Table) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        with ipc.new_stream(path, table.schema) as writer:
            writer.write_table(table)
    return path


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_the_ids_are_those_of_the_same_rows_in_json_lines(tmp_path: Path, suffix: str) -> None:
    texts = [json.dumps(value) for value in VALUES]  # a null is the text of one
    column = as_json([*texts])
    lists = pa.ListArray.from_arrays(list(range(len(texts) + 1)), as_json([f"\n {text} " for text in texts]))
    structs = pa.StructArray.from_arrays([as_json([None, *texts[1:]])], ["inside"])
    table = pa.table({"messages": column, "prompt": lists, "response": structs, "text": ["x"] * len(texts)})
    rows = [
        {"messages": value, "prompt": [value], "response": {"inside": value if number else None}, "text": "x"}
        for number, value in enumerate(VALUES)
    ]
    (tmp_path / "same.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = write(tmp_path / f"data.{suffix}", table)
    assert ids(path) == ids(tmp_path / "same.jsonl")
    assert [row for _, row in open_reader(path, Identity()).numbered_rows()] == rows


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_bad_json_is_the_error_of_its_row(tmp_path: Path, suffix: str) -> None:
    for bad in ('{"a": ', '{"a": 1} 2', '{"a": NaN}', '{"a": 1, "a": 2}', ""):
        path = write(tmp_path / f"data.{suffix}", pa.table({"messages": as_json(['{"a": 1}', bad, "1"])}))
        with pytest.raises(DataError, match="not valid JSON in a column of JSON") as caught:
            ids(path)
        assert caught.value.row == 2


def test_columns_of_json_that_duckdb_writes_are_kept_when_parents_are_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    rows = """select '{"b":1}'::json as messages, ['[1]'::json] as prompt, '["aa"]'::json as _parents"""
    duckdb.sql(f"copy ({rows}) to '{path}'")
    (tmp_path / "same.jsonl").write_text('{"messages": {"b": 1}, "prompt": [[1]]}\n')
    expected = ids(tmp_path / "same.jsonl")
    assert ids(path) == expected
    assert open_reader(path, Identity()).strip(["_parents"])
    assert ids(path) == expected
    assert pq.read_schema(path).names == ["messages", "prompt"]


def test_a_column_that_holds_only_the_text_of_null_holds_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "data.parquet", pa.table({"text": as_json(["null", " null"]), "other": ["a", "b"]}))
    (tmp_path / "same.jsonl").write_text('{"other": "a"}\n{"other": "b"}\n')
    assert ids(path) == ids(tmp_path / "same.jsonl")
