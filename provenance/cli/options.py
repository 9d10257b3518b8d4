"""The options that commands share, and what they do before anything else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provenance.cli.output import safe, write_error
from provenance.errors import RepositoryError

if TYPE_CHECKING:
    from provenance.ledger.ledger import Ledger
    from provenance.repository import Repository

RepositoryOption = Annotated[
    Path | None,
    typer.Option("--repo", metavar="DIR", help="Work as if started in DIR, a folder of a DVC repository."),
]
RevisionOption = Annotated[
    str | None,
    typer.Option("--rev", metavar="REV", help="Read lineage at this git revision, without checkout."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write one JSON document to standard output.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Write nothing but errors (and JSON).")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an internal error.")]


def open_repository(directory: Path | None) -> Repository:
    """The repository of ``directory`` (None: of the current folder), from which relative paths then count.

    Raises:
        RepositoryError: no such folder, or it is not inside a DVC repository.
    """
    from provenance.repository import Repository

    if directory is not None:
        try:
            os.chdir(directory)
        except OSError as error:
            raise RepositoryError(f"{directory}: cannot work there: {error.strerror}") from error
    return Repository.open()


def warn_of_stale(ledger: Ledger, *, quiet: bool) -> None:
    """Say on standard error which answers are about data that has changed: births hold, numbers of rows may not."""
    from provenance.ledger.datasets import State

    for path in () if quiet else ledger.unfetched:
        write_error(f"warning: {safe(path)}: its sidecar is not on this machine, so it is not asked; run `dvc pull`")
    for dataset in ledger.recorded:
        if dataset.state is State.STALE and not quiet:
            write_error(
                f"warning: {safe(dataset.path)}: changed since its sidecar was made; its rows are counted as they were"
            )
