"""What a purge leaves of data: a file, or files of a directory, that take their places when all is written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import RepositoryError
from provenance.file_digests import md5_of
from provenance.file_sets import whole_folder
from provenance.files import whole_file
from provenance.identity import write_rows
from provenance.identity.rewriting_folders import changed_files
from provenance.ledger.contents import named_as
from provenance.repository.objects import md5_of_directory
from provenance.upkeep.changing_folders import changed_folder

if TYPE_CHECKING:
    from provenance.identity.formats.interface import Rewriting
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.graph.store import Array
    from provenance.repository import Repository


@dataclass(frozen=True)
class RowsKept:
    """For each row of a dataset, in order, whether it ``stays``; ``files``: see `Scan.files`."""

    stays: Array
    files: Sequence[tuple[int, str]]


@contextmanager
def purged_data(
    repository: Repository, dataset: RecordedDataset, target: str, kept: RowsKept, workspace: Path
) -> Iterator[tuple[str, int]]:
    """Yield DVC's hash and the size of what is left of the data, which is at ``target`` when the block has ended.

    Raises:
        DataError: it cannot be read, or rows cannot be taken out of its format.
        RepositoryError: somebody writes to it.
    """
    source, place = repository.root / dataset.path, repository.root / target
    if not source.is_dir():
        with whole_file(place) as file:
            with named_as(dataset, source):
                write_rows(source, kept.stays, file)
            yield repository.md5(file)
        return
    md5s, rewritings = repository.file_md5s(dataset.path), _named(dataset, source, kept)
    names = chain((name for _, name in kept.files), (name for name, _ in rewritings))
    if (hidden := next((name for name in names if name not in md5s), None)) is not None:
        problem = "hidden from DVC by .dvcignore, so that nobody keeps its rows; move it elsewhere, or show it to DVC"
        raise RepositoryError(f"{dataset.path}/{hidden}: {problem}")
    if target == dataset.path:
        aside = workspace / "aside"
        aside.mkdir()
        with changed_folder(repository, dataset.path, dataset.md5, rewritings, aside) as state:
            yield state
        return
    with whole_folder(place) as folder:
        yield _copied(source, md5s, dict(rewritings), folder)


def _named(dataset: RecordedDataset, source: Path, kept: RowsKept) -> list[tuple[str, Rewriting | None]]:
    """The files of the directory that change; errors name them by their paths in the repository."""

    def named(rewrite: Rewriting) -> Rewriting:
        def write(new: Path) -> None:
            with named_as(dataset, source):
                rewrite(new)

        return write

    with named_as(dataset, source):
        found = list(changed_files(source, kept.files, kept.stays))
    return [(name, None if rewrite is None else named(rewrite)) for name, rewrite in found]


def _copied(
    source: Path, before: Mapping[str, str], rewritings: Mapping[str, Rewriting | None], folder: Path
) -> tuple[str, int]:
    """Make ``folder`` what is left of the directory ``source``; DVC's hash and the size of it.

    ``before``: DVC's hashes of the files of ``source``.
    """
    md5s, size = {}, 0
    folder.mkdir()
    for name, md5 in before.items():
        rewrite = rewritings.get(name)
        if rewrite is None and name in rewritings:
            continue
        new = folder / name
        new.parent.mkdir(parents=True, exist_ok=True)
        if rewrite is None:
            shutil.copyfile(source / name, new)
        else:
            rewrite(new)
        md5s[name] = md5 if rewrite is None else md5_of(new)
        size += new.stat().st_size
    return md5_of_directory(md5s), size
