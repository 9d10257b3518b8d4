"""A full disk: which place it is, and what to do, whoever found it to be full."""

from __future__ import annotations

import errno
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from provenance import room
from provenance.files import scratch_folder, whole_file
from provenance.lineage.database import said_by, scratch_database
from provenance.lineage.merging.shelf import Shelf
from provenance.room import what_failed

# Every write to it is told that there is no room.
FULL = Path("/dev/full")
NO_ROOM = "No space left on device"
needs_full_device = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def test_what_to_do_is_said() -> None:
    assert what_failed(room.no_room()) == "cannot go on: No space left on device; make room, then run this again"
    error = OSError(errno.ENOSPC, "Error writing bytes to file. Detail: [errno 28] No space left", "/there")
    assert what_failed(error) == "/there: No space left on device; make room there, then run this again"
    assert what_failed(OSError(errno.EACCES, "Permission denied", "/there")) == "/there: Permission denied"
    assert what_failed(OSError("60 requested and 4 written")) == "cannot go on: 60 requested and 4 written"


@needs_full_device
def test_the_scratch_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "has_no_room", lambda folder: True)

    def write() -> None:
        with scratch_folder(tmp_path, "add") as folder:
            (folder / "link").symlink_to(FULL)
            pq.write_table(pa.table({"a": range(100)}), folder / "link")

    with pytest.raises(OSError, match=NO_ROOM) as raised:
        write()
    assert what_failed(raised.value) == f"{tmp_path}: No space left on device; make room there, then run this again"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("is_the_one", "named"), [(True, "target"), (False, "")])
def test_a_file_is_named_where_its_own_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_the_one: bool, named: str
) -> None:
    """What is written into a scratch folder, while a file waits to take its place, may be on another disk."""
    full = tmp_path if is_the_one else tmp_path / "scratch"
    monkeypatch.setattr(room, "has_no_room", lambda folder: folder == full)
    said = pytest.raises(OSError, match=NO_ROOM)
    with said as raised, scratch_folder(tmp_path / "scratch", "add"), whole_file(tmp_path / "target"):
        raise room.no_room()
    assert raised.value.filename == str(tmp_path / (named or "scratch"))


@needs_full_device
def test_arrays_say_that_there_is_no_room(tmp_path: Path) -> None:
    """numpy's own way to write says but how much was written."""
    shelf = Shelf(tmp_path)
    shelf.put(0, "name", None)
    (file,) = tmp_path.iterdir()
    file.unlink()
    file.symlink_to(FULL)
    with pytest.raises(OSError, match=NO_ROOM):
        shelf.add_bytes(0, "name", np.zeros(100_000, np.uint8))


def test_a_database_without_room_to_spill_accuses_no_file(tmp_path: Path) -> None:
    settings = "SET memory_limit = '20MB'; SET threads = 1; SET max_temp_directory_size = '300KB'; "
    with pytest.raises(OSError, match=NO_ROOM), scratch_database(tmp_path) as connection:
        connection.execute(f"{settings}CREATE TABLE t AS SELECT i, md5(i::VARCHAR) AS s FROM range(1000000) t(i)")
    with pytest.raises(OSError, match=NO_ROOM):
        said_by(duckdb.IOException("IO Error: Could not write: No space left on device"))
    assert said_by(duckdb.IOException("IO Error: no Parquet file\nmore")) == "IO Error: no Parquet file"
