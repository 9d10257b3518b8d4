"""Files on storage: ranges are read where they are, once; what is wrong is said in one line."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from provenance.errors import RepositoryError
from provenance.lineage.database import parquet_rows, scratch_database
from provenance.stored import FolderElsewhere, Storage, StoredFile, readable

BLOCK = 1 << 14
CONTENT = bytes(range(256)) * 4096


class Counting(MemoryFileSystem):  # type: ignore[misc]
    """Storage in memory that notes the ranges that are asked of it."""

    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int | None, int | None]] = []
        self.error: Exception | None = None

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **kwargs: object) -> bytes:
        self.asked.append((start, end))
        if self.error is not None:
            raise self.error
        return bytes(super().cat_file(path, start, end, **kwargs))


@pytest.fixture
def filesystem() -> Counting:
    return Counting()


def stored(filesystem: Counting, content: bytes, name: str = "bucket/object") -> StoredFile:
    filesystem.pipe_file(name, content)
    return StoredFile(f"data.parquet (memory://{name})", Storage("lake", filesystem), name)


def test_a_range_is_read_where_it_is_and_once(filesystem: Counting) -> None:
    file = stored(filesystem, CONTENT)
    for _ in range(2):
        with file.open() as opened:
            opened.seek(1000)
            assert opened.read(500) == CONTENT[1000:1500]
            assert opened.tell() == 1500
    assert filesystem.asked == [(0, BLOCK)]


def test_only_what_is_not_known_yet_is_asked_for(filesystem: Counting) -> None:
    file = stored(filesystem, CONTENT)
    assert file.read_range(BLOCK + 5, BLOCK + 7) == CONTENT[BLOCK + 5 : BLOCK + 7]
    assert file.read_range(10, 3 * BLOCK - 10) == CONTENT[10 : 3 * BLOCK - 10]
    assert file.read_range(BLOCK, 4 * BLOCK) == CONTENT[BLOCK : 4 * BLOCK]
    assert file.read_range(0, len(CONTENT) + 5) == CONTENT
    assert filesystem.asked == [(BLOCK, 2 * BLOCK), (0, 3 * BLOCK), (3 * BLOCK, 4 * BLOCK), (4 * BLOCK, len(CONTENT))]


def test_the_end_of_a_file_is_read_at_once(filesystem: Counting) -> None:
    with stored(filesystem, CONTENT).open() as opened:
        opened.seek(-8, 2)
        assert opened.read() == CONTENT[-8:]
        opened.seek(-5000, 2)
        assert opened.read(4000) == CONTENT[-5000:-1000]
        assert opened.read(-1) == CONTENT[-1000:]
        assert opened.read() == b""
    assert len(filesystem.asked) == 1


def test_arrow_and_duckdb_read_the_columns_that_they_need(filesystem: Counting, tmp_path: Path) -> None:
    table = pa.table({"a": pa.array(range(200_000)), "b": pa.array([str(n) * 20 for n in range(200_000)])})
    written = pa.BufferOutputStream()
    pq.write_table(table, written, row_group_size=20_000)
    content = written.getvalue().to_pybytes()
    file = stored(filesystem, content)
    assert pq.ParquetFile(readable(file)).read(["a"]) == table.select(["a"])
    with scratch_database(tmp_path) as connection:
        assert connection.execute(f"SELECT sum(a), count(*) FROM {parquet_rows(file)}").fetchall() == [
            (sum(range(200_000)), 200_000)
        ]
    # Each starts at the end of the file, which was read once for both, and each group's column too.
    ranges = [(start, end) for start, end in filesystem.asked if start is not None and end is not None]
    assert sum(end - start for start, end in ranges) < len(content) / 2
    assert len(filesystem.asked) == len(set(filesystem.asked))


def test_what_needs_a_file_of_this_machine_refuses(filesystem: Counting) -> None:
    file = stored(filesystem, CONTENT)
    with pytest.raises(RepositoryError, match=r"^data\.parquet \(memory://bucket/object\): .* `dvc fetch`$"):
        open(file, "rb")  # noqa: SIM115 - what others do with a path
    with pytest.raises(RepositoryError, match="cannot be changed"):
        file.open("wb")


def test_tasks_of_one_process_share_what_they_have_read() -> None:
    storage = Storage("lake", LocalFileSystem())
    one, other = (pickle.loads(pickle.dumps(StoredFile(f"file {n}", storage, "/x"))) for n in range(2))  # noqa: S301
    assert one.storage is other.storage


def test_paths_are_handed_on_like_others(filesystem: Counting) -> None:
    file = stored(filesystem, CONTENT)
    folder = FolderElsewhere("data.parquet", {"part": file, "here": Path("/here/part")})
    assert (folder / "part", folder / "here") == (file, Path("/here/part"))
    assert (folder.is_dir(), file.is_file(), folder.resolve(), file.absolute()) == (True, True, folder, file)
    assert [path.name for path in folder.iterdir()] == ["part", "here"]
    file.state_size(77)
    assert file.size == 77
    handed_on = pickle.loads(pickle.dumps(folder))  # noqa: S301 - it is our own
    assert handed_on == folder and handed_on / "part" == file


def caused(error: OSError, response: object) -> OSError:
    """``error`` as s3fs raises it of an answer of the storage."""
    error.__cause__ = type("ClientError", (Exception,), {"response": response})()
    return error


def test_what_is_cut_does_not_pass_for_the_whole(filesystem: Counting) -> None:
    file = stored(filesystem, CONTENT)
    file.state_size(len(CONTENT) + 10)
    with pytest.raises(RepositoryError, match=r"the remote lake sent \d+ bytes of \d+; ask again"):
        file.read_range(len(CONTENT) - 5, len(CONTENT) + 10)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError("Forbidden: key AKIA-SECRET"), "the remote lake refuses access (PermissionError); give it"),
        (ConnectionError("http://user:SECRET@host"), "the remote lake cannot be reached (ConnectionError); check its"),
        (
            caused(OSError("slow SECRET"), {"Error": {"Code": "SlowDown"}}),
            "the remote lake answers with an error (SlowDown); ask again later",
        ),
        (
            caused(PermissionError("SECRET"), {"Error": {"Code": "ExpiredToken"}}),
            "the remote lake refuses access (ExpiredToken); give it",
        ),
        (
            caused(PermissionError(), {"Error": {"Code": "SECRET key, 40/characters"}}),
            "the remote lake refuses access (PermissionError); give it",
        ),
        (
            type("FlexibleChecksumError", (Exception,), {})("SECRET"),
            "the remote lake sent something that is not whole (FlexibleChecksumError); ask again",
        ),
    ],
)
def test_what_is_wrong_is_said_without_secrets(filesystem: Counting, error: Exception, said: str) -> None:
    file = stored(filesystem, CONTENT)
    filesystem.error = error
    with pytest.raises(RepositoryError) as refused:
        file.read_range(0, 10)
    assert said in str(refused.value) and "SECRET" not in str(refused.value)
    assert re.match(r"memory://+bucket/object: ", str(refused.value))


def test_a_storage_that_cannot_be_reached_is_not_asked_again_at_once(filesystem: Counting) -> None:
    file = stored(filesystem, CONTENT)
    filesystem.error = TimeoutError()
    for _ in range(3):
        with pytest.raises(RepositoryError, match="cannot be reached"):
            file.read_range(0, 10)
    assert len(filesystem.asked) == 1


def test_what_is_not_there(filesystem: Counting) -> None:
    file = stored(filesystem, CONTENT)
    missing = StoredFile("other", file.storage, "bucket/other")
    with pytest.raises(RepositoryError, match=r"not in the remote lake; `dvc push` it"):
        missing.read_bytes()
    elsewhere = StoredFile("other", file.storage, "nobody/other")
    with pytest.raises(RepositoryError, match=r"the remote lake has no bucket nobody"):
        elsewhere.read_bytes()


def test_duckdb_says_why_a_file_cannot_be_read(filesystem: Counting, tmp_path: Path) -> None:
    import duckdb

    from provenance.lineage.database import refused_by_storage

    file = stored(filesystem, CONTENT)
    filesystem.error = PermissionError()
    with scratch_database(tmp_path) as connection, pytest.raises(duckdb.Error) as refused:
        connection.execute(f"FROM {parquet_rows(file)}")
    assert "the remote lake refuses access" in (refused_by_storage(refused.value) or "")
