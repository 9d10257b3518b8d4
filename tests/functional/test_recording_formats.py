"""The recorder writes the format that the dataset's name says; rows have the same ids in each that has types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.recording import collect_documents, records

import provenance
from provenance.capture import reading
from provenance.capture.recording import formats
from provenance.errors import DataError

MODEL = provenance.Model(name="writer")
ROWS: list[dict[str, Any]] = [
    {"text": "a", "score": 1, "messages": [{"role": "user", "content": "x"}]},
    {"text": 'b "quoted", 5\r\n', "score": 0.5, "messages": [{"role": "user", "content": "y", "name": None}]},
    {"text": "", "extra": {"deep": {"n": 2**53}}},
    {"text": None, "messages": []},
    {"text": "a", "score": 1},
]


@pytest.fixture
def documents(dvc_repository: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(reading, "_read_here", {})
    return collect_documents()


def write(path: str, rows: list[dict[str, Any]]) -> None:
    """Record ``rows``, half of them one by one, the others in a batch."""
    half = len(rows) // 2
    with provenance.record(path, model=MODEL) as recorder:
        for row in rows[:half]:
            recorder.write(row, parents=["data/documents.jsonl:1"])
        recorder.write_batch(rows[half:], parents=[["data/documents.jsonl:1"]] * (len(rows) - half))


def without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def test_parquet_has_the_rows_and_the_ids_that_json_lines_has(documents: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "_BATCH_ROWS", 2)
    write("made.jsonl", ROWS)
    write("made.parquet", ROWS)
    read = pq.read_table("made.parquet").to_pylist()
    assert [without_nulls(row) | {"extra": row["extra"]} for row in read] == [
        without_nulls(row) | {"extra": row.get("extra")}
        for row in (
            *({**row, "messages": [{"name": None, **each} for each in row["messages"]]} for row in ROWS[:2]),
            *ROWS[2:],
        )
    ]
    ids = [[row.sample_id for row in provenance.read(path)] for path in ("made.parquet", "made.jsonl")]
    assert ids[0] == ids[1]
    told = [
        [(r["sample_id"], r["rows"], r["origin"], r["parents"]) for r in records(p)]
        for p in ("made.parquet", "made.jsonl")
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize(("path", "delimiter"), [("made.csv", ","), ("made.TSV", "\t")])
def test_csv_keeps_text_as_it_is(documents: str, path: str, delimiter: str) -> None:
    rows: list[dict[str, Any]] = [
        {"text": "a", "label": "5"},
        {"text": 'b "q",\t\r\n', "n": 5},
        {"text": ""},
        {"text": None, "n": True},
        {},
    ]
    write(path, rows)
    assert (
        Path(path).read_bytes().decode()
        == "\n".join(
            delimiter.join(cells)
            for cells in (
                ('"text"', '"label"', '"n"'),
                ('"a"', '"5"', ""),
                ('"b ""q"",\t\r\n"', "", "5"),
                ('""', "", ""),
                ("", "", "true"),
                ("", "", ""),
            )
        )
        + "\n"
    )
    read = [without_nulls(row) for row in provenance.read(path)]
    assert read == [rows[0], rows[1] | {"n": "5"}, {"text": ""}, {"n": "true"}, {}]
    assert sum(record["rows"] for record in records(path)) == len(rows)
    assert {record["origin"] for record in records(path) if record["rows"]} == {"synthetic"}


def test_a_column_of_one_name_alone_keeps_its_nulls(documents: str) -> None:
    for path in ("made.csv", "made.parquet"):
        write(path, [{"text": "a"}, {"text": None}, {"text": "b"}])
        assert [row["text"] for row in provenance.read(path)] == ["a", None, "b"]


def test_an_empty_recording_is_an_empty_dataset_where_the_format_has_one(documents: str) -> None:
    write("made.parquet", [])
    assert pq.read_table("made.parquet") == pa.table({})
    with pytest.raises(DataError, match=r"^made.csv: no row has a column, so there would be no header; record to"):
        write("made.csv", [])


def test_what_the_format_cannot_hold_is_an_error_that_names_the_row_and_leaves_both_files(documents: str) -> None:
    cases: list[tuple[str, list[dict[str, Any]], str]] = [
        ("made.parquet", [{"a": 1}, {"a": 2}, {"a": "x"}], "made.parquet:3: does not fit the columns"),
        ("made.parquet", [{"a": True}, {"a": 1}], "made.parquet:2: does not fit"),
        ("made.parquet", [{"a": 2**53 + 1}, {"a": 1}, {"a": 0.5}], "made.parquet:1: does not fit"),
        ("made.parquet", [{"a": 1}, {"a": 2**63}], "made.parquet:2: does not fit"),
        ("made.parquet", [{"a": 1}, {"b": [{}]}], "made.parquet:2: does not fit .* object without members"),
        ("made.csv", [{"a": "x"}, {"a": ["x"]}], "made.csv:2: the column 'a' holds a list, which CSV cannot"),
        ("made.csv", [{"a": {}}], "made.csv:1: the column 'a' holds an object, which CSV cannot"),
    ]
    for path in ("made.parquet", "made.csv"):
        write(path, [{"text": "before"}])
    before = {path: path.read_bytes() for path in Path().glob("made.*")}
    assert len(before) == 4
    for path, rows, problem in cases:
        with pytest.raises(DataError, match=problem) as raised:
            write(path, rows)
        assert len(str(raised.value).splitlines()) == 1
        assert {path: path.read_bytes() for path in Path().glob("made.*")} == before
        assert not list(Path().glob(".made*"))
