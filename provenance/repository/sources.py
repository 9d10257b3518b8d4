"""Other DVC repositories that something was imported from: opened as DVC opens them, at a commit.

Where a dataset was imported without its sidecar, the sidecar of its source is read at the commit that DVC recorded.
Such a commit never changes, so what was found there, or that nothing was, is kept.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from provenance.errors import RepositoryError
from provenance.repository.calls import dvc_call, one_line
from provenance.repository.dvc_files import DvcFiles, UnusualError
from provenance.repository.kept_copies import KeptCopies
from provenance.repository.tracked import ImportSource

if TYPE_CHECKING:
    from dvc.fs import DVCFileSystem
    from dvc.repo import Repo

    from provenance.repository.calls import Fetching

# A source may have imported the dataset itself.
_MOST_SOURCES = 10


def source_files(dvc: Repo, repo: dict[str, Any]) -> DVCFileSystem:
    """The files of the repository that ``repo`` names (see `ImportSource`), at its commit, as DVC itself opens it."""
    from dvc.config import Config
    from dvc.fs import DVCFileSystem

    stated, remote = repo.get("config") or {}, repo.get("remote")
    config = deepcopy(stated) if isinstance(stated, dict) else Config.load_file(stated)
    # What is here already is not fetched again.
    config["cache"] = {**dvc.config["cache"], "dir": dvc.cache.local_cache_dir}
    return DVCFileSystem(
        repo=location(Path(dvc.root_dir), str(repo["url"])),
        rev=repo.get("rev_lock") or repo.get("rev"),
        subrepos=True,
        config=config,
        remote=None if isinstance(remote, dict) else remote,
        remote_config=remote if isinstance(remote, dict) else None,
    )


def has_file(files: DVCFileSystem, path: str) -> bool:
    """Whether a file or directory is at ``path``; unlike `exists`, it raises what keeps the answer from being known."""
    try:
        files.info(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def location(root: Path, url: str) -> str:
    """``url``, which may be a path from ``root``, so that it says the same from everywhere."""
    from_root = root / url
    return str(from_root) if from_root.is_dir() else url


class SourceSidecars:
    """The sidecars that the sources of imported datasets have.

    ``kept``: copies of them. ``dvc`` opens DVC; ``fetching`` is called before each fetch; None rules them out.
    """

    def __init__(self, kept: KeptCopies, dvc: Callable[[], Repo], fetching: Fetching | None) -> None:
        self._kept = kept
        self._dvc = dvc
        self._fetching = fetching

    def file(self, source: ImportSource, path: str) -> Path | None:
        """The sidecar of what was imported to ``path``; None where its source has none.

        Raises:
            RepositoryError: the source cannot be opened, or must not be.
        """
        kept = self._kept.find(_key(source))
        if kept is not None:
            return _unless_empty(kept)
        url = without_credentials(str(source.repo["url"]))
        if self._fetching is None:
            raise RepositoryError(
                f"{path}: imported from {url} without its sidecar, and --no-fetch rules out looking there"
            )
        self._fetching(f"the sidecar of {path} from {url}")
        try:
            kept = self._kept.keep(_key(source), lambda file: self._look(source, file))
        except RepositoryError as error:
            said = f"{path}: imported from {url}, whose sidecar cannot be had: {one_line(error)}"
            raise RepositoryError(said) from error
        return _unless_empty(kept)

    def _look(self, source: ImportSource, copy: Path) -> None:
        """Write the sidecar to the file ``copy``; nothing, where there is none."""
        from provenance.identity.names import sidecar_path

        following: ImportSource | None = source
        for _ in range(_MOST_SOURCES):
            if following is None:
                break
            with dvc_call():
                files = source_files(self._dvc(), following.repo)
                sidecar = sidecar_path(following.path)
                if has_file(files, sidecar):
                    files.get_file(sidecar, str(copy))
                    return
                following = _earlier(files, following)


def _unless_empty(copy: Path) -> Path | None:
    return copy if copy.stat().st_size else None


def _earlier(files: DVCFileSystem, source: ImportSource) -> ImportSource | None:
    """Where the source itself has imported it from, if it has."""
    pointer = f"{source.path}.dvc"
    if not has_file(files, pointer):
        return None
    try:
        (out,) = DvcFiles().single(pointer, files.read_text(pointer, encoding="utf-8"))
    except (UnusualError, UnicodeDecodeError, ValueError):
        return None
    if out.source is None:
        return None
    url = str(out.source.repo["url"])
    # A path there counts from there.
    beside = Path(posixpath.normpath(posixpath.join(str(source.repo["url"]), url)))
    return ImportSource(out.source.path, out.source.repo | {"url": str(beside) if beside.is_dir() else url})


def _key(source: ImportSource) -> str:
    named = "\0".join([*(str(source.repo.get(name)) for name in ("url", "rev_lock", "rev", "remote")), source.path])
    return hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def without_credentials(url: str) -> str:
    """``url`` without user name, password, query and fragment, which may hold secrets; a path stays as it is."""
    parts = urlsplit(url)
    if not parts.scheme or not parts.netloc:
        return url
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
