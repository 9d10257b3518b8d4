"""`log`: lineage through the history of the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from provenance.cli import output
from provenance.cli.options import (
    JsonOption,
    NoFetchOption,
    QuietOption,
    RepositoryOption,
    VerboseOption,
    open_repository,
)

if TYPE_CHECKING:
    from provenance.ledger.history.dataset_log import DatasetLog, LogEntry

_SHORT_COMMIT = 9
_DAY = 10


def log(
    target: Annotated[str, typer.Argument(metavar="DATASET", help="A dataset, here or at any commit.")],
    repo: RepositoryOption = None,
    rev: Annotated[
        str | None,
        typer.Option("--rev", metavar="REV", help="Follow this revision only, not all branches, tags and experiments."),
    ] = None,
    no_fetch: NoFetchOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Show what a dataset was made of at every commit that changed it.

    Example: provenance log data/mix.parquet
    """
    from provenance.ledger.history.dataset_log import log_dataset

    repository = open_repository(repo, no_fetch=no_fetch, quiet=quiet)
    found = log_dataset(repository, repository.relative(target), rev)
    if as_json:
        output.write_json(found.as_json())
    elif not quiet:
        _print_dataset(found)
    if not quiet:
        for commit, file in found.unreadable:
            output.write_error(
                f"warning: {commit[:_SHORT_COMMIT]}: {output.safe(file)}: DVC cannot read it; "
                "what it tracked is taken as it was"
            )


def _print_dataset(found: DatasetLog) -> None:
    for entry in found.entries:
        output.write_line(_headline(entry))
        counted = entry.counted
        if counted is not None:
            shares = ", ".join(
                f"{output.safe(origin)} {output.percent(rows, counted.rows)}"
                for origin, rows in counted.groups["by_origin"].items()
            )
            output.write_line(f"    {output.counted(counted.rows, 'row')}" + (f": {shares}" if shares else ""))
        if entry.reason is not None:
            output.write_line(f"    {entry.state}: {output.safe(entry.reason)}")


def _headline(entry: LogEntry) -> str:
    version = entry.version
    names = [*version.references, *([f"experiment {version.experiment}"] if version.experiment else [])]
    return " ".join(
        part
        for part in (
            version.commit.sha[:_SHORT_COMMIT],
            version.commit.date[:_DAY],
            f"({output.safe(', '.join(names))})" if names else "",
            output.safe(version.commit.subject, output.CELL_WIDTH),
            f"[moved from {output.safe(version.moved_from)}]" if version.moved_from else "",
        )
        if part
    )
