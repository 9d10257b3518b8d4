"""Rows taken out of directories: which files change, what is left of them, and of what describes them."""

from __future__ import annotations

import json
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.samples import ids

from provenance.errors import DataError
from provenance.identity import Identity, scan
from provenance.identity.rewriting_folders import changed_files

ROWS = [{"text": f"row {number}"} for number in range(6)]
FILES = {"a": ROWS[:3], "in/b": ROWS[3:4], "in/none": [], "z": ROWS[4:]}


def write(file: Path, rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    kind = file.name.partition(".")[2]
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows, pa.schema([("text", pa.string())])), file)
        return
    lines = [json.dumps(row) + "\n" for row in rows]
    text = {"json": json.dumps(rows), "csv": "text\n" + "".join(f"{row['text']}\n" for row in rows)}
    text["tsv"] = text["csv"]
    content = text.get(kind.partition(".")[0], "".join(lines)).encode()
    if file.suffix in (".gz", ".zst"):
        with pa.CompressedOutputStream(str(file), {".gz": "gzip", ".zst": "zstd"}[file.suffix]) as output:
            output.write(content)
    else:
        file.write_bytes(content)


def take_out(folder: Path, kept: list[bool]) -> list[str]:
    """Rewrite the directory in place; the names of the files that changed."""
    scanned = scan(folder, Identity())
    for _ in scanned:
        pass
    changed = []
    for number, (name, rewrite) in enumerate(changed_files(folder, scanned.files, np.array(kept))):
        changed.append(name)
        if rewrite is None:
            (folder / name).unlink()
        else:
            rewrite(folder.parent / f"{number}.new")
            (folder.parent / f"{number}.new").rename(folder / name)
    return changed


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".json", ".json.zst", ".csv", ".tsv.gz", ".parquet"])
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=st.lists(st.booleans(), min_size=len(ROWS), max_size=len(ROWS)))
def test_just_the_files_of_which_rows_go_change(tmp_path: Path, suffix: str, kept: list[bool]) -> None:
    folder = tmp_path / "rows"
    for name, rows in FILES.items():
        write(folder / f"{name}{suffix}", rows)
    before = ids(folder)
    changed = take_out(folder, kept)
    # Files without rows, too, can still be read.
    assert ids(folder) == [each for each, stays in zip(before, kept, strict=True) if stays]
    goes_from = {"a": kept[:3], "in/b": kept[3:4], "z": kept[4:]}
    assert changed == [f"{name}{suffix}" for name, stays in goes_from.items() if not all(stays)]
    assert {path.name for path in folder.rglob("*") if path.is_file()} == {
        f"{Path(name).name}{suffix}" for name in FILES
    }


def test_a_saved_dataset_gets_another_fingerprint(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    table = pa.Table.from_pylist(ROWS)
    for number in range(2):
        with pa.ipc.new_stream(folder / f"{number}.arrow", table.schema) as writer:
            writer.write_table(table.slice(number * 3, 3))
    state = {"_data_files": [{"filename": f"{number}.arrow"} for number in range(2)], "_fingerprint": "before"}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "dataset_info.json").write_text("{}")
    found = []
    for kept in ([True] * 5 + [False], [True] * 4 + [False]):
        assert take_out(folder, kept) == ["state.json", "1.arrow"]
        changed = json.loads((folder / "state.json").read_text())
        assert changed["_data_files"] == state["_data_files"]
        found.append(changed["_fingerprint"])
    assert len({"before", *found}) == 3
    assert take_out(folder, [True] * 4) == []


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    (folder / "cats").mkdir(parents=True)
    for name in ("a.png", "b.png", "cats/c.png"):
        (folder / name).write_bytes(name.encode())
    return folder


def test_files_that_are_samples_go_with_the_rows_that_describe_them(images: Path) -> None:
    described = [{"file_name": name, "text": "seen"} for name in ("a.png", "cats/c.png", "b.png")]
    (images / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in described))
    (images / "cats" / "metadata.csv").write_text("image_file_name,text\nc.png,a cat\nother.png,none\n")
    before = ids(images)
    assert take_out(images, [False, True, False]) == ["metadata.jsonl", "cats/metadata.csv", "a.png", "cats/c.png"]
    assert ids(images) == before[1:2]
    assert [json.loads(line)["file_name"] for line in (images / "metadata.jsonl").open()] == ["b.png"]
    assert (images / "cats" / "metadata.csv").read_text() == "image_file_name,text\nother.png,none\n"


def test_what_cannot_be_kept_in_step_is_refused(images: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="images: all of its files would go, .* `dvc remove`"):
        take_out(images, [False, False, False])
    (images / "metadata.csv").write_text("path,text\na.png,seen\n")
    with pytest.raises(DataError, match="metadata.csv:1: does not say in a column file_name which file"):
        take_out(images, [False, True, True])
    archives = tmp_path / "archives"
    archives.mkdir()
    with tarfile.open(archives / "a.tar", "w") as archive:
        for key in range(2):
            member = tarfile.TarInfo(f"{key}.txt")
            member.size = 1
            archive.addfile(member, BytesIO(b"%d" % key))
    pq.write_table(pa.table({"key": ["0"]}), archives / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet: describes the rows of a\.tar beside it"):
        take_out(archives, [False, True])
    (archives / "a.parquet").unlink()
    assert take_out(archives, [False, True]) == ["a.tar"]
