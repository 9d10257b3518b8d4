"""Changes of a pipeline's files that take their places together: who is killed in between repeats the command.

One change is remembered, the last: it can be finished, and taken back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provenance.file_sets import FileSet, NewFiles, gathered
from provenance.repository import Repository


@contextmanager
def pipeline_change(repository: Repository) -> Iterator[NewFiles]:
    """Yield files to be filled, and sealed, in the block; at its end they take their places together.

    What an earlier change that was killed has left is finished first.

    Raises:
        RepositoryError: somebody changes one of the files, or another process of DVC is at work.
    """
    finish_change(repository)
    folder = _folder(repository)
    with gathered(repository.root, folder) as files:
        yield files
    finish_change(repository)


def last_change(repository: Repository) -> FileSet | None:
    """The last change, if it is remembered."""
    return FileSet.at(repository.root, _folder(repository))


def finish_change(repository: Repository) -> bool:
    """Put the files of the last change in place, where that is not done yet; whether there was something to do.

    Raises:
        RepositoryError: somebody has changed one of the files since, or another process of DVC is at work.
    """
    changes = last_change(repository)
    if changes is None or changes.is_done:
        return False
    with repository.pipelines.locked():
        changes.apply()
    # Stages that DVC restores from its run cache cost nothing.
    repository.pipelines.remember_runs(frozenset(changes.note["stages"]))
    changes.finish()
    return True


def _folder(repository: Repository) -> Path:
    return repository.temporary / "pipeline-change"
