"""`provenance purge`: a dataset and its sidecar without what came from what was revoked, or from evaluation sets.

The sidecar keeps every record that it had. Births that went count no rows any more, and their samples get a tombstone:
a record whose activity is the purge, with the cause. Rows of equal content may have been born in
several ways, only some of which are to go: as many go as may have been, and which of the equal rows these are is
arbitrary. What is purged in place must be a file that was added; what a stage made is purged in a stage of its own, to
another file.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from provenance.capture.environment import describe_environment, loaded_packages
from provenance.capture.identities import as_recorded
from provenance.errors import DataError, RepositoryError
from provenance.files import REVOCATIONS_FILE, scratch_folder, whole_file
from provenance.identity import scan, write_rows
from provenance.identity.id_arrays import bytes_of_ids
from provenance.identity.names import format_name, is_dataset, sidecar_path
from provenance.ledger.sidecars import Sidecars
from provenance.lineage.placing import whole_sidecar
from provenance.lineage.records import Activity, ActivityType
from provenance.lineage.sidecar import write_sidecar
from provenance.lineage.tombstones import Tombstones
from provenance.plurals import counted
from provenance.upkeep.purge_causes import Cause, Contaminating, causes_of_contamination, causes_of_revocations
from provenance.upkeep.rows_to_go import RowsToGo
from provenance.upkeep.unfinished_purges import settle_purge

if TYPE_CHECKING:
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.graph.store import Array
    from provenance.repository import Repository

ProgressOf = Callable[[str], Callable[[int], None]]


@dataclass(frozen=True)
class Purged:
    """``kept`` and ``dropped`` count rows; ``reasons`` say why, by the first cause that reaches a row.

    ``certain``: of the rows that are dropped, those that are certainly reached. ``equal_rows``: rows that stay, though
    rows of equal content, which may be reached, do not. ``dataset`` and ``out`` are paths from the DVC root.
    ``tracked``: what DVC was told of. ``finished``: rows that an earlier purge, which was killed before DVC was told,
    had taken out; DVC was told of that now. ``not_looked_for``: rows of evaluation sets that say too little to be
    looked for in text, by the set's path.
    """

    dataset: str
    out: str
    kept: int
    dropped: int
    certain: int
    equal_rows: int
    reasons: Mapping[str, int]
    tracked: tuple[str, ...] = ()
    finished: int = 0
    not_looked_for: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "out": self.out,
            "kept": self.kept,
            "dropped": self.dropped,
            "certain": self.certain,
            "equal_rows": self.equal_rows,
            "reasons": dict(self.reasons),
            "finished": self.finished,
            "not_looked_for": dict(self.not_looked_for),
        }


def purge(
    repository: Repository,
    dataset: str,
    out: str | None,
    *,
    contaminating: Contaminating | None = None,
    dry_run: bool,
    progress_of: ProgressOf,
    all_equal: bool = False,
) -> Purged:
    """Write the dataset at ``dataset`` to ``out`` (None: in place) without what revocations reach.

    With ``contaminating``: without what is contaminated by these evaluation sets, whatever is revoked.
    ``all_equal``: where one of several rows of equal content goes, all of them do.

    Raises:
        UnknownReferenceError: DVC tracks no such dataset.
        SidecarError: its sidecar is missing or not of this data.
        RepositoryError: it cannot be purged in place, or not to ``out``.
        DataError: it cannot be read, or rows cannot be taken out of its format.
    """
    earlier = 0 if dry_run or out is not None else settle_purge(repository, repository.relative(dataset))
    with Sidecars.open(repository, progress_of=progress_of) as ledger:
        recorded = ledger.dataset(dataset)
        recorded.require_current()
        target = recorded.path if out is None else repository.relative(out)
        _require_writable(repository, recorded.path, target, contaminating)
        found = (
            causes_of_revocations(ledger)
            if contaminating is None
            else causes_of_contamination(ledger, recorded, contaminating)
        )
        going = RowsToGo.of(ledger, recorded.place, [cause.found for cause in found])
        if all_equal:
            going = going.with_equal_rows()
        counted = _counted(recorded, target, found, going)
        if dry_run or (out is None and not counted.dropped):
            return replace(counted, finished=earlier)
        with scratch_folder(repository.temporary, "purge") as workspace, ExitStack() as written:
            # Both take their places when both have been written.
            data = written.enter_context(whole_file(repository.root / target))
            parts = _parts_of(repository, recorded, target)
            sidecar = written.enter_context(whole_sidecar(repository.root / sidecar_path(target), parts))
            kept = _rows_kept(repository, recorded, going, workspace / "kept", progress_of(recorded.path))
            write_rows(repository.root / recorded.path, kept, data)
            _write_sidecar(repository, recorded, found, going, counted, data, sidecar, parts)
    return _track(repository, replace(counted, finished=earlier))


def _require_writable(repository: Repository, path: str, target: str, contaminating: Contaminating | None) -> None:
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
    if target != path and (not is_dataset(target) or _format(target) != _format(path)):
        raise RepositoryError(f"{target}: must be a file of the same format as {path}")
    for tracked in filter(repository.is_in_git, (target, sidecar_path(target))):
        raise RepositoryError(f"{tracked}: tracked by git, so DVC cannot; run `git rm --cached {tracked}` first")


def _stage_of_its_own(repository: Repository, path: str, contaminating: Contaminating | None) -> str:
    """The command that adds a stage in which the dataset at ``path`` is purged."""
    reads, options = [path, REVOCATIONS_FILE], []
    if contaminating is not None:
        sets = zip(contaminating.evaluations, contaminating.sets(repository), strict=True)
        # What a set was at another revision is no file here.
        reads[1:] = [named for named, found in sets if found.commit is None]
        options = [f"--evaluation {shlex.quote(named)}" for named in contaminating.evaluations]
    depends = " ".join(f"-d {shlex.quote(each)}" for each in reads)
    purge = " ".join(["provenance purge", shlex.quote(path), *options])
    return f"provenance stage add -n purge {depends} -o OUT {purge} -o OUT"


def _format(path: str) -> tuple[str | None, str]:
    return format_name(path), Path(path).suffix.lower()


def _counted(dataset: RecordedDataset, target: str, found: Sequence[Cause], going: RowsToGo) -> Purged:
    """What goes, by the sidecar."""
    reasons: dict[str, int] = {}
    for each, count in zip(found, going.by_cause, strict=True):
        if count:
            reasons[each.reason] = reasons.get(each.reason, 0) + count
    dropped = sum(going.by_cause)
    counted = Purged(dataset.path, target, dataset.rows - dropped, dropped, going.certain, going.equal_rows, reasons)
    missed = {path: rows for each in found for path, rows in each.not_looked_for.items()}
    return replace(counted, not_looked_for=missed)


def _rows_kept(
    repository: Repository, dataset: RecordedDataset, going: RowsToGo, file: Path, progress: Callable[[int], None]
) -> Array:
    """For each row of the data, whether it stays; mapped from ``file``, as there may be many."""
    stated = dataset.sidecar.header.identity
    identity = as_recorded(stated, repository.settings(), dataset.path, repository)
    batches = scan(repository.root / dataset.path, identity, progress=progress)
    with open(file, "wb") as output:
        for stays in going.kept(bytes_of_ids(batch.sample_ids) for batch in batches):
            output.write(stays.tobytes())
    kept: Array = np.fromfile(file, bool) if not file.stat().st_size else np.memmap(file, bool, "r").view(np.ndarray)
    if len(kept) != dataset.rows:
        raise DataError(
            dataset.path,
            None,
            f"has {counted(len(kept), 'row')}, but its sidecar {dataset.rows}; run `provenance verify`",
        )
    return kept


def _parts_of(repository: Repository, dataset: RecordedDataset, target: str) -> int:
    """Into how many files the sidecar is divided: as the settings say of ``target``, else as that of ``dataset``."""
    stated = repository.settings().for_dataset(target).parts
    return dataset.sidecar.parts if stated is None else stated


def _write_sidecar(
    repository: Repository,
    dataset: RecordedDataset,
    found: Sequence[Cause],
    going: RowsToGo,
    counted: Purged,
    data: Path,
    file: Path,
    parts: int,
) -> None:
    header = dataset.sidecar.header
    environment = describe_environment(repository, repository.current_stage())
    activities = [
        Activity(
            type=ActivityType.PURGE,
            parameters=dict(each.parameters),
            stage=environment.stage,
            command=None if environment.stage else environment.command,
            git=environment.git,
            packages=loaded_packages(),
            started=datetime.now(UTC),
        )
        for each in found
    ]
    md5, size = repository.md5(data)
    state = header.dataset.model_copy(update={"path": counted.out, "md5": md5, "size": size, "rows": counted.kept})
    first = len(header.activities)
    header = header.model_copy(update={"dataset": state, "activities": (*header.activities, *activities)})
    batches = Tombstones(dataset.sidecar, going.causes, first).batches()
    write_sidecar(file, header, batches, dataset.sidecar.digest_size, parts)


def _track(repository: Repository, counted: Purged) -> Purged:
    """Tell DVC of what was written, unless the stage in which this runs does."""
    stage = repository.current_stage()
    outs = [counted.out, sidecar_path(counted.out)]
    if stage is not None and counted.out in stage.outs:
        return counted
    repository.add(outs)
    return replace(counted, tracked=tuple(outs))
