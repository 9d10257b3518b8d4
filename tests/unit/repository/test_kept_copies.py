from __future__ import annotations

from pathlib import Path

import pytest

from provenance.repository.kept_copies import KeptCopies
from provenance.repository.read_hashes import ReadHashes

KEY = "0a1b"


@pytest.fixture
def kept(tmp_path: Path) -> KeptCopies:
    return KeptCopies(tmp_path / "kept", ReadHashes(tmp_path))


def write(file: Path) -> None:
    file.write_bytes(b"content")


def test_what_is_kept_is_found_by_its_key_alone(kept: KeptCopies) -> None:
    assert kept.find(KEY) is None
    copy = kept.keep(KEY, write)
    assert copy.read_bytes() == b"content"
    assert kept.find(KEY) == copy
    assert kept.find("0a") is None


def test_nothing_is_a_content_too(kept: KeptCopies) -> None:
    copy = kept.keep(KEY, lambda file: None)
    assert kept.find(KEY) == copy and copy.read_bytes() == b""
    copy.write_bytes(b"x")
    assert kept.find(KEY) is None


@pytest.mark.parametrize("damage", [b"", b"cont", b"Content", b"content and more"])
def test_what_was_damaged_is_no_copy_any_more(kept: KeptCopies, damage: bytes) -> None:
    copy = kept.keep(KEY, write)
    copy.write_bytes(damage)
    assert kept.find(KEY) is None
    assert not copy.exists()


def test_what_fails_leaves_nothing(kept: KeptCopies, tmp_path: Path) -> None:
    def fail(file: Path) -> None:
        file.write_bytes(b"half")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        kept.keep(KEY, fail)
    assert not [*(tmp_path / "kept").iterdir()]
