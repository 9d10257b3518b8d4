"""What differs between two revisions: rows added, removed and kept of each dataset, from sidecars alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provenance.engines.choosing import EngineName
from provenance.errors import RepositoryError, SidecarError, UnknownReferenceError
from provenance.files import generations_in
from provenance.ledger.collecting import absent
from provenance.ledger.composition.counted import Counted
from provenance.ledger.history.making import Change, changes
from provenance.ledger.history.row_difference import RowDifference, compare_rows
from provenance.lineage.sidecar import Sidecar, open_sidecar
from provenance.repository.remarks import NOT_AS_RECORDED

if TYPE_CHECKING:
    from provenance.engines.interface import InTasks
    from provenance.repository import Dataset, Repository

ProgressOf = Callable[[str], Callable[[int], None]]


@dataclass(frozen=True)
class Difference:
    """A dataset in two revisions; ``path`` is that of the newer one, and ``moved_from`` the older one's, if another.

    ``rows`` is None where it cannot be known; ``remarks`` say why, and what else to know of it. ``changes``: what
    differs in how it was made. ``has_sidecars``: whether it should have one at both revisions.
    """

    path: str
    moved_from: str | None
    rows: RowDifference | None
    remarks: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    has_sidecars: bool = True

    @property
    def is_none(self) -> bool:
        """Whether it is known that nothing differs."""
        differs = self.rows is None or self.rows.added.rows or self.rows.removed.rows
        return not (differs or self.moved_from or self.remarks or self.changes)

    def as_json(self) -> dict[str, Any]:
        rows = self.rows
        return {
            "path": self.path,
            "moved_from": self.moved_from,
            "added": None if rows is None else rows.added.as_json(),
            "removed": None if rows is None else rows.removed.as_json(),
            "kept": None if rows is None else rows.kept,
            "changes": [change.as_json() for change in self.changes],
            "remarks": list(self.remarks),
        }


def differences(
    repository: Repository,
    old: str,
    new: str | None,
    paths: Iterable[str] = (),
    progress_of: ProgressOf = lambda path: lambda records: None,
    engine: EngineName = EngineName.DUCKDB,
) -> Iterator[Difference]:
    """The differences between revisions ``old`` and ``new`` (None: the workspace), by path.

    ``paths`` (from the DVC root) are the datasets that are wanted; none: all. Sidecars are fetched if need be.
    ``engine``: whether rows are compared here, or by Spark's tasks.

    Raises:
        UnknownReferenceError: one of ``paths`` is a dataset of neither revision.
        RepositoryError: no such revision.
    """
    before, after = ({dataset.path: dataset for dataset in repository.datasets(rev)} for rev in (old, new))
    moves = _moves(before, after)
    wanted = list(dict.fromkeys(paths)) or sorted({*before, *after} - set(moves.values()))
    for path in wanted:
        if path not in before and path not in after:
            raise UnknownReferenceError(f"{path}: a dataset of neither revision; `provenance status` lists them")
    with _elsewhere(engine) as elsewhere:
        for path in wanted:
            earlier = moves.get(path, path)
            sides = _Side(repository, before.get(earlier), old), _Side(repository, after.get(path), new)
            yield _difference(path, None if earlier == path else earlier, sides, progress_of(path), elsewhere)


def _elsewhere(engine: EngineName) -> AbstractContextManager[InTasks | None]:
    if engine is EngineName.DUCKDB:
        return nullcontext()
    from provenance.engines.spark import spark_tasks

    return spark_tasks()


def _moves(before: dict[str, Dataset], after: dict[str, Dataset]) -> dict[str, str]:
    """The earlier path, by the later one, of each dataset that is the same under another path."""
    gone = {dataset.md5: path for path, dataset in sorted(before.items()) if path not in after and dataset.md5}
    arrived = [dataset for path, dataset in sorted(after.items()) if path not in before]
    return {dataset.path: gone.pop(dataset.md5) for dataset in arrived if dataset.md5 in gone}


class _Side:
    """A dataset at one revision (None: it is not there): its ``sidecar``, or the ``problem`` with it."""

    def __init__(self, repository: Repository, dataset: Dataset | None, rev: str | None) -> None:
        self.name = rev or "the workspace"
        self.exists = dataset is not None
        self.sidecar: Sidecar | None = None
        self.problem: str | None = None
        self.is_stale = False
        self.is_changed = False
        self.has_sidecar = dataset is None or dataset.sidecar is not None
        if dataset is None:
            return
        try:
            file = repository.sidecar_file(dataset.path, rev)
        except (RepositoryError, SidecarError) as error:
            self.problem = str(error)
            return
        if file is None:
            self.problem = "it has no sidecar" if dataset.sidecar is None else absent(repository)
            return
        self.has_sidecar = True
        try:
            self.sidecar = open_sidecar(file, generations_in(repository.temporary))
        except (RepositoryError, SidecarError) as error:
            self.problem = str(error)
        else:
            described = self.sidecar.header.dataset.md5
            self.is_stale = None not in (described, dataset.md5) and described != dataset.md5
            if dataset.is_legacy and rev is not None:
                self.is_stale = repository.recorded_md5(dataset.path, rev) not in (None, described)
            self.is_changed = rev is None and repository.has_other_sidecar(dataset.path)

    @property
    def remark(self) -> str | None:
        if self.problem is not None:
            return f"{self.name}: {self.problem}"
        if self.is_changed:
            return f"{self.name}: {NOT_AS_RECORDED}"
        return f"{self.name}: its sidecar was made for other data, whose rows are counted" if self.is_stale else None


def _difference(
    path: str,
    moved_from: str | None,
    sides: tuple[_Side, _Side],
    progress: Callable[[int], None],
    elsewhere: InTasks | None,
) -> Difference:
    remarks = [remark for side in sides if (remark := side.remark) is not None]
    rows = None
    if all(side.problem is None for side in sides):
        old, new = (side.sidecar for side in sides)
        unlike = _identified_otherwise(old, new)
        if unlike is not None:
            remarks.append(unlike)
        elif old is not None and new is not None and _is_same_data(old, new):
            rows = RowDifference(Counted(), Counted(), new.header.dataset.rows)
        else:
            try:
                rows = compare_rows(old, new, progress, elsewhere=elsewhere)
            except (RepositoryError, SidecarError) as error:
                remarks.append(str(error))
    made = changes(*(side.sidecar.header if side.sidecar else None for side in sides))
    has_sidecars = all(side.has_sidecar for side in sides)
    return Difference(path, moved_from, rows, tuple(remarks), made, has_sidecars)


def _identified_otherwise(old: Sidecar | None, new: Sidecar | None) -> str | None:
    if old is None or new is None:
        return None
    was, is_ = old.header.identity, new.header.identity
    if (was.digest, was.canonical_form) != (is_.digest, is_.canonical_form):
        return f"rows cannot be compared: samples were identified by {was.digest}, and are by {is_.digest} now"
    if was.fields != is_.fields:
        return (
            "rows cannot be compared: samples were identified by "
            f"{', '.join(was.fields) or 'all fields'}, and are by {', '.join(is_.fields) or 'all fields'} now"
        )
    return None


def _is_same_data(old: Sidecar, new: Sidecar) -> bool:
    was, is_ = old.header.dataset, new.header.dataset
    return was.md5 is not None and (was.md5, was.rows) == (is_.md5, is_.rows)
