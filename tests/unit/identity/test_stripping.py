"""Stripping takes out the reserved columns and nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from provenance.errors import DataError
from provenance.identity import Identity, read_rows, scan
from provenance.identity.rewriting import strip_reserved


def ids(path: Path) -> list[bytes]:
    return [found for batch in scan(path, Identity()) for found in batch.sample_ids.to_pylist()]


@pytest.mark.parametrize(
    ("line", "stripped"),
    [
        ('{"text":"a" ,  "x":1.0}', '{"text":"a" ,  "x":1.0}'),
        ('{ "text": "_parents", "x": 1e5, "_parents": ["a"] }', '{"text": "_parents", "x": 1e5}'),
        ('{"_parents":["a"],"text":"é\\u00e9"}', '{"text":"é\\u00e9"}'),
        ('{"_\\u0070arents":[{"a":"}"}],"_parent_roles":null,"_lineage":{"_parents":1}}', "{}"),
        ('{"meta":{"_parents":[1]},"n":12345678901234567890}', '{"meta":{"_parents":[1]},"n":12345678901234567890}'),
        ("", ""),
        ('{"_lineage":1,"a":2}\r', '{"a":2}\r'),
    ],
)
@pytest.mark.parametrize("end", ["", "\n"])
def test_lines_of_json(tmp_path: Path, line: str, stripped: str, end: str) -> None:
    path = tmp_path / "data.jsonl"
    before, after = '{ "text" :"first"}', '{"text":"last"}'
    path.write_text(f"{before}\n{line}\n{after}{end}", encoding="utf-8", newline="")
    rows = [row for _, row in read_rows(path, Identity())]
    assert strip_reserved(path) == (line != stripped)
    assert path.read_bytes().decode() == f"{before}\n{stripped}\n{after}{end}"
    assert [row for _, row in read_rows(path, Identity())] == rows
    assert not strip_reserved(path)


def test_json_array(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text('[ {"text": "a", "n": 1.50},\n{"_parents": ["x"], "text": "b"} ]')
    assert strip_reserved(path)
    assert path.read_text() == '[\n{"text": "a", "n": 1.50},\n{"text": "b"}\n]\n'
    assert not strip_reserved(path)


@pytest.mark.parametrize(("name", "delimiter"), [("data.csv", ","), ("data.tsv", "\t")])
def test_csv(tmp_path: Path, name: str, delimiter: str) -> None:
    path = tmp_path / name
    lines = [
        ["text", "_parents", "n"],
        ['"a ""b"""', '"[""x"",""y""]"', ""],
        ['""', "", "1"],
        ['"x\n,\ty"', "z", '"2"'],
    ]
    path.write_text("".join(delimiter.join(cells) + "\n" for cells in lines), newline="")
    before = ids(path)
    assert strip_reserved(path)
    kept = [["text", "n"], ['"a ""b"""', ""], ['""', "1"], ['"x\n,\ty"', "2"]]
    assert path.read_bytes().decode() == "".join(delimiter.join(cells) + "\n" for cells in kept)
    assert ids(path) == before
    assert not strip_reserved(path)


def test_parquet_keeps_the_rest(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "data.parquet"
    frame = pandas.DataFrame({"text": list("abcdefgh"), "m": [[{"a": i}] for i in range(8)], "_parents": [["x"]] * 8})
    features: dict[str, Any] = {"info": {"features": {"text": {}, "m": {}, "_parents": {}}}}
    table = pa.Table.from_pandas(frame)
    table = table.replace_schema_metadata({**table.schema.metadata, "huggingface": json.dumps(features), "own": "kept"})
    pq.write_table(table, path, row_group_size=3, compression={"text": "gzip", "m.list.element.a": "none"})
    before = ids(path)
    assert strip_reserved(path)
    assert ids(path) == before
    stripped = pq.ParquetFile(path)
    assert [stripped.metadata.row_group(group).num_rows for group in range(3)] == [3, 3, 2]
    compression = [stripped.metadata.row_group(0).column(index).compression for index in range(2)]
    assert compression == ["GZIP", "UNCOMPRESSED"]
    metadata: dict[bytes, Any] = stripped.schema_arrow.metadata
    assert metadata[b"own"] == b"kept"
    assert json.loads(metadata[b"huggingface"])["info"]["features"].keys() == {"text", "m"}
    assert list(pandas.read_parquet(path).columns) == ["text", "m"]
    assert not strip_reserved(path)


def test_a_hard_link_into_the_cache_is_left_alone(tmp_path: Path) -> None:
    path, cached = tmp_path / "data.jsonl", tmp_path / "cached"
    cached.write_text('{"text":"a","_parents":["b"]}\n')
    os.link(cached, path)
    assert strip_reserved(path)
    assert cached.read_text() == '{"text":"a","_parents":["b"]}\n'


@pytest.mark.parametrize(
    ("name", "content", "row"),
    [
        ("data.jsonl", b'{"text":"a"}\n\n{"text":"a","_parents":["b"]\n', 2),
        ("data.json", b'[{"text":"a","_parents":["b"]},{]', 2),
        ("data.csv", b'text,_parents\na,b\nc,"d\n', 2),
        ("data.parquet", b"PAR1", None),
    ],
)
def test_what_cannot_be_read_is_left_as_it_is(tmp_path: Path, name: str, content: bytes, row: int | None) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        strip_reserved(path)
    assert caught.value.row == row
    assert path.read_bytes() == content
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("suffix", ["csv", "parquet", "arrow"])
def test_a_table_of_nothing_else_is_left_as_it_was(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    table = pa.table({"_parents": ["0a", "0b"]})
    if suffix == "csv":
        path.write_text("_parents\n0a\n0b\n")
    elif suffix == "parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)
    before = path.read_bytes()
    with pytest.raises(DataError, match=f"a.{suffix}: has no column beside _parents; a row needs content of its own"):
        strip_reserved(path)
    assert path.read_bytes() == before
