"""Digests and stamps of files."""

from __future__ import annotations

import os
from pathlib import Path

import xxhash

from provenance.file_digests import stamp_of, xxh3_of


def test_a_digest_is_of_the_content_and_a_stamp_of_the_file(tmp_path: Path) -> None:
    file, other = tmp_path / "one", tmp_path / "other"
    content = bytes(range(256)) * 10_000
    file.write_bytes(content)
    other.write_bytes(content)
    assert xxh3_of(file) == xxh3_of(other) == xxhash.xxh3_128_hexdigest(content)
    before = stamp_of(file)
    assert before[0] == len(content) and before == stamp_of(file) != stamp_of(other)
    # Its size and its time of change are as they were; the time that only the kernel sets is not.
    file.write_bytes(content)
    os.utime(file, ns=(before[1], before[1]))
    assert stamp_of(file) != before
