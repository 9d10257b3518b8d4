"""The stage that is running."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from provenance.identity.names import is_dataset, sidecar_path
from provenance.repository.running_stage import find_running_stage
from provenance.repository.tracked import address, path_from_root

if TYPE_CHECKING:
    from dvc.dependency.base import Dependency
    from dvc.repo import Repo
    from dvc.stage import PipelineStage

_DEFAULT_PARAMETERS_FILE = "params.yaml"


@dataclass(frozen=True)
class Stage:
    """A stage as it is being run. Paths are relative to the DVC root.

    ``name`` is its address from the DVC root. ``dependencies`` are (path, DVC's hash of what is there now); one outside
    the repository is named as declared, without credentials and, if absolute, without its folder. ``parameters`` hold
    the values of now under the names by which the stage declares them; a name from a file other than the root's
    params.yaml has that file before it, ``FILE:NAME``. ``known`` are the dependencies with lineage, whether the stage
    depends on their sidecars or not.
    """

    name: str
    command: str
    wdir: str
    dependencies: tuple[tuple[str, str | None], ...]
    parameters: dict[str, Any]
    outs: tuple[str, ...]
    known: tuple[str, ...] = ()

    @property
    def datasets(self) -> list[str]:
        """The datasets of this repository that it depends on, without their sidecars."""
        # What lies outside the repository has no hash, and no lineage here.
        here = {path for path, md5 in self.dependencies if md5 is not None}
        return [
            path
            for path, _ in self.dependencies
            if path in here and (is_dataset(path) or sidecar_path(path) in here or path in self.known)
        ]


def missing_sidecars(deps: Iterable[str], exists: Callable[[str], bool]) -> list[str]:
    """Those of the paths ``deps`` that a stage depends on whose sidecar ``exists`` and is not one of ``deps``."""
    stated = set(deps)
    return [path for path in sorted(stated) if (beside := sidecar_path(path)) not in stated and exists(beside)]


def running_stage(repo: Repo, hash_of: Callable[[str], str | None], datasets: Container[str]) -> Stage | None:
    """The stage of ``repo`` that this process runs in; see `find_running_stage`.

    ``hash_of`` gives DVC's hash of a path from the DVC root; ``datasets``: the paths of all of them.

    Raises:
        RepositoryError: more than one stage fits.
        dvc.exceptions.DvcException: a DVC file or a parameters file cannot be read.
    """
    from dvc.dependency.param import ParamsDependency

    stage = find_running_stage(repo)
    if stage is None:
        return None
    dependencies = [dep for dep in stage.deps if not isinstance(dep, ParamsDependency)]
    here = [path_from_root(repo, dep.fs_path) for dep in dependencies if dep.is_in_repo]
    return Stage(
        name=address(stage),
        command="\n".join([stage.cmd] if isinstance(stage.cmd, str) else stage.cmd),
        wdir=path_from_root(repo, stage.wdir) or ".",
        dependencies=tuple(_dependency(repo, dep, hash_of) for dep in dependencies),
        parameters=_parameters(repo, stage),
        outs=tuple(path_from_root(repo, out.fs_path) for out in stage.outs if out.is_in_repo),
        known=tuple(path for path in here if path in datasets),
    )


def _dependency(repo: Repo, dep: Dependency, hash_of: Callable[[str], str | None]) -> tuple[str, str | None]:
    if dep.is_in_repo:
        path = path_from_root(repo, dep.fs_path)
        return path, hash_of(path)
    if os.path.isabs(dep.def_path):
        # Where it lies on this machine is nobody else's business.
        return Path(dep.def_path).name, None
    url = urlsplit(dep.def_path)
    # User name, password and query may hold secrets.
    return (f"{url.scheme}://{url.hostname or ''}{url.path}" if url.scheme else dep.def_path), None


def _parameters(repo: Repo, stage: PipelineStage) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for dep in stage.params:
        file = path_from_root(repo, dep.fs_path) if dep.is_in_repo else dep.def_path
        prefix = "" if file == _DEFAULT_PARAMETERS_FILE else f"{file}:"
        parameters.update({f"{prefix}{name}": value for name, value in dep.read_params().items()})
    return parameters
