"""Where a DVC repository is, and paths in it: from its root, with forward slashes."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from provenance.errors import OutsideError, RepositoryError

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/{1,2}([^/].*)", re.DOTALL)


def root_around(directory: str | os.PathLike[str]) -> Path:
    """The root of the DVC repository that ``directory`` is in.

    Raises:
        RepositoryError: it is in none.
    """
    # DVC keeps its hashes by path, and itself starts from the resolved one.
    start = Path(os.path.realpath(directory))
    if start.is_dir():
        for root in (start, *start.parents):
            if (root / ".dvc").is_dir():
                return root
    message = f"{directory}: not inside a DVC repository; run `git init && dvc init` at the project's root"
    raise RepositoryError(message)


def from_root(root: Path, base: Path, path: str | os.PathLike[str]) -> str:
    """``path``, absolute or from ``base``, as a path from ``root``.

    Raises:
        OutsideError: it is not inside.
        RepositoryError: it cannot be a path of DVC.
    """
    if any("\ud800" <= character <= "\udfff" for character in os.fspath(path)):
        # Python's stand-ins for bytes that are not UTF-8.
        raise RepositoryError(f"{os.fspath(path)!r}: not valid UTF-8, so DVC cannot track it; rename the file")
    # Only the directory is resolved: the file itself may be DVC's link into its cache.
    try:
        joined = Path(os.path.normpath(base / path))
        return (joined.parent.resolve() / joined.name).relative_to(root).as_posix()
    except (ValueError, OSError) as error:
        raise OutsideError(f"{os.fspath(path)}: not inside the DVC repository {root}") from error


def require_no_address(path: str | os.PathLike[str]) -> None:
    """Refuse what names data elsewhere, such as ``s3://bucket/data.jsonl``.

    Raises:
        RepositoryError: ``path`` is no path.
    """
    # As a path, it has lost a slash.
    found = _ADDRESS.match(os.fspath(path))
    if found is None:
        return
    address = f"{found[1]}://{found[2]}"
    raise RepositoryError(
        f"{address}: an address, and datasets go by their paths in this repository; bring it in with `dvc import-url "
        f"{shlex.quote(address)}`, and name the file that it makes"
    )
