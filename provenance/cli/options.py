"""The options that commands share, and what they do before anything else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provenance.cli.output import safe, write_error
from provenance.cli.progress import fetch_progress
from provenance.errors import RepositoryError

if TYPE_CHECKING:
    from provenance.ledger.sidecars import Sidecars
    from provenance.repository import Repository
    from provenance.repository.history import History

RepositoryOption = Annotated[
    Path | None,
    typer.Option("--repo", metavar="DIR", help="Work as if started in DIR, a folder of a DVC repository."),
]
RevisionOption = Annotated[
    str | None,
    typer.Option("--rev", metavar="REV", help="Read lineage at this git revision, without checkout."),
]
NoFetchOption = Annotated[
    bool, typer.Option("--no-fetch", help="Fetch nothing from a remote; what is not on this machine is missing.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write one JSON document to standard output.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Write nothing but errors (and JSON).")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an internal error.")]


def open_repository(directory: Path | None, *, no_fetch: bool = False, quiet: bool = False) -> Repository:
    """The repository of ``directory`` (None: of the current folder), from which relative paths then count.

    What is fetched is shown as progress, unless ``quiet``; ``no_fetch`` forbids it.

    Raises:
        RepositoryError: no such folder, or it is not inside a DVC repository.
    """
    from provenance.repository import Repository

    if directory is not None:
        try:
            os.chdir(directory)
        except OSError as error:
            raise RepositoryError(f"{directory}: cannot work there: {error.strerror}") from error
    return Repository.open(fetching=None if no_fetch else fetch_progress(quiet=quiet))


def warn_of_stale(ledger: Sidecars, *, quiet: bool) -> None:
    """Say on standard error which answers are about data that has changed: births hold, numbers of rows may not."""
    from provenance.ledger.datasets import State

    for said in () if quiet else ledger.unfetched.values():
        write_error(f"warning: {safe(said)}; it is not asked")
    for dataset in ledger.recorded:
        if dataset.state is State.STALE and not quiet:
            write_error(
                f"warning: {safe(dataset.path)}: changed since its sidecar was made; its rows are counted as they were"
            )


def warn_of_cut_history(history: History, *, quiet: bool) -> None:
    """Say on standard error that git has not all commits here, where that is so."""
    if history.cut_off and not quiet:
        write_error(
            "warning: this is a shallow clone: older commits are not here, and the oldest one stands for them; "
            "`git fetch --unshallow` fetches them"
        )


def warn_of_unknown_training(ledger: Sidecars, *, quiet: bool) -> None:
    """Say on standard error through which models lineage does not go on, as their training data is not known here."""
    for dataset in () if quiet else ledger.models.not_here:
        write_error(
            f"warning: {safe(dataset.label)}: a registered model was trained on it, but its sidecar is not to be had; "
            "what came of it through the model is not counted"
        )
