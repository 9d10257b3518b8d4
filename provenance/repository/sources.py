"""Other DVC repositories that something was imported from: opened as DVC opens them, at a commit.

Where a dataset was imported without its sidecar, the sidecar of its source is read at the commit that DVC recorded.
Such a commit never changes, so what was found there, or that nothing was, is kept.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from provenance.errors import RepositoryError
from provenance.repository.calls import dvc_call, one_line
from provenance.repository.dvc_files import DvcFiles, UnusualError
from provenance.repository.kept_copies import KeptCopies
from provenance.repository.tracked import ImportSource
from provenance.stored import FolderElsewhere

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

    ``kept``: copies of them. Of one in parts, each part is a copy, and under the sidecar's key there is a list of them:
    JSON, the key of each part's copy by the part's name. ``dvc`` opens DVC; ``fetching`` is called before each fetch;
    None rules them out.
    """

    def __init__(self, kept: KeptCopies, dvc: Callable[[], Repo], fetching: Fetching | None) -> None:
        self._kept = kept
        self._dvc = dvc
        self._fetching = fetching

    def file(self, source: ImportSource, path: str) -> Path | None:
        """The sidecar, a file or a folder, of what was imported to ``path``; None where its source has none.

        Raises:
            RepositoryError: the source cannot be opened, or must not be.
        """
        kept = self._kept.find(_key(source))
        if kept is not None and (not _is_list(kept) or self._folder(kept, path) is not None):
            return self._opened(kept, path)
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
        return self._opened(kept, path)

    def _opened(self, copy: Path, path: str) -> Path | None:
        """What was found: the copy, a folder where it is a list of parts, or None where there was no sidecar."""
        if _is_list(copy):
            return self._folder(copy, path)
        return copy if copy.stat().st_size else None

    def _folder(self, copy: Path, path: str) -> Path | None:
        """The folder of the parts in the list ``copy``; None where one of them is not here any more.

        ``path``: what it was imported to.
        """
        parts = {name: self._kept.find(key) for name, key in json.loads(copy.read_bytes()).items()}
        whole = {name: part for name, part in parts.items() if part is not None}
        return FolderElsewhere(f"{path} (the sidecar of its source)", whole) if len(whole) == len(parts) else None

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
                    if files.isdir(sidecar):
                        copy.write_text(json.dumps(self._parts(files, sidecar, _key(source))), encoding="utf-8")
                    else:
                        files.get_file(sidecar, str(copy))
                    return
                following = _earlier(files, following)

    def _parts(self, files: DVCFileSystem, sidecar: str, key: str) -> dict[str, str]:
        """Keep each file of the folder ``sidecar``; the keys of the copies, by their names in it."""
        found: dict[str, str] = {}
        for path in files.find(sidecar):
            name = posixpath.relpath(path, sidecar)
            found[name] = _digest(f"{key}\0{name}")
            self._kept.keep(found[name], partial(_download, files, path))
        return found


def _download(files: DVCFileSystem, path: str, copy: Path) -> None:
    files.get_file(path, str(copy))


def _is_list(copy: Path) -> bool:
    with open(copy, "rb") as opened:
        return opened.read(1) == b"{"


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
    return _digest(named)


def _digest(named: str) -> str:
    return hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def without_credentials(url: str) -> str:
    """``url`` without user name, password, query and fragment, which may hold secrets; a path stays as it is."""
    parts = urlsplit(url)
    if not parts.scheme or not parts.netloc:
        return url
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
