"""Sidecars of many commits: what cannot be read of one is said of that one."""

from __future__ import annotations

from pathlib import Path

from fsspec.implementations.memory import MemoryFileSystem

from provenance.ledger.history.sidecars import MISSING, open_each
from provenance.stored import Storage, StoredFile


def test_a_file_that_left_the_storage_is_missing(tmp_path: Path) -> None:
    """It was there when it was listed."""
    storage = Storage("lake", MemoryFileSystem())
    opened, unknown = open_each({"key": StoredFile("rows.jsonl", storage, "nobody/gone", 100)}, tmp_path)
    assert opened == {}
    assert unknown["key"].state is MISSING and "the remote lake has no bucket nobody" in unknown["key"].reason
