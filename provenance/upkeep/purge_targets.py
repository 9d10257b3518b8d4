"""Where what a purge leaves of a dataset may be written."""

from __future__ import annotations

import os
import shlex
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from provenance.errors import RepositoryError
from provenance.files import REVOCATIONS_FILE
from provenance.identity.names import format_name, is_dataset, sidecar_path

if TYPE_CHECKING:
    from provenance.repository import Repository
    from provenance.upkeep.purge_causes import Contaminating


def require_target(repository: Repository, path: str, target: str, contaminating: Contaminating | None) -> None:
    """Refuse to write what a purge leaves of the dataset at ``path`` to ``target``, if that cannot be.

    Raises:
        RepositoryError: it would be made again otherwise, is no place for such data, or is not DVC's to track.
    """
    datasets = repository.datasets()
    made_by = {dataset.path: dataset.stage for dataset in datasets if dataset.stage}
    imported = {dataset.path for dataset in datasets if dataset.source is not None}
    stage = repository.current_stage()
    if target in imported:
        raise RepositoryError(
            f"{target}: imported: its source would bring the rows back; purge it there, or name another file with -o"
        )
    if target == path and path in made_by:
        raise RepositoryError(
            f"{path}: made by the stage {made_by[path]}, which would make it again; purge it in a stage of its own: "
            f"{_stage_of_its_own(repository, path, contaminating)}"
        )
    if target in made_by and (stage is None or stage.name != made_by[target]):
        raise RepositoryError(f"{target}: made by the stage {made_by[target]}; name another file")
    if target != path:
        _require_kind(repository, path, target)
    for tracked in filter(repository.is_in_git, (target, sidecar_path(target))):
        raise RepositoryError(f"{tracked}: tracked by git, so DVC cannot; run `git rm --cached {tracked}` first")


def _stage_of_its_own(repository: Repository, path: str, contaminating: Contaminating | None) -> str:
    """The command that adds a stage in which the dataset at ``path`` is purged."""
    reads, options = [path, REVOCATIONS_FILE], []
    # Of a directory's name, `stage add` cannot tell that it is a dataset.
    outs = "-o OUT -o OUT.lineage.parquet" if (repository.root / path).is_dir() else "-o OUT"
    if contaminating is not None:
        sets = zip(contaminating.evaluations, contaminating.sets(repository), strict=True)
        # What a set was at another revision is no file here.
        reads[1:] = [named for named, found in sets if found.commit is None]
        options = [f"--evaluation {shlex.quote(named)}" for named in contaminating.evaluations]
    depends = " ".join(f"-d {shlex.quote(each)}" for each in reads)
    purge = " ".join(["provenance purge", shlex.quote(path), *options])
    return f"provenance stage add -n purge {depends} {outs} {purge} -o OUT"


def _require_kind(repository: Repository, path: str, target: str) -> None:
    """Refuse a target that is not a file or a directory as ``path`` is, or a directory that holds something else.

    Raises:
        RepositoryError: it is one of these.
    """
    there = repository.root / target
    if not (repository.root / path).is_dir():
        if there.is_dir() or not is_dataset(target) or _format(target) != _format(path):
            raise RepositoryError(f"{target}: must be a file of the same format as {path}")
        return
    if not there.is_dir() and (os.path.lexists(there) or is_dataset(target)):
        raise RepositoryError(f"{target}: must be a directory, as {path} is one")
    if path in map(str, PurePosixPath(target).parents) or target in map(str, PurePosixPath(path).parents):
        raise RepositoryError(f"{target}: one of it and {path} is in the other; name a directory beside it")
    if there.is_dir() and os.listdir(there) and repository.out(target) is None:
        raise RepositoryError(f"{target}: holds files that DVC does not track; name a directory that is not there yet")


def _format(path: str) -> tuple[str | None, str]:
    return format_name(path), Path(path).suffix.lower()
