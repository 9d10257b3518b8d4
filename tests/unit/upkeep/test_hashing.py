from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

import pytest

from provenance.errors import DataError
from provenance.file_digests import md5_of
from provenance.identity import Identity, scan
from provenance.repository import Repository
from provenance.upkeep import hashing as hashes
from provenance.upkeep.hashing import PieceByPiece, hash_ahead, hashing_of

ROW = b'{"text": "some words"}\n'


def read(repository: Repository, file: Path) -> tuple[str | None, int]:
    with hashing_of(repository, file) as hashing:
        for _ in scan(file, Identity(), watch=hashing.take):
            pass
        return hashing(file)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.jsonl", ROW * 200_000),
        ("cut.jsonl", b"\xef\xbb\xbf\n" + ROW + ROW[:-1]),
        ("empty.jsonl", b""),
        ("rows.csv", b"text\nsome words\n"),
    ],
)
def test_the_hash_is_that_of_the_file(repository: Repository, name: str, content: bytes) -> None:
    file = repository.root / name
    file.write_bytes(content)
    assert read(repository, file) == (md5_of(file), len(content))


def test_dvc_is_told_the_hash_and_does_not_read_the_file_again(repository: Repository) -> None:
    file = repository.root / "told.jsonl"
    file.write_bytes(ROW)
    state = os.stat(file)
    with hashing_of(repository, file) as hashing:
        for _ in scan(file, Identity(), watch=hashing.take):
            pass
        for thread in threading.enumerate():
            if thread.name == "hashing":
                thread.join()
        # Other bytes of the same length and times: who reads them now finds another hash.
        file.write_bytes(ROW.replace(b"words", b"sword"))
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
        assert hashing(file)[0] != md5_of(file)
    repository.add([file])
    assert md5_of(file) not in (repository.root / "told.jsonl.dvc").read_text()


def test_an_error_of_a_row_ends_the_reading(repository: Repository) -> None:
    file = repository.root / "damaged.jsonl"
    file.write_bytes(ROW * 200_000 + b"{\n")
    with pytest.raises(DataError, match="200001"):
        read(repository, file)


def test_neither_is_far_ahead_of_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "_PIECE", 10)
    monkeypatch.setattr(hashes, "_APART", 30)
    file = tmp_path / "rows.jsonl"
    file.write_bytes(bytes(1000))
    hashed = PieceByPiece(file)
    for read in range(0, 1000, 100):
        assert hashed._hashed <= read + 40
        hashed.read(100)
        assert read + 100 - hashed._hashed <= 30
    assert hashed.result() == hashlib.md5(bytes(1000), usedforsecurity=False).hexdigest()


def test_a_hash_is_begun_ahead_of_what_is_surely_read(tmp_path: Path, repository: Repository) -> None:
    file = repository.root / "ahead.jsonl"
    file.write_bytes(ROW)
    (tmp_path / "rows.csv").write_bytes(b"text\na\n")
    assert (
        hash_ahead([]) is hash_ahead([str(tmp_path / "none.jsonl")]) is hash_ahead([str(tmp_path / "rows.csv")]) is None
    )
    ahead = hash_ahead([str(file), "more.jsonl"])
    assert ahead is not None and ahead.is_of(file)
    with hashing_of(repository, file, ahead) as hashing:
        hashing.take(len(ROW))
        assert hashing(file) == (md5_of(file), len(ROW))
    file.write_bytes(ROW * 2)
    assert not ahead.is_of(file)
    with hashing_of(repository, file, ahead) as hashing:
        assert hashing(file) == (md5_of(file), 2 * len(ROW))
    file.with_name("ahead.jsonl.lineage.parquet").touch()
    assert hash_ahead([str(file)]) is None, "it may have been added already, and then be known"


def test_of_a_file_that_is_gone_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "_PIECE", 10)
    monkeypatch.setattr(hashes, "_APART", 0)
    file = tmp_path / "rows.jsonl"
    file.write_bytes(bytes(100))
    hashed = PieceByPiece(file)
    while hashed._hashed < 10:
        time.sleep(0.001)
    os.truncate(file, 20)
    assert hashed.result() is None


@pytest.mark.parametrize("name", ["written.jsonl", "written.parquet"])
@pytest.mark.parametrize("change", ["more", "another", "none"])
def test_a_file_that_changes_while_it_is_read_is_refused(repository: Repository, name: str, change: str) -> None:
    file = repository.root / name
    file.write_bytes(ROW)
    with hashing_of(repository, file) as hashing:
        hashing.take(len(ROW))
        if change == "more":
            with open(file, "ab") as more:
                more.write(ROW)
        else:
            file.unlink()
        if change == "another":
            file.write_bytes(ROW[::-1])
        with pytest.raises(DataError, match="has changed while it was read; add it again"):
            hashing(file)
