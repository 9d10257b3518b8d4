"""What is not wrong in a repository, but lets lineage go stale or get lost without a word from DVC."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from provenance.identity.names import SIDECAR_SUFFIX, sidecar_path
from provenance.repository.stages import missing_sidecars
from provenance.repository.tracked import TrackedFile, address, path_from_root, pointer_file

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc.stage import PipelineStage

NOT_AS_RECORDED = (
    "its sidecar is not the one that DVC has recorded; `dvc checkout` brings that one back, `dvc commit` takes over "
    "this one"
)


def remarks_on(repo: Repo, tracked: Mapping[str, TrackedFile], is_here: Callable[[str], bool]) -> Iterator[str]:
    """A line for each thing to mend in the workspace, with what mends it.

    Args:
        tracked: every out of the workspace by its path from the DVC root.
        is_here: whether there is something, which git does not track, at a path from the DVC root.

    Raises:
        dvc.exceptions.DvcException: a DVC file cannot be read.
    """
    from dvc.repo.index import Index
    from dvc.stage import PipelineStage

    for path, file in tracked.items():
        beside = sidecar_path(path)
        if file.source is None and beside not in tracked and is_here(beside):
            track = f"`dvc add {shlex.quote(beside)}`"
            yield f"{beside}: not tracked by DVC, so it is lost with this folder; track it with {track}"
    for stage in Index.from_repo(repo).stages:
        if isinstance(stage, PipelineStage):
            yield from _remarks_on_stage(repo, stage, tracked)


def _remarks_on_stage(repo: Repo, stage: PipelineStage, tracked: Mapping[str, TrackedFile]) -> Iterator[str]:
    outs = [path_from_root(repo, out.fs_path) for out in stage.outs if out.is_in_repo]
    commands = [stage.cmd] if isinstance(stage.cmd, str) else stage.cmd or []
    if not any(out.endswith(SIDECAR_SUFFIX) for out in outs) and "provenance " not in " ".join(commands):
        return
    deps = [path_from_root(repo, dep.fs_path) for dep in stage.deps if dep.is_in_repo and dep.def_path]
    for path in missing_sidecars(deps, lambda beside: beside in tracked):
        yield missing_dependency(address(stage), path, path_from_root(repo, stage.wdir) or ".")


def missing_dependency(stage: str, dataset: str, wdir: str) -> str:
    """What to say of ``stage`` (its address), which runs in ``wdir`` and reads ``dataset`` but not its sidecar."""
    line = posixpath.relpath(sidecar_path(dataset), wdir)
    return (
        f"stage {stage} reads {dataset} but does not depend on its sidecar, so it does not run again when only the "
        f"lineage changes; add this line to its deps in {pointer_file(dataset, stage)}: - {line}"
    )
