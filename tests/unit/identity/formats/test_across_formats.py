"""The same rows have the same ids in every format, and bad files of any format are told clearly."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provenance.errors import DataError
from provenance.identity import Identity, read_row, read_rows, sample_id, scan
from provenance.identity.canonical import timestamp_text
from provenance.identity.formats import csv_table, interface, json_array, parquet, row_block
from provenance.identity.names import is_dataset
from provenance.identity.rewriting import write_rows

pytestmark = pytest.mark.usefixtures("way")

TYPES = {"n": "integer", "x": "number", "b": "boolean", "t": "timestamp"}
SCHEMA = pa.schema(
    [("s", pa.string()), ("n", pa.int64()), ("x", pa.float64()), ("b", pa.bool_()), ("t", pa.timestamp("ns"))]
)


def ids(path: Path, **identity: Any) -> list[str]:
    return [found.as_py().hex() for batch in scan(path, Identity(**identity)) for found in batch.sample_ids]


def csv_text(rows: list[dict[str, Any]], names: list[str]) -> str:
    def cell(value: object) -> str:
        if value is None:
            return ""
        return '"' + value.replace('"', '""') + '"' if isinstance(value, str) else json.dumps(value)

    lines = [",".join(names), *(",".join(cell(row.get(name)) for name in names) for row in rows)]
    return "".join(line + "\n" for line in lines)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "s": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
            "n": st.none() | st.integers(-(2**63), 2**63 - 1),
            "x": st.none() | st.floats(allow_nan=False, allow_infinity=False),
            "b": st.none() | st.booleans(),
            "t": st.none() | st.integers(-(2**62), 2**62),
        }
    ).filter(lambda row: any(value is not None for value in row.values())),
    min_size=1,
    max_size=8,
)


# Each writes and reads a dozen files.
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_a_row_has_one_id_in_every_format(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), tmp_path / "data.parquet")
    texts = [{**row, "t": None if row["t"] is None else timestamp_text(row["t"])} for row in rows]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in texts), encoding="utf-8")
    (tmp_path / "data.json").write_text(json.dumps(texts, indent=1, ensure_ascii=False), encoding="utf-8")
    (tmp_path / "data.csv").write_text(csv_text(texts, SCHEMA.names), encoding="utf-8", newline="")
    tabs = csv_text(texts, SCHEMA.names[:1])
    (tmp_path / "data.tsv").write_text(tabs, encoding="utf-8", newline="")
    for name in ("data.jsonl", "data.json", "data.csv"):
        for compression, suffix in (("gzip", ".gz"), ("zstd", ".zst")):
            with pa.CompressedOutputStream(str(tmp_path / f"{name}{suffix}"), compression) as output:
                output.write((tmp_path / name).read_bytes())
    table = pq.read_table(tmp_path / "data.parquet")
    for name, new in (("data.arrow", pa.ipc.new_stream), ("data.feather", pa.ipc.new_file)):
        with new(tmp_path / name, table.schema) as writer:
            writer.write_table(table, max_chunksize=3)
    expected = [sample_id(row) for row in texts]
    for path in sorted(tmp_path.glob("data.*")):
        if path.suffix == ".tsv":
            continue
        assert ids(path, column_types=TYPES) == expected
        assert [sample_id(row) for _, row in read_rows(path, Identity(column_types=TYPES))] == expected
        assert sample_id(read_row(path, len(rows), Identity(column_types=TYPES))) == expected[-1]
    assert ids(tmp_path / "data.tsv") == [sample_id({"s": row["s"]}) for row in rows]


def test_content_fields_are_named_or_all_of_a_table_or_declared(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("id,text,label\n1,a,x\n2,b,y\n")
    by_rule = {}
    for fields in (None, ("label", "id")):
        found = scan(path, Identity(fields=fields))
        list(found)
        by_rule[found.rule] = found.fields, found.rows
    assert by_rule == {"named": (("label", "text"), 2), "declared": (("id", "label"), 2)}
    assert ids(path, fields=("label",)) == [sample_id({"label": "x"}), sample_id({"label": "y"})]
    path.write_text("id,text,label\n1,,x\n2,,y\n")  # labels alone make a table
    assert ids(path) == [sample_id({"id": "1", "label": "x"}), sample_id({"id": "2", "label": "y"})]


def test_declared_fields_must_be_there(tmp_path: Path) -> None:
    for name, content in (("a.csv", "text\na\n"), ("a.jsonl", '{"text":"a"}\n'), ("a.json", '[{"text":"a"}]')):
        (tmp_path / name).write_text(content)
        with pytest.raises(DataError, match="'txt' is in no row"):
            ids(tmp_path / name, fields=("text", "txt"))
    (tmp_path / "a.jsonl").write_text('{"text":"a","txt":null}\n')
    assert ids(tmp_path / "a.jsonl", fields=("text", "txt")) == [sample_id({"text": "a"})]


def test_a_well_known_field_must_not_appear_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.identity.formats.line_runs.BLOCK_BYTES", 64)
    path = tmp_path / "a.jsonl"
    path.write_text('{"id":1}\n' * 20 + '{"id":1,"text":"a"}\n')
    with pytest.raises(DataError, match="'text' appears only after .* declare the content fields"):
        ids(path)
    assert len(ids(path, fields=("id",))) == 21


def test_types_of_parquet_that_python_has_not(tmp_path: Path) -> None:
    table = pa.table(
        {
            "a": pa.array([1_700_000_000_123_456_789], pa.timestamp("ns", "Europe/Berlin")),
            "b": pa.array([Decimal("1.50")]),
            "c": pa.array([0.1], pa.float32()),
            "d": pa.array(["x"]).dictionary_encode(),
            "e": pa.array([[("k", [1, None])]], pa.map_(pa.string(), pa.list_(pa.int8()))),
            "f": pa.array([b"\x00\xff"]),
            "g": pa.array([datetime(2026, 1, 31, 12, tzinfo=UTC)]),
        }
    )
    path = tmp_path / "data.parquet"
    pq.write_table(table, path)
    row = {"b": 1.5, "c": 0.10000000149011612, "d": "x", "e": {"k": [1, None]}, "f": b"\x00\xff"}
    row |= {"a": "2023-11-14T22:13:20.123456789Z", "g": "2026-01-31T12:00:00Z"}
    assert ids(path) == [sample_id(row)]
    assert read_row(path, 1, Identity()) == row


def test_parquet_rows_are_found_across_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "MOST_ROWS", 3)
    path = tmp_path / "data.parquet"
    pq.write_table(
        pa.table({"text": [str(row) for row in range(1, 24)], "metadata": [[{"a": "b"}]] * 23}), path, row_group_size=5
    )
    assert [read_row(path, row, Identity())["text"] for row in (1, 5, 6, 23)] == ["1", "5", "6", "23"]
    assert [(number, row["text"]) for number, row in read_rows(path, Identity())] == [(n, str(n)) for n in range(1, 24)]
    assert ids(path) == [sample_id({"text": str(row)}) for row in range(1, 24)]
    with pytest.raises(DataError, match="fewer rows"):
        read_row(path, 24, Identity())


def test_bad_parquet(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    texts = [f"some text {row}" * 9 for row in range(4000)]
    pq.write_table(pa.table({"text": texts, "x": [0.5] * 4000}), path, row_group_size=1000, compression="zstd")
    whole = path.read_bytes()
    for cut in (0, 3, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError, match="not a Parquet file, or cut short"):
            ids(path)
    start = whole.find(b"\x28\xb5\x2f\xfd", len(whole) // 2)  # of a compressed page
    path.write_bytes(whole[:start] + b"\0" * 64 + whole[start + 64 :])
    with pytest.raises(DataError, match="cannot be read any further") as caught:
        ids(path)
    assert caught.value.row in (2001, 3001)
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], ["a", "a"]), path)
    with pytest.raises(DataError, match="'a' appears twice"):
        ids(path)


def test_bad_values_in_parquet(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"x": [1.0, 2.0, float("nan")]}), path)
    with pytest.raises(DataError, match="'x': NaN") as caught:
        ids(path)
    assert caught.value.row == 3
    broken = pa.Array.from_buffers(pa.string(), 2, pa.array([b"a", b"\xff"]).buffers())
    pq.write_table(pa.table({"text": broken}), path)
    with pytest.raises(DataError, match="not UTF-8") as caught:
        ids(path)
    assert caught.value.row == 2
    pq.write_table(pa.table({"x": pa.array([1], pa.duration("s"))}), path)
    with pytest.raises(DataError, match=r"'x': a column of type duration\[s\] has no canonical form"):
        ids(path)


BAD_JSON = [
    ('"a"', None, "neither an array of objects nor one object a line"),
    ('{"text":"a"}\n{"text":', 2, "not valid JSON"),
    ('{\n"text":"a"\n}\n{"text":"b"}', 1, "something follows the first object"),
    ('{\n"text":"a"', 1, "not valid JSON"),
    ('[{"text":"a"},{"text":"b"}', 3, "is the file cut short"),
    ('[{"text":"a"},{"text":"b', 2, "is the file cut short"),
    ('[{"text":"a"},', 2, "is the file cut short"),
    ('[{"text":"a"} {"text":"b"}]', 2, "comma .* is missing"),
    ('[{"text":"a"}] x', 2, "something follows"),
    ('[{"text":"a"},]', 2, "not valid JSON"),
    ('[{"text":"a"},1]', 2, "this is a number"),
    ('[{"text":"a"},{"a":1,"a":2}]', 2, "'a' appears twice"),
    ('[{"text":"a"},{"text":NaN}]', 2, "NaN"),
    ('[{"text":"a"},{"text":"\\ud800"}]', 2, "surrogate"),
    ('[{"text":"a"},{text:1}' + " " * 50 + "]", 2, "not valid JSON: .* at character 2 of the row"),
]


@pytest.mark.parametrize(("content", "row", "problem"), BAD_JSON)
def test_bad_json(tmp_path: Path, content: str, row: int | None, problem: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(content)
    with pytest.raises(DataError, match=problem) as caught:
        ids(path)
    assert caught.value.row == row


def test_json_is_read_through_a_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_array, "_CHUNK_BYTES", 7)
    monkeypatch.setattr(row_block, "BLOCK_BYTES", 50)
    rows: list[dict[str, Any]] = [{"text": 'é\\"日' * (number % 7), "n": [number, True, None]} for number in range(40)]
    for text in (json.dumps(rows), json.dumps(rows, ensure_ascii=False, indent=2), "\ufeff" + json.dumps(rows)):
        (tmp_path / "data.json").write_text(text, encoding="utf-8")
        assert [row for _, row in read_rows(tmp_path / "data.json", Identity())] == rows
    (tmp_path / "data.json").write_bytes(b'[{"text":"a"},{"text":"b"},{"text":"\xff"}]')
    with pytest.raises(DataError, match="not UTF-8") as caught:
        ids(tmp_path / "data.json")
    assert caught.value.row == 3
    (tmp_path / "data.json").write_text(" [ ] ")
    assert ids(tmp_path / "data.json") == []


def test_cells_of_csv(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b'\xef\xbb\xbfa,"b,""c"\r\n1,\r\n\r\n"","x\r\ny"\r\nx"y,007')
    expected: list[dict[str, object]] = [
        {"a": "1", 'b,"c': None},
        {"a": "", 'b,"c': "x\r\ny"},
        {"a": 'x"y', 'b,"c': "007"},
    ]
    assert [row for _, row in read_rows(path, Identity())] == expected
    assert ids(path) == [sample_id(row) for row in expected]
    path.write_text("text\na\n\nb\n")
    assert [row for _, row in read_rows(path, Identity())] == [{"text": "a"}, {"text": None}, {"text": "b"}]
    path.write_text("text,b")
    assert ids(path) == []


def test_declared_types_of_csv(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    cells = ["1", "-1.5", "1e2", "18446744073709551616", "9007199254740993", " 2"]
    path.write_text("x,y\n" + "".join(f"{cell},\n" for cell in cells))
    expected = [1, -1.5, 100, 2**64, 2**53 + 1, 2]
    assert ids(path, column_types={"x": "number"}) == [sample_id({"x": value}) for value in expected]
    path.write_text("x,y\n2026-01-31,\n2026-01-31 12:00,\n2026-01-31T12:00:00.1234567+01:00,\n")
    moments = ["2026-01-31T00:00:00Z", "2026-01-31T12:00:00Z", "2026-01-31T11:00:00.1234567Z"]
    assert ids(path, column_types={"x": "timestamp"}) == [sample_id({"x": moment}) for moment in moments]
    for kind, cell, article in (
        ("integer", "1.0", "an integer"),
        ("integer", "0x1F", "an integer"),
        ("number", "NaN", "a number"),
        ("boolean", "yes", "a boolean"),
        ("timestamp", "2026-13-01", "a timestamp"),
    ):
        path.write_text(f"x,y\n,1\n{cell},2\n")
        with pytest.raises(DataError, match=f"column 'x': '{cell}' is not {article}") as caught:
            ids(path, column_types={"x": kind})
        assert caught.value.row == 2


BAD_CSV = [
    (b"", None, "no header"),
    (b"a,a\n1,2\n", None, "'a' appears twice"),
    (b"a,b\n1,2\n3\n", 2, "1 cell where the header has 2"),
    (b"a,b\n1,2\n3,4,5\n", 2, "3 cells where the header has 2"),
    (b'a,b\n1,2\n3,"x\n4,5\n', 2, "a quoted cell does not end: is the file cut short"),
    (b'a\n1\n"x', 2, "a quoted cell does not end"),
    (b"a,b\n1,2\n3,\xff\n", 2, "not UTF-8"),
    ("a,b\n1,2\n".encode("utf-16"), None, "the header is not UTF-8"),
    ("a,b\n1,2\n".encode("utf-16-le"), None, "NUL bytes: is it UTF-16"),
    ("é,b\n1,2\n".encode("latin-1"), None, "the header is not UTF-8"),
    (b"a;b\n1;2\n", None, "separated by ';', not by ','"),
    (b"a\x01b\n1\x012\n", None, r"separated by '\\x01', not by ','"),
    (b"a\x1fb\n1\x1f2\n", None, r"separated by '\\x1f', not by ','"),
    (b"a\tb\n1\t2\n", None, "call it .tsv"),
    (b"sep=;\na;b\n1;2\n", None, "`sep=`, is for spreadsheets"),
    (b"a,b\r1,2\r3\r", 2, "1 cell where the header has 2"),
]


@pytest.mark.parametrize(("content", "row", "problem"), BAD_CSV)
def test_bad_csv(tmp_path: Path, content: bytes, row: int | None, problem: str) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=problem) as caught:
        ids(path)
    assert caught.value.row == row


def test_nul_bytes_in_cells_of_csv_are_read_and_kept(tmp_path: Path) -> None:
    path, target = tmp_path / "data.csv", tmp_path / "taken.csv"
    path.write_bytes(b'text,b\na\0b,1\n"\0""\0",2\n\0,3\n')
    assert ids(path) == [sample_id({"text": text}) for text in ("a\0b", '\0"\0', "\0")]
    write_rows(path, np.array([False, True, True]), target)
    assert ids(target) == ids(path)[1:]


def test_a_quoted_header_may_hold_its_own_separator(tmp_path: Path) -> None:
    (tmp_path / "data.tsv").write_text('"a\tb"\n1\n')
    assert ids(tmp_path / "data.tsv") == [sample_id({"a\tb": "1"})]


def test_bad_rows_of_csv_in_later_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_table, "_LONGEST_ROW", 64)
    path = tmp_path / "data.csv"
    path.write_text("a,b\n" + "1,2\n" * 100)
    assert len(ids(path)) == 100
    for bad, problem in (
        (b"3\n", "1 cell"),
        (b"3,\xff\n", "not UTF-8"),
        (b'"' + b"x" * 500 + b'",1\n', "longer than"),
    ):
        path.write_bytes(b"a,b\n" + b"1,2\n" * 100 + bad + b"1,2\n" * 100)
        with pytest.raises(DataError, match=problem) as caught:
            ids(path)
        assert caught.value.row == 101


def test_tokens_and_parents(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    rows: list[dict[str, Any]] = [
        {"text": "a", "n": 3, "_parents": ["aa", "data/x.jsonl:4"], "_parent_roles": ["source", "context"]},
        {"text": "b", "n": 4.0, "_parents": "bb"},
        {"text": "c", "_parents": []},
        {"text": "d", "n": None, "_parents": '["cc", "dd"]', "_parent_roles": ["x", "y"]},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = scan(path, Identity(tokens_field="n"))
    (batch,) = list(found)
    assert batch.tokens is not None and batch.tokens.to_pylist() == [3, 4, None, None]
    assert batch.parents is not None and batch.parent_roles is not None
    assert batch.parents.to_pylist() == [["aa", "data/x.jsonl:4"], ["bb"], None, ["cc", "dd"]]
    assert batch.parent_roles.to_pylist() == [["source", "context"], None, None, ["x", "y"]]
    assert batch.content_bytes.to_pylist() == [1 + 5 + 2] * 4
    assert batch.sample_ids.to_pylist() == [bytes.fromhex(sample_id(row)) for row in rows]
    assert (found.reserved, found.rows) == ({"_parents", "_parent_roles"}, 4)
    pq.write_table(pa.table({"text": ["a"], "_parents": pa.array([[b"\x01\x02"]])}), tmp_path / "b.parquet")
    (batch,) = list(scan(tmp_path / "b.parquet", Identity()))
    assert batch.parents is not None and batch.parents.to_pylist() == [["0102"]]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"_parents": [1]}, "_parents must be a list of strings"),
        ({"_parents": ["aa", None]}, "_parents must be"),
        ({"_parents": [""]}, "_parents must be"),
        ({"_parents": {"a": 1}}, "_parents must be"),
        ({"_parents": '["aa"'}, "not a valid JSON list"),
        ({"_parents": ["aa"], "_parent_roles": ["x", "y"]}, "2 roles for 1 parent"),
        ({"_parent_roles": ["x"]}, "1 role for 0 parents"),
        ({"_parents": ["\ud800"]}, "_parents holds an unpaired surrogate"),
        ({"_model": "\ud800"}, "_model holds an unpaired surrogate"),
        ({"_prompt": "\udc00"}, "_prompt holds an unpaired surrogate"),
        ({"n": -1}, "number of tokens in 'n'"),
        ({"n": 2.5}, "number of tokens"),
        ({"n": "3"}, "number of tokens"),
        ({"n": True}, "number of tokens"),
        ({"n": 2**32}, "number of tokens"),
    ],
)
def test_bad_tokens_and_parents(tmp_path: Path, row: dict[str, Any], problem: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text":"a"}\n' + json.dumps({"text": "b", **row}) + "\n")
    with pytest.raises(DataError, match=problem) as caught:
        list(scan(path, Identity(tokens_field="n")))
    assert caught.value.row == 2


def test_progress_counts_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.identity.formats.line_runs.BLOCK_BYTES", 64)
    path = tmp_path / "data.jsonl"
    path.write_text('{"text":"a"}\n' * 100)
    counts: list[int] = []
    first_rows = [batch.first_row for batch in scan(path, Identity(), progress=counts.append)]
    assert sum(counts) == 100 and len(counts) > 5
    assert first_rows == [1 + sum(counts[:index]) for index in range(len(counts))]


def test_datasets_go_by_their_names(tmp_path: Path) -> None:
    assert all(is_dataset(f"a/b.{suffix}") for suffix in ("jsonl", "ndjson", "JSON", "csv", "tsv", "parquet"))
    assert all(is_dataset(f"b.{suffix}") for suffix in ("jsonl.gz", "csv.zst", "json.GZ", "arrow", "feather", "tar"))
    assert not any(is_dataset(name) for name in ("a", "a.txt", "jsonl", "a.gz", "a.parquet.gz", ".jsonl", ".jsonl.gz"))
    assert not is_dataset("a.csv.lineage.parquet")
    for path, problem in (
        (tmp_path / "a.txt", "not a dataset format"),
        (tmp_path / "a.csv", "no such file"),
        (tmp_path / "d.csv", "holds no samples"),
    ):
        (tmp_path / "d.csv").mkdir(exist_ok=True)
        with pytest.raises(DataError, match=problem):
            ids(path)


def test_formats_are_whole_readers() -> None:
    assert issubclass(parquet.READER, interface.Reader)


@pytest.mark.parametrize("member", [{"\udfff": 1}, {"meta": {"\ud800": 1}}, {"messages": [{"a": [{"\ud83d": 1}]}]}])
@pytest.mark.parametrize("compression", ["", ".gz"])
def test_an_unpaired_surrogate_in_a_key_is_the_error_of_its_row(
    tmp_path: Path, member: dict[str, object], compression: str
) -> None:
    rows = [{"text": "a"}, {"text": "b", **member}]
    for suffix, text in ((".jsonl", "\n".join(map(json.dumps, rows))), (".json", json.dumps(rows))):
        path = tmp_path / f"data{suffix}{compression}"
        path.write_bytes(gzip.compress(text.encode()) if compression else text.encode())
        with pytest.raises(DataError, match="unpaired surrogate") as caught:
            ids(path)
        assert str(caught.value).startswith(f"{path}:2: ")
