"""DVC's `.dir` objects: which files a directory has, and the MD5 of each."""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath

from provenance.errors import RepositoryError

_MD5 = re.compile(r"[0-9a-f]{32}")


def read_manifest(file: Path) -> dict[str, str]:
    """The MD5 of each file of a directory, by the file's path in it.

    Raises:
        RepositoryError: the manifest is damaged, or names a file outside the directory.
    """
    files: dict[str, str] = {}
    try:
        files = {entry["relpath"]: entry["md5"] for entry in json.loads(file.read_bytes())}
        safe = all(_is_inside(path) and _MD5.fullmatch(md5) for path, md5 in files.items())
    except (ValueError, TypeError, KeyError, RecursionError):
        safe = False
    if not safe:
        raise RepositoryError(f"{file}: a damaged list of a directory's files; remove it and run `dvc fetch`")
    return files


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path.replace("\\", "/")).parts
    return bool(parts) and not path.startswith(("/", "\\")) and ".." not in parts and ":" not in parts[0]
