from __future__ import annotations

import os
from pathlib import Path

import pytest

from provenance.errors import DataError
from provenance.files import md5_of
from provenance.identity import Identity, scan
from provenance.repository import Repository
from provenance.upkeep.hashing import hashing_of

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
        # Other bytes of the same length and times: who reads them now finds another hash.
        file.write_bytes(ROW.replace(b"words", b"sword"))
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
        assert hashing(file)[0] != md5_of(file)
    repository.add([file])
    assert md5_of(file) not in (repository.root / "told.jsonl.dvc").read_text()


def test_a_file_that_changed_meanwhile_is_hashed_by_dvc(repository: Repository) -> None:
    file = repository.root / "changing.jsonl"
    file.write_bytes(ROW)
    with hashing_of(repository, file) as hashing:
        for _ in scan(file, Identity(), watch=hashing.take):
            pass
        file.write_bytes(ROW * 2)
        assert hashing(file) == (md5_of(file), 2 * len(ROW))


def test_an_error_of_a_row_ends_the_reading(repository: Repository) -> None:
    file = repository.root / "damaged.jsonl"
    file.write_bytes(ROW * 200_000 + b"{\n")
    with pytest.raises(DataError, match="200001"):
        read(repository, file)
