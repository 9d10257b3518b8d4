"""Remembered ids of files: a checksum of each is compared before it is believed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from provenance.identity.file_ids import FileIds

FOUND = {name: (bytes([number]) * 16, number) for number, name in enumerate(("a", "b", "c"))}
MD5S = {name: name * 32 for name in FOUND}


@pytest.fixture
def ids(tmp_path: Path) -> FileIds:
    made = FileIds(tmp_path, lambda: MD5S)
    made.remember(FOUND, "xxh3_128")
    assert made.known(list(FOUND), "xxh3_128") == FOUND
    return made


@pytest.mark.parametrize("change", ["id = zeroblob(16)", "size = 7", "checksum = zeroblob(8)", "digest = 'sha256'"])
def test_an_entry_that_was_changed_is_not_known(ids: FileIds, tmp_path: Path, change: str) -> None:
    with sqlite3.connect(tmp_path / "file-ids.sqlite") as database:
        database.execute(f"UPDATE file_ids SET {change} WHERE md5 = ?", [MD5S["b"]])
    others = {name: FOUND[name] for name in ("a", "c")}
    assert ids.known(list(FOUND), "xxh3_128") == others
    assert ids.known(list(FOUND), "sha256") == {}
    ids.remember(FOUND, "xxh3_128")
    assert ids.known(list(FOUND), "xxh3_128") == FOUND


def test_whatever_byte_is_damaged_no_other_id_is_given(ids: FileIds, tmp_path: Path) -> None:
    file = tmp_path / "file-ids.sqlite"
    whole = file.read_bytes()
    for place in [*range(0, len(whole), 97), *range(len(whole) - 200, len(whole))]:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        known = ids.known(list(FOUND), "xxh3_128")
        assert all(FOUND[name] == found for name, found in known.items())


def test_what_cannot_be_kept_is_only_not_known(tmp_path: Path) -> None:
    (tmp_path / "file-ids.sqlite").mkdir()
    ids = FileIds(tmp_path, lambda: MD5S)
    ids.remember(FOUND, "xxh3_128")
    assert ids.known(list(FOUND), "xxh3_128") == {}
