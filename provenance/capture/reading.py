"""`provenance.read`: the rows of a dataset, which know their own sample id."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.arguments import require
from provenance.capture.identities import as_recorded, identity_of
from provenance.capture.row_ids import SampleIds
from provenance.capture.saying import say
from provenance.identity import read_rows
from provenance.identity.names import sidecar_path
from provenance.lineage.births import Dependency
from provenance.lineage.sidecar import open_sidecar
from provenance.repository import Repository
from provenance.repository.remarks import NOT_AS_RECORDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class Row(dict[str, Any]):
    """One row of a dataset: a dict that remembers where it was read.

    Changing it changes the dict only: ``sample_id`` stays that of the row in the file. Copies made with ``dict(row)``
    or ``{**row}`` are plain dicts.

    Attributes:
        path: the dataset's path as it was given to `read`.
        row: the row's number, from 1.
        dataset: the dataset, as its repository knows it.
    """

    __slots__ = ("_id", "_identify", "dataset", "path", "row")

    def __init__(
        self, content: Mapping[str, Any], path: str, row: int, dataset: Dependency, identify: Callable[[int], bytes]
    ) -> None:
        super().__init__(content)
        self.path = path
        self.row = row
        self.dataset = dataset
        self._identify = identify
        self._id: bytes | None = None

    @property
    def sample_id(self) -> str:
        """The row's sample id in hex, computed when it is first asked for.

        Raises:
            DataError: the dataset has changed since it was read.
        """
        if self._id is None:
            self._id = self._identify(self.row)
        return self._id.hex()

    def __reduce__(self) -> tuple[Any, ...]:
        # For worker processes: a row leaves with its id computed, since the open dataset cannot go with it.
        plain = replace(self.dataset, identity=replace(self.dataset.identity, file_ids=None))
        return _row_with_id, (dict(self), self.path, self.row, plain, bytes.fromhex(self.sample_id))


def _row_with_id(content: dict[str, Any], path: str, row: int, dataset: Dependency, sample_id: bytes) -> Row:
    return Row(content, path, row, dataset, lambda _: sample_id)


# Datasets that were read in this process, by path: where a recorder looks for the records of parents.
_read_here: dict[Path, Dependency] = {}


def read(path: str | os.PathLike[str]) -> Iterator[Row]:
    """Yield the rows of the dataset at ``path`` (JSONL, CSV, Parquet, a directory, …), one after another.

    Where each file of a directory is a sample, a row is ``{"path": …}``, its path in the directory.
    Rows go into ``recorder.write(…, parents=[row])`` as they are.

    A sidecar that is not the one that DVC has recorded is used, and reported on standard error.

    Raises:
        DataError: the file cannot be read; the message names the row.
        RepositoryError: ``path`` is not inside a DVC repository.
        SidecarError: its sidecar cannot be read.
    """
    require("path", path, str, os.PathLike)
    ids = sample_ids(path)
    _read_here[ids.file] = ids.dataset
    return _rows(os.fspath(path), ids)


def _rows(path: str, ids: SampleIds) -> Iterator[Row]:
    for number, content in read_rows(ids.file, ids.dataset.identity):
        yield Row(content, path, number, ids.dataset, ids.at)


def datasets_read() -> list[Dependency]:
    """The datasets that were read in this process so far."""
    return list(_read_here.values())


def sample_ids(path: str | os.PathLike[str], opened: Repository | None = None) -> SampleIds:
    """The sample ids of the dataset at ``path``, computed as its sidecar or its repository's settings say.

    ``opened``: a repository that is open already, which is used where ``path`` is in it.
    """
    repository = repository_around(path, opened)
    file = repository.root / repository.relative(path)
    return SampleIds(file, dependency_at(_dataset_around(file, repository), repository), repository.temporary)


def _dataset_around(file: Path, repository: Repository) -> Path:
    """The directory dataset with a sidecar that ``file`` is in; else ``file`` itself."""
    folders = [folder for folder in file.parents if folder.is_relative_to(repository.root)]
    return next((folder for folder in folders if Path(sidecar_path(str(folder))).exists()), file)


def repository_around(path: str | os.PathLike[str], opened: Repository | None = None) -> Repository:
    """The DVC repository that ``path`` is in (neither it nor its folder need exist): ``opened``, where that is it."""
    found = Repository.open(next(folder for folder in Path(os.path.abspath(path)).parents if folder.is_dir()))
    return opened if opened is not None and opened.root == found.root else found


def dependency_at(file: Path, repository: Repository, *, quiet: bool = False) -> Dependency:
    """The dataset at ``file`` (absolute or from the working directory) as a place where rows may come from.

    ``quiet``: do not report that its sidecar is not the one that DVC has recorded.
    """
    path = repository.relative(file)
    if not quiet:
        say_if_changed(repository, path)
    settings = repository.settings()
    sidecar = repository.sidecar_file(path)
    if sidecar is None:
        identity = identity_of(settings, path, repository)
    else:
        identity = as_recorded(open_sidecar(sidecar).header.identity, settings, path, repository)
    return Dependency(path=path, name=path, data=repository.root / path, sidecar=sidecar, identity=identity)


# The sidecars that were looked at, with their times: DVC, which takes its time, is asked of each once.
_looked_at: set[tuple[Path, int]] = set()


def say_if_changed(repository: Repository, dataset: str) -> None:
    """Report, once, that the sidecar of ``dataset`` (from the DVC root) is not the one that DVC has recorded."""
    sidecar = repository.root / sidecar_path(dataset)
    if sidecar.exists() and _look_at(sidecar) and repository.has_other_sidecar(dataset):
        say(f"warning: {dataset}: {NOT_AS_RECORDED}")


def note_written(sidecar: Path) -> None:
    """Note that this process has made ``sidecar``: nobody need be told that DVC has not recorded it yet."""
    _look_at(sidecar)


def _look_at(sidecar: Path) -> bool:
    """Whether nobody in this process has looked at ``sidecar`` as it is."""
    state = (sidecar, sidecar.stat().st_mtime_ns)
    is_new = state not in _looked_at
    _looked_at.add(state)
    return is_new
