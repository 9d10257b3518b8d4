"""Errors that a user can act on.

Every error that leaves the package is a :class:`ProvenanceError`: one line that names what is wrong, where (path and,
where there is one, row) and what to do. The command line prints it and exits with 2.
"""

from __future__ import annotations

import os
from pathlib import PurePath


class ProvenanceError(Exception):
    """Something is wrong with the input, the repository or the request.

    ``problems``: where several things of one document are wrong, a line for each; the message is these lines.
    """

    problems: tuple[str, ...] = ()


class ProvenanceWarning(UserWarning):
    """Something was taken as it was given, although it is probably not meant so: one line that says what and why."""


class DataError(ProvenanceError):
    """A dataset cannot be read. ``path`` and ``row`` (from 1; None: the file as a whole) say where."""

    def __init__(self, path: str | os.PathLike[str], row: int | None, problem: str) -> None:
        self.path = _text_of(path)
        self.row = row
        self.problem = problem
        where = self.path if row is None else f"{self.path}:{row}"
        super().__init__(f"{where}: {problem}")

    def __reduce__(self) -> tuple[type[DataError], tuple[str, int | None, str]]:
        # As it may come from another process.
        return type(self), (self.path, self.row, self.problem)

    def renamed(self, read_at: str | os.PathLike[str], name: str) -> DataError:
        """The same of the dataset called ``name``, or of a file in it, that was read at ``read_at``."""
        inside = self.path.removeprefix(_text_of(read_at)).replace(os.sep, "/")
        return type(self)(name + inside if inside != self.path else name, self.row, self.problem)


def _text_of(path: str | os.PathLike[str]) -> str:
    # What is read on object storage has no path to open, and yet one to show.
    return str(path) if isinstance(path, PurePath) else os.fspath(path)


class SidecarError(ProvenanceError):
    """A sidecar is missing, damaged, of a newer version, or of another dataset."""


class RepositoryError(ProvenanceError):
    """Not a DVC repository, an unknown revision, or something DVC or git refused."""


class UnknownReferenceError(ProvenanceError):
    """A sample, a selector or a dataset name that fits nothing, or more than one thing."""


class OutsideError(RepositoryError, UnknownReferenceError):
    """A path that is not inside the repository: no dataset can be there."""


class NoSuchRowError(DataError, UnknownReferenceError):
    """A row that a dataset does not have."""


class UnknownRevisionError(RepositoryError, UnknownReferenceError):
    """A name that is no revision of git and no experiment of DVC."""


class QueryError(ProvenanceError):
    """SQL that is not one question, or that the database refuses."""
