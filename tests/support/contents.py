"""Contents of files in functional tests: two versions of a dataset, and how DVC hashes them."""

from __future__ import annotations

import hashlib
from pathlib import Path

ONE, TWO = b'{"text": "one"}\n', b'{"text": "two"}\n'


def digest(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
