from __future__ import annotations

import hashlib
import os
from pathlib import Path

from provenance.repository.read_hashes import ReadHashes


def test_a_file_is_read_again_when_its_time_was_put_back(tmp_path: Path) -> None:
    file = tmp_path / "sidecar"
    for content in (b"one", b"two"):
        file.write_bytes(content)
        os.utime(file, (1, 1))
        for hashes in [ReadHashes(tmp_path)] * 2:
            assert hashes.md5(file) == hashlib.md5(content, usedforsecurity=False).hexdigest()


def test_what_is_remembered_is_believed_while_nothing_was_written(tmp_path: Path) -> None:
    file = tmp_path / "sidecar"
    file.write_bytes(b"one")
    before = ReadHashes(tmp_path).md5(file)
    again = ReadHashes(tmp_path)
    assert [*again._known] == [str(file)]
    assert again.md5(file) == before
    (tmp_path / "read-hashes.json").write_bytes((tmp_path / "read-hashes.json").read_bytes().replace(b"9", b"8"))
    assert ReadHashes(tmp_path).md5(file) == before
