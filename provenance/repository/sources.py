"""Other DVC repositories that something was imported from."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from provenance.repository.tracked import ImportSource

if TYPE_CHECKING:
    from dvc.fs import DVCFileSystem
    from dvc.repo import Repo


def source_files(dvc: Repo, source: ImportSource) -> DVCFileSystem:
    """The files of the repository that ``source`` names, at the commit that DVC recorded, as DVC itself opens it."""
    from dvc.config import Config
    from dvc.fs import DVCFileSystem

    stated, remote = source.repo.get("config") or {}, source.repo.get("remote")
    config = deepcopy(stated) if isinstance(stated, dict) else Config.load_file(stated)
    # What is here already is not fetched again.
    config["cache"] = {**dvc.config["cache"], "dir": dvc.cache.local_cache_dir}
    url = str(source.repo["url"])
    from_root = Path(dvc.root_dir) / url
    return DVCFileSystem(
        repo=str(from_root) if from_root.is_dir() else url,
        rev=source.repo.get("rev_lock") or source.repo.get("rev"),
        subrepos=True,
        config=config,
        remote=None if isinstance(remote, dict) else remote,
        remote_config=remote if isinstance(remote, dict) else None,
    )


def without_credentials(url: str) -> str:
    """``url`` without user name, password, query and fragment, which may hold secrets; a path stays as it is."""
    parts = urlsplit(url)
    if not parts.scheme or not parts.netloc:
        return url
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
