"""Arrow IPC, files and streams: read to the end or not at all, and without following what points astray."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.ipc as ipc
import pytest
from support.samples import ids

from provenance.errors import DataError
from provenance.identity import Identity, read_row, read_rows, sample_id
from provenance.identity.formats import ipc_sizes
from provenance.identity.rewriting import strip_reserved

FORMATS = {"data.arrow": ipc.new_stream, "data.feather": ipc.new_file}


def write(path: Path, table: pa.Table, rows: int = 1000, compression: str | None = None) -> None:
    options = ipc.IpcWriteOptions(compression=compression)
    with FORMATS[path.name](path, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=rows)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("compression", [None, "zstd", "lz4"])
def test_rows_in_batches(tmp_path: Path, name: str, compression: str | None) -> None:
    texts = [str(number) for number in range(10)]
    table = pa.table({"text": texts, "label": pa.array(["x", "y"] * 5).dictionary_encode()})
    write(tmp_path / name, table, 3, compression)
    assert ids(tmp_path / name) == [sample_id({"text": text, "label": "yx"[int(text) % 2 == 0]}) for text in texts]
    assert read_row(tmp_path / name, 10, Identity()) == {"text": "9", "label": "y"}
    with pytest.raises(DataError, match="fewer rows"):
        read_row(tmp_path / name, 11, Identity())


@pytest.mark.parametrize("name", FORMATS)
def test_every_cut_is_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write(path, pa.table({"text": ["a", "b", "c"]}), 2)
    whole = path.read_bytes()
    for cut in range(0, len(whole), 7):
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError, match="cut short|cannot be read any further"):
            ids(path)
    if name == "data.arrow":
        path.write_bytes(whole + whole)
        with pytest.raises(DataError, match="something follows"):
            ids(path)


def test_damage_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "data.arrow"
    write(path, pa.table({"text": ["aaaa", "bbbb", "cccc"]}))
    whole = path.read_bytes()
    offsets = pa.array([0, 4, 8, 12], pa.int32()).buffers()[1].to_pybytes()
    path.write_bytes(whole.replace(offsets, pa.array([0, 2**30, 8, 12], pa.int32()).buffers()[1].to_pybytes()))
    with pytest.raises(DataError, match="'text' is damaged"):
        ids(path)
    path.write_bytes(whole.replace(b"bbbb", b"b\xffbb"))
    with pytest.raises(DataError, match="not UTF-8") as caught:
        ids(path)
    assert caught.value.row == 2
    path.write_bytes(b"FEA1" + whole)
    with pytest.raises(DataError, match="Feather of version 1"):
        ids(path)


def test_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.arrow"
    write(path, pa.table({"text": ["a" * 1_000_000] * 20}), compression="zstd")
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(ipc_sizes, "MOST_EXPANDED_BYTES", 10 << 20)
    with pytest.raises(DataError, match="expands to more than 10 MiB"):
        ids(path)
    repeated = pa.DictionaryArray.from_arrays(pa.array([0] * 3000, pa.int32()), ["a" * 1_000_000])
    write(path, pa.table({"text": repeated, "nested": pa.array([["x"]] * 3000)}), 3000)
    first = next(iter(read_rows(path, Identity())))  # three gigabytes, if they were written out at once
    assert first[0] == 1


@pytest.mark.parametrize("name", FORMATS)
def test_strip(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    table = pa.table({"text": ["a", "b"], "_parents": [["aa"], None], "d": pa.array(["x", "y"]).dictionary_encode()})
    write(path, table, 1)
    assert strip_reserved(path)
    assert not strip_reserved(path)
    assert [row for _, row in read_rows(path, Identity())] == [{"text": "a", "d": "x"}, {"text": "b", "d": "y"}]
