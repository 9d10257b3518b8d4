"""Small files under ``.dvc/tmp/provenance`` that keep what was found out, and are thrown away when damaged.

A file is one line of JSON with the version of its layout and a digest of the rest, then the rest as JSON.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from provenance.files import whole_file


def read_cached(path: Path, version: int) -> Any:
    """What `write_cached` wrote at ``path``; None where there is nothing, or it is damaged or of another version."""
    try:
        head, _, content = path.read_bytes().partition(b"\n")
        stated = json.loads(head)
        if stated == {"version": version, "digest": _digest(content)}:
            return json.loads(content)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        pass
    with suppress(OSError):
        path.unlink()
    return None


def write_cached(path: Path, version: int, value: Any) -> None:
    """Keep ``value``, of JSON's types, at ``path``; where it cannot be written, nothing is remembered."""
    with suppress(OSError):
        write_checked(path, version, value)


def write_checked(path: Path, version: int, value: Any) -> None:
    """As `write_cached`, of what must be there afterwards.

    Raises:
        OSError: it cannot be written.
    """
    content = json.dumps(value, separators=(",", ":")).encode("ascii")
    head = json.dumps({"version": version, "digest": _digest(content)}).encode("ascii")
    with whole_file(path, lasting=False) as temporary:
        temporary.write_bytes(head + b"\n" + content)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
