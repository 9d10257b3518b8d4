"""`provenance purge`: a dataset and its sidecar without what came from what was revoked, or from evaluation sets.

The sidecar keeps every record that it had. Births that went count no rows any more, and their samples get a tombstone:
a record whose activity is the purge, with the cause. Rows of equal content may have been born in
several ways, only some of which are to go: as many go as may have been, and which of the equal rows these are is
arbitrary. What is purged in place must have been added; what a stage made is purged in a stage of its own, to another
file or directory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from provenance.capture.environment import describe_environment, loaded_packages
from provenance.capture.identities import as_recorded
from provenance.errors import DataError
from provenance.files import scratch_folder
from provenance.identity import scan
from provenance.identity.id_arrays import bytes_of_ids
from provenance.identity.names import sidecar_path
from provenance.ledger.contents import named_as
from provenance.ledger.sidecars import Sidecars
from provenance.lineage.placing import whole_sidecar
from provenance.lineage.records import Activity, ActivityType
from provenance.lineage.sidecar import write_sidecar
from provenance.lineage.tombstones import Tombstones
from provenance.plurals import counted
from provenance.upkeep.changing_folders import lock_of
from provenance.upkeep.purge_causes import Cause, Contaminating, causes_of_contamination, causes_of_revocations
from provenance.upkeep.purge_targets import require_target
from provenance.upkeep.purged_data import RowsKept, purged_data
from provenance.upkeep.rows_to_go import RowsToGo
from provenance.upkeep.tracked_files import only_writer
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
        RepositoryError: it cannot be purged in place, or not to ``out``; or it is a file of a directory dataset.
        DataError: it cannot be read, or rows cannot be taken out of its format.
    """
    path = repository.relative(dataset)
    repository.require_whole(path)
    target = path if out is None else repository.relative(out)
    with ExitStack() as alone:
        earlier = 0
        if target == path and not dry_run:
            alone.enter_context(only_writer(repository, lock_of(path)))
            earlier = settle_purge(repository, path)
        with Sidecars.open(repository, progress_of=progress_of) as ledger:
            recorded = ledger.dataset(dataset)
            recorded.require_current()
            require_target(repository, recorded.path, target, contaminating)
            found = (
                causes_of_revocations(ledger)
                if contaminating is None
                else causes_of_contamination(ledger, recorded, contaminating)
            )
            going = RowsToGo.of(ledger, recorded.place, [cause.found for cause in found])
            if all_equal:
                going = going.with_equal_rows()
            counted = replace(_counted(recorded, target, found, going), finished=earlier)
            if dry_run or (target == path and not counted.dropped):
                return counted
            _write(repository, recorded, found, going, counted, progress_of(recorded.path))
        return _track(repository, counted)


def _write(
    repository: Repository,
    recorded: RecordedDataset,
    found: Sequence[Cause],
    going: RowsToGo,
    counted: Purged,
    progress: Callable[[int], None],
) -> None:
    target = counted.out
    with scratch_folder(repository.temporary, "purge") as workspace, ExitStack() as written:
        kept = _rows_kept(repository, recorded, going, workspace / "kept", progress)
        # Both take their places when both have been written, the sidecar first.
        md5, size = written.enter_context(purged_data(repository, recorded, target, kept, workspace))
        parts = _parts_of(repository, recorded, target)
        sidecar = written.enter_context(whole_sidecar(repository.root / sidecar_path(target), parts))
        state = {"path": target, "md5": md5, "size": size, "rows": counted.kept}
        _write_sidecar(repository, recorded, found, going, state, sidecar, parts)


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
) -> RowsKept:
    """Which rows of the data stay; mapped from ``file``, as there may be many."""
    stated = dataset.sidecar.header.identity
    identity = as_recorded(stated, repository.settings(), dataset.path, repository)
    batches = scan(repository.root / dataset.path, identity, progress=progress)
    with named_as(dataset, repository.root / dataset.path), open(file, "wb") as output:
        for stays in going.kept(bytes_of_ids(batch.sample_ids) for batch in batches):
            output.write(stays.tobytes())
    kept: Array = np.fromfile(file, bool) if not file.stat().st_size else np.memmap(file, bool, "r").view(np.ndarray)
    if len(kept) != dataset.rows:
        raise DataError(
            dataset.path,
            None,
            f"has {counted(len(kept), 'row')}, but its sidecar {dataset.rows}; run `provenance verify`",
        )
    return RowsKept(kept, batches.files)


def _parts_of(repository: Repository, dataset: RecordedDataset, target: str) -> int:
    """Into how many files the sidecar is divided: as the settings say of ``target``, else as that of ``dataset``."""
    stated = repository.settings().for_dataset(target).parts
    return dataset.sidecar.parts if stated is None else stated


def _write_sidecar(
    repository: Repository,
    dataset: RecordedDataset,
    found: Sequence[Cause],
    going: RowsToGo,
    state: Mapping[str, Any],
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
    first = len(header.activities)
    described = header.dataset.model_copy(update=state)
    header = header.model_copy(update={"dataset": described, "activities": (*header.activities, *activities)})
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
