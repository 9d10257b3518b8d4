"""What DVC tracks at one revision."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provenance.errors import RepositoryError

if TYPE_CHECKING:
    from dvc.dependency.repo import RepoDependency
    from dvc.output import Output
    from dvc.repo import Repo
    from dvc.stage import Stage as DvcStage

# How DVC 2 hashed: text with each CRLF read as LF.
LEGACY_HASH = "md5-dos2unix"
_MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")


@dataclass(frozen=True)
class Dataset:
    """One DVC-tracked dataset at one revision.

    ``path`` and ``sidecar`` are relative to the DVC root, ``size`` is in bytes, ``stage`` is the address from the DVC
    root of the stage that makes it (None: added or imported). ``md5`` and ``size`` are those of the workspace file
    where there is one and the workspace was asked for, else what DVC recorded (None: the stage has not run).
    ``source``: its path in the repository that it was imported from. ``is_legacy``: see `TrackedFile.is_legacy`.
    """

    path: str
    md5: str | None
    size: int | None
    stage: str | None
    sidecar: str | None
    source: str | None = None
    is_legacy: bool = False


@dataclass(frozen=True)
class ImportSource:
    """Where an out was imported from: ``path`` in another DVC repository; ``repo`` is what DVC records of that.

    ``repo`` has ``url``, ``rev_lock`` (the commit) and, where they were given, ``rev``, ``config`` and ``remote``.
    """

    path: str
    repo: dict[str, Any]


@dataclass(frozen=True)
class TrackedFile:
    """An out, a file or a directory, as DVC recorded it.

    ``cached``: its content is in DVC's cache, else in git. ``result``: a metric or a plot. ``source``: what it was
    imported from, if from another DVC repository.
    """

    path: str
    md5: str | None
    size: int | None
    hash_name: str
    stage: str | None
    remote: str | None
    cached: bool
    result: bool
    source: ImportSource | None

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory, as far as DVC knows yet."""
        return self.md5 is not None and self.md5.endswith(".dir")

    @property
    def is_legacy(self) -> bool:
        """Whether DVC 2 tracked it: its MD5 is of text whatever the line ends, so it does not stand for the bytes."""
        return self.hash_name != "md5"


def pointer_file(path: str, stage: str | None) -> str:
    """The file in which DVC says what the out at ``path``, of ``stage``, is."""
    if stage is None:
        return f"{path}.dvc"
    return stage.rpartition(":")[0] or "dvc.yaml"


def tracked_files(repo: Repo) -> dict[str, TrackedFile]:
    """Every out at the revision ``repo`` stands at, by path.

    Raises:
        RepositoryError: an out's recorded hash is not an MD5.
        dvc.exceptions.DvcException: a DVC file cannot be read.
    """
    from dvc.repo.index import Index

    # A fresh index each time: the one that DVC keeps does not see that files have changed.
    outs = [out for out in Index.from_repo(repo).outs if out.is_in_repo]
    files = (_tracked_file(repo, out) for out in outs)
    return {file.path: file for file in files}


def stage_inputs(repo: Repo) -> dict[str, frozenset[str]]:
    """By the path of each stage's out, the paths in the repository that the stage depends on, as ``repo`` stands.

    Raises:
        dvc.exceptions.DvcException: a DVC file cannot be read.
    """
    from dvc.repo.index import Index
    from dvc.stage import PipelineStage

    found: dict[str, frozenset[str]] = {}
    for stage in Index.from_repo(repo).stages:
        if isinstance(stage, PipelineStage):
            deps = frozenset(path_from_root(repo, dep.fs_path) for dep in stage.deps if dep.is_in_repo and dep.def_path)
            found |= {path_from_root(repo, out.fs_path): deps for out in stage.outs if out.is_in_repo}
    return found


def _tracked_file(repo: Repo, out: Output) -> TrackedFile:
    from dvc.stage import PipelineStage

    path = path_from_root(repo, out.fs_path)
    md5 = out.hash_info.value
    # The hash names a file of the cache: anything else could point out of it.
    if md5 is not None and not _MD5.fullmatch(str(md5)):
        raise RepositoryError(f"{path}: the hash recorded in {out.stage.path_in_repo} is not an MD5; repair that file")
    return TrackedFile(
        path=path,
        md5=md5,
        size=out.meta.size,
        hash_name=out.hash_name,
        stage=address(out.stage) if isinstance(out.stage, PipelineStage) else None,
        remote=out.remote,
        cached=out.use_cache,
        result=out.is_metric or out.is_plot,
        source=_import_source(out.stage.deps[0]) if out.stage.is_repo_import else None,
    )


def _import_source(dependency: RepoDependency) -> ImportSource:
    return ImportSource(dependency.def_path, dict(dependency.def_repo))


def path_from_root(repo: Repo, path: str) -> str:
    """``path``, which is absolute in ``repo``'s file system, from the DVC root, with forward slashes."""
    return "/".join(repo.fs.relparts(path, repo.root_dir))


def address(stage: DvcStage) -> str:
    """``stage``'s address from the DVC root; DVC's own depends on the working directory, and is wrong at a revision."""
    file, name = stage.path_in_repo.replace("\\", "/"), getattr(stage, "name", None)
    if name is None:
        return str(file)
    return name if file == "dvc.yaml" else f"{file}:{name}"
