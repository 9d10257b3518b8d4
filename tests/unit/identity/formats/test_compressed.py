"""Compressed text: what is damaged, cut short or expands without end is told, with the row that cannot be read."""

from __future__ import annotations

import gzip
import resource
from pathlib import Path

import pyarrow as pa
import pytest
from support.samples import ids

from provenance.errors import DataError
from provenance.identity import Identity, read_rows, sample_id
from provenance.identity.formats import csv_table, json_array, line_runs
from provenance.identity.rewriting import strip_reserved

CODECS = {".gz": "gzip", ".zst": "zstd"}


def compress(path: Path, data: bytes) -> None:
    with pa.CompressedOutputStream(str(path), CODECS[path.suffix]) as output:
        output.write(data)


@pytest.mark.parametrize("suffix", CODECS)
def test_cut_short_and_damaged(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"data.jsonl{suffix}"
    compress(path, b"".join(b'{"text":"%d"}\n' % (number * 7919) for number in range(300_000)))
    whole = path.read_bytes()
    for cut in (len(whole) - 5, len(whole) // 2, 3):
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError, match="damaged or cut short|not valid JSON") as caught:
            ids(path)
        assert caught.value.row is not None
    path.write_bytes(b"")
    with pytest.raises(DataError, match="an empty file.*cut short"):
        ids(path)
    path.write_bytes(b'{"text":"a"}\n')
    with pytest.raises(DataError, match="damaged or cut short"):
        ids(path)
    for name in ("data.csv", "data.json"):
        path = tmp_path / f"{name}{suffix}"
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(DataError):
            ids(path)


def test_several_members_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl.gz"
    path.write_bytes(gzip.compress(b'\xef\xbb\xbf{"text":"a"}\n') + gzip.compress(b'{"text":"b"}'))
    assert ids(path) == [sample_id({"text": "a"}), sample_id({"text": "b"})]


@pytest.mark.parametrize("name", ["data.jsonl", "data.csv", "data.json"])
@pytest.mark.parametrize("suffix", CODECS)
def test_bombs_are_refused_in_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, suffix: str
) -> None:
    for module in (line_runs, json_array):
        monkeypatch.setattr(module, "LONGEST_ROW", 8 << 20)
    path = tmp_path / f"{name}{suffix}"
    start = {"data.jsonl": b'{"text":"', "data.csv": b'text\n"', "data.json": b'[{"text":"'}[name]
    with pa.CompressedOutputStream(str(path), CODECS[suffix]) as output:
        output.write(start)
        for _ in range(256):
            output.write(b"a" * (1 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match="longer than"):
        ids(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


def test_an_endless_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_table, "_LONGEST_ROW", 1 << 16)
    path = tmp_path / "data.csv.zst"
    compress(path, b"a," * (1 << 18))
    with pytest.raises(DataError, match="the header is longer than"):
        ids(path)


@pytest.mark.parametrize("suffix", CODECS)
def test_strip_keeps_the_compression(tmp_path: Path, suffix: str) -> None:
    contents = {
        "data.jsonl": b'{"text":"a","_parents":["aa"]}\n',
        "data.json": b'[{"text":"a","_parents":["aa"]}]',
        "data.csv": b"text,_parents\na,aa\n",
    }
    for name, content in contents.items():
        path = tmp_path / f"{name}{suffix}"
        compress(path, content)
        assert strip_reserved(path)
        assert not strip_reserved(path)
        assert [row for _, row in read_rows(path, Identity())] == [{"text": "a"}]
        with pa.CompressedInputStream(pa.OSFile(str(path)), CODECS[suffix]) as stream:
            assert b"_parents" not in stream.read()
