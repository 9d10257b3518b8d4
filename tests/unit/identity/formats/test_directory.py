"""Directories: which files hold samples, in which order, and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest
import xxhash
from support.plugged import toy_package
from support.samples import ids

from provenance.errors import DataError, ProvenanceError
from provenance.identity import FileIds, Identity, file_id, read_row, read_rows, row_id, sample_id, scan
from provenance.identity.names import is_dataset
from provenance.identity.rewriting import strip_reserved

Files = dict[str, bytes]


def write(folder: Path, files: Files) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def lines(*texts: str) -> bytes:
    return b"".join(json.dumps({"text": text}).encode() + b"\n" for text in texts)


def test_shards_are_in_order_of_their_paths(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "data",
        {
            "b.jsonl": lines("c"),
            "a/2.jsonl": lines("b"),
            "a/1.ndjson": lines("a", "a2"),
            "c.jsonl": b"",
            "README.md": b"x",
            "_SUCCESS": b"",
            ".cache/x.jsonl": b"}",
        },
    )
    assert ids(folder) == [sample_id({"text": text}) for text in ("a", "a2", "b", "c")]
    assert [row for _, row in read_rows(folder, Identity())] == [{"text": text} for text in ("a", "a2", "b", "c")]
    assert read_row(folder, 3, Identity()) == {"text": "b"}
    assert row_id(folder / "a/1.ndjson", 2, Identity()) == sample_id({"text": "a2"})
    found = scan(folder, Identity())
    list(found)
    assert found.files == [(1, "a/1.ndjson"), (3, "a/2.jsonl"), (4, "b.jsonl")]
    assert [found.place(row) for row in (1, 2, 3)] == [("a/1.ndjson", 1), ("a/1.ndjson", 2), ("a/2.jsonl", 1)]


@pytest.mark.parametrize(
    ("bad", "row", "problem"),
    [(lines("a") + b"{", 2, "not valid JSON"), (b"{", 1, "not valid JSON"), (b"\xff\n", 1, "not UTF-8")],
)
def test_errors_name_the_shard_and_its_row(tmp_path: Path, bad: bytes, row: int, problem: str) -> None:
    folder = write(tmp_path / "data", {"1.jsonl": lines("x", "y"), "2.jsonl": bad, "3.jsonl": lines("z")})
    with pytest.raises(DataError, match=problem) as caught:
        ids(folder)
    assert (caught.value.path, caught.value.row) == (str(folder / "2.jsonl"), row)
    with pytest.raises(DataError, match=problem) as caught:
        list(read_rows(folder, Identity()))
    assert (caught.value.path, caught.value.row) == (str(folder / "2.jsonl"), row)


def test_a_shard_that_cannot_be_opened(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", {"2.parquet": b"PAR1"})
    pq.write_table(pa.table({"text": ["a"]}), folder / "1.parquet")
    with pytest.raises(DataError, match=r"2\.parquet: not a Parquet file"):
        ids(folder)
    (folder / "2.parquet").unlink()
    pq.write_table(pa.table({"source": ["b"], "text": ["c"]}), folder / "3.parquet")
    assert ids(folder) == [sample_id({"text": text}) for text in ("a", "c")]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "holds no samples"),
        ({"README.md": b"x", ".hidden": b""}, "holds no samples"),
        ({"a.csv": b"text\n", "b.jsonl": b""}, "rows in two formats, as 'a.csv' and 'b.jsonl'"),
        ({"a.csv": b"text\n", "b.png": b""}, "both rows, as in 'a.csv', and other files, as 'b.png'"),
    ],
)
def test_what_is_no_dataset(tmp_path: Path, files: Files, problem: str) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(DataError, match=problem):
        ids(write(tmp_path / "data", files))


def test_links(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", {"a.jsonl": lines("a")})
    (folder / "b.jsonl").symlink_to(write(tmp_path, {"object": lines("b")}) / "object")  # as DVC may link its cache
    assert len(ids(folder)) == 2
    (folder / "c").symlink_to(tmp_path)
    with pytest.raises(DataError, match="a link to a directory"):
        ids(folder)


def test_strip_in_shards(tmp_path: Path) -> None:
    bearing = b'{"text":"a","_parents":["aa"]}\n'
    folder = write(tmp_path / "data", {"1.jsonl": bearing, "2.jsonl": lines("b")})
    untouched = (folder / "2.jsonl").stat().st_ino
    assert strip_reserved(folder)
    assert not strip_reserved(folder)
    assert [row for _, row in read_rows(folder, Identity())] == [{"text": "a"}, {"text": "b"}]
    assert (folder / "2.jsonl").stat().st_ino == untouched
    write(folder, {"1.jsonl": bearing, "2.jsonl": b'{"_parents":'})
    with pytest.raises(DataError):
        strip_reserved(folder)
    assert (folder / "1.jsonl").read_bytes() == bearing


def test_files_are_samples(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", {"a/1.png": b"1", "b.txt": b"2", "metadata.csv": b"file_name\n", "README": b""})
    assert ids(folder) == [xxhash.xxh3_128_hexdigest(content) for content in (b"1", b"2")]
    assert file_id(folder, "b.txt", Identity()) == row_id(folder, 2, Identity()) == xxhash.xxh3_128_hexdigest(b"2")
    assert [row for _, row in read_rows(folder, Identity())] == [{"path": "a/1.png"}, {"path": "b.txt"}]
    found = scan(folder, Identity())
    (batch,) = found
    assert batch.content_bytes.to_pylist() == [1, 1]
    assert (found.rows, found.place(2)) == (2, ("b.txt", None))
    assert not strip_reserved(folder)
    for name in ("c.txt", "README", "../b.txt"):
        with pytest.raises(DataError, match="no such sample"):
            file_id(folder, name, Identity())
    with pytest.raises(DataError, match="'text' is in no row"):
        ids(folder, fields=("text",))


def test_unchanged_files_are_not_read_again(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", {"a.png": b"1", "b.png": b"2", "c.png": b"3"})
    md5s = {"a.png": "aa", "b.png": "bb"}
    expected = ids(folder, file_ids=FileIds(tmp_path, lambda: md5s))
    write(folder, {"a.png": b"other", "c.png": b"other"})
    again = ids(folder, file_ids=FileIds(tmp_path, lambda: md5s))
    assert again == [*expected[:2], xxhash.xxh3_128_hexdigest(b"other")]
    assert ids(folder, file_ids=FileIds(tmp_path, lambda: md5s), digest="sha256") != again
    (tmp_path / "file-ids.sqlite").write_bytes(b"damaged" * 100)
    assert ids(folder, file_ids=FileIds(tmp_path, lambda: md5s))[1] == expected[1]


def saved_dataset(folder: Path, shards: dict[str, list[str]]) -> Path:
    """As `datasets.Dataset.save_to_disk` writes it."""
    folder.mkdir(parents=True)
    for name, texts in shards.items():
        table = pa.table({"text": texts, "_parents": [["aa"]] * len(texts)})
        with ipc.new_stream(folder / name, table.schema) as writer:
            writer.write_table(table)
    state = {"_data_files": [{"filename": name} for name in shards], "_fingerprint": "f", "_format_columns": None}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "dataset_info.json").write_text(json.dumps({"features": {"text": {}, "_parents": {}}}))
    return folder


def test_saved_hugging_face_datasets(tmp_path: Path) -> None:
    folder = saved_dataset(tmp_path / "train", {"data-b.arrow": ["a"], "data-a.arrow": ["b"]})
    (folder / "cache-1.arrow").write_bytes(b"left by map")
    assert ids(folder) == [sample_id({"text": text}) for text in "ab"]
    assert strip_reserved(folder)
    assert not strip_reserved(folder)
    assert json.loads((folder / "dataset_info.json").read_text())["features"] == {"text": {}}
    assert json.loads((folder / "state.json").read_text())["_fingerprint"] != "f"
    saved_dataset(tmp_path / "test", {"data-a.arrow": ["c"]})
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    assert ids(tmp_path) == [sample_id({"text": text}) for text in "abc"]
    for name, content in (
        ("dataset_dict.json", '{"splits": ["../train"]}'),
        ("train/state.json", '{"_data_files": [{"filename": "/etc/passwd"}]}'),
        ("train/state.json", "{}"),
        ("train/state.json", "{"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(DataError, match="save the dataset again"):
            ids(tmp_path)


def test_hugging_face_itself_reads_what_was_stripped(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="needs Hugging Face datasets")
    rows = [{"text": f"text {number}", "_parents": ["aa"]} for number in range(10)]
    datasets.Dataset.from_list(rows).save_to_disk(str(tmp_path / "saved"), num_shards=3)
    assert ids(tmp_path / "saved") == [sample_id({"text": row["text"]}) for row in rows]
    assert strip_reserved(tmp_path / "saved")
    assert datasets.load_from_disk(str(tmp_path / "saved"))[:]["text"] == [row["text"] for row in rows]


def test_formats_of_other_packages(tmp_path: Path) -> None:
    with toy_package(tmp_path / "toy"):
        assert is_dataset("a.psv") and is_dataset("a.PSV")
        assert ids(write(tmp_path, {"a.psv": b"text|n\na|1\n"}) / "a.psv") == [sample_id({"text": "a", "n": "1"})]
        with pytest.raises(DataError, match="a.psv:1: 1 cells, the header has 2"):
            ids(write(tmp_path, {"a.psv": b"text|n\na\n"}) / "a.psv")
        for name, problem in (("a.broken", "ModuleNotFoundError"), ("a.wrong", "not a subclass of .*FileReader")):
            with pytest.raises(ProvenanceError, match=f"cannot be loaded: .*{problem}"):
                ids(write(tmp_path, {name: b""}) / name)
    assert not is_dataset("a.psv")


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"a")
    os.mkfifo(folder / "pipe.png")
    with pytest.raises(DataError, match="pipe.png: not a file"):
        list(scan(folder, Identity()))
    (folder / "pipe.png").unlink()
    (folder / "nowhere.png").symlink_to("missing")
    with pytest.raises(DataError, match="nowhere.png: not a file"):
        list(scan(folder, Identity()))
