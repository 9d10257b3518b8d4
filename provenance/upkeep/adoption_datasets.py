"""The datasets of a repository as `provenance adopt` sees them: which have their sidecar, which can get one."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from provenance.errors import RepositoryError, SidecarError
from provenance.identity.names import is_dataset, sidecar_path
from provenance.lineage.sidecar import open_sidecar

if TYPE_CHECKING:
    from provenance.repository import Repository
    from provenance.repository.pipelines import StageText
    from provenance.repository.tracked import Dataset


class DatasetsThere:
    """What DVC tracks that is, or may be, a dataset; paths from the DVC root.

    ``open``: datasets that may get a sidecar. ``closed``: why others may not. ``with_sidecar``: those that have one.
    """

    def __init__(self, repository: Repository, stages: Sequence[StageText]) -> None:
        self._repository = repository
        self._datasets = {dataset.path: dataset for dataset in repository.datasets()}
        self.with_sidecar = frozenset(path for path, dataset in self._datasets.items() if dataset.sidecar)
        lacking = [path for path in self._datasets if path not in self.with_sidecar]
        reasons = {path: _why_closed(self._datasets[path], stages) for path in lacking}
        self.closed = {path: reason for path, reason in reasons.items() if reason}
        self.open = frozenset(
            path for path, each in self._datasets.items() if path not in self.closed and each.source is None
        )

    def named(self, also: Collection[str]) -> Iterator[str]:
        """The paths ``also``, whose names do not say that they are datasets.

        Raises:
            RepositoryError: DVC does not track one of them.
        """
        for path in also:
            if path not in self._datasets and self._repository.out(path) is None:
                raise RepositoryError(f"{path}: DVC does not track it, so it cannot be adopted as a dataset")
            yield path

    def may_be(self, path: str) -> bool:
        """Whether what is at ``path`` may be a dataset, whatever its name says."""
        return is_dataset(path) or (self._repository.root / path).is_dir()

    def is_current(self, path: str, *, tracked: bool) -> bool:
        """Whether there is a sidecar of just this dataset; ``tracked``: which DVC tracks."""
        beside = sidecar_path(path)
        if tracked and self._repository.out(beside) is None:
            return False
        if not (self._repository.root / beside).exists():
            # What DVC tracks and is not here was made: it is to be brought, not made again.
            out = self._repository.out(beside)
            return out is not None and out.md5 is not None
        try:
            stated = open_sidecar(self._repository.root / beside).header.dataset
        except SidecarError:
            return False
        return stated.md5 == self._datasets[path].md5 if path in self._datasets else False


def _why_closed(dataset: Dataset, stages: Sequence[StageText]) -> str:
    """Why ``dataset``, which has no sidecar, cannot get one; empty where it can."""
    if dataset.source is not None:
        path = shlex.quote(dataset.path)
        return (
            f"imported; `provenance import … -o {path}` brings its sidecar, if its source has one; "
            f"else say what you know of it with `provenance declare {path}`, before adopting"
        )
    beside = sidecar_path(dataset.path)
    for stage in stages:
        for dep in filter(None, map(stage.from_root, stage.paths("deps"))):
            if dep == "." or beside.startswith(f"{dep}/"):
                return (
                    f"stage {stage.address} depends on the whole folder {dep}, which a sidecar would change; let "
                    "it depend on the files that it reads"
                )
    return ""
