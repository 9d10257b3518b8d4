"""The options that commands share, and what they do before anything else."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec

import typer

from provenance.cli.completing import policies
from provenance.cli.output import write_error
from provenance.cli.progress import fetch_progress
from provenance.engines.choosing import EngineName, chosen_engine
from provenance.errors import RepositoryError
from provenance.jobs import at_most, without_blas_threads
from provenance.report.plain_text import safe

if TYPE_CHECKING:
    from provenance.ledger.sidecars import Sidecars
    from provenance.repository import Repository
    from provenance.repository.history import History

P = ParamSpec("P")

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
EngineOption = Annotated[
    EngineName | None,
    typer.Option("--engine", help="What does the work: duckdb on this machine, or Spark as it is configured."),
]
PolicyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--policy", metavar="POLICY", autocompletion=policies, help="Judge by this pack or file (*.yaml); repeatable."
    ),
]
EvaluationOption = Annotated[
    list[str] | None,
    typer.Option("--evaluation", metavar="DATASET[@REV]", help="A set that must not have leaked in; repeatable."),
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="REV", help="The revision whose version came before this one.")
]
JobsOption = Annotated[
    int | None,
    typer.Option("--jobs", metavar="N", min=1, help="Threads that work at once; default: one for each core."),
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


@dataclass(frozen=True)
class CommonOptions:
    """What was asked of a command with the options that most commands have; see `command`."""

    repo: Path | None = None
    rev: str | None = None
    no_fetch: bool = False
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    jobs: int | None = None
    engine: EngineName | None = None

    def open_repository(self) -> Repository:
        """The repository of the folder named by --repo, or of the current one; see `open_repository`."""
        return open_repository(self.repo, no_fetch=self.no_fetch, quiet=self.quiet)

    def engine_of(self, repository: Repository) -> EngineName:
        """The engine that answers; see `chosen_engine`."""
        return chosen_engine(self.engine, repository.settings().engine)


def command(
    *,
    reads_lineage: bool = False,
    at_revision: bool = False,
    has_jobs: bool = False,
    asks_an_engine: bool = False,
    multiplies: bool = True,
) -> Callable[[Callable[Concatenate[CommonOptions, P], None]], Callable[..., None]]:
    """Give a command the options that most have: --repo, --json, --quiet and --verbose.

    They reach it together, as its first parameter; typer sees them behind the command's own.

    Args:
        reads_lineage: it reads sidecars, which may have to be fetched: with --no-fetch.
        at_revision: it reads at any git revision: with --rev.
        has_jobs: it works by several threads at once: with --jobs.
        asks_an_engine: what it asks is asked of an engine: with --engine.
        multiplies: it may multiply large matrices, as measures do.
    """
    common = [_parameter("repo", RepositoryOption, None)]
    common += [_parameter("rev", RevisionOption, None)] if at_revision else []
    common += [_parameter("no_fetch", NoFetchOption, False)] if reads_lineage else []
    common += [_parameter("jobs", JobsOption, None)] if has_jobs else []
    common += [_parameter("engine", EngineOption, None)] if asks_an_engine else []
    common += [
        _parameter("as_json", JsonOption, False),
        _parameter("quiet", QuietOption, False),
        _parameter("verbose", VerboseOption, False),
    ]
    names = [parameter.name for parameter in common]

    def decorate(function: Callable[Concatenate[CommonOptions, P], None]) -> Callable[..., None]:
        _, *own = inspect.signature(function, eval_str=True).parameters.values()

        @functools.wraps(function)
        def run(**given: Any) -> None:
            options: Any = CommonOptions(**{name: given.pop(name) for name in names if name in given})
            with at_most(options.jobs), nullcontext() if multiplies else without_blas_threads():
                function(options, **given)  # type: ignore[call-arg]

        parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *common)]
        # Evaluated once, here: typer would do it again for each.
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return run

    return decorate


def _parameter(name: str, option: Any, default: bool | None) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=option)


def warn_of_stale(ledger: Sidecars, *, quiet: bool) -> None:
    """Say on standard error what the answers leave out, and which are about data or sidecars that have changed.

    Of data that has changed births hold, and numbers of rows may not.
    """
    from provenance.ledger.datasets import State
    from provenance.repository.remarks import NOT_AS_RECORDED

    warn_of_unusable(ledger)
    said = {
        State.STALE: "changed since its sidecar was made; its rows are counted as they were",
        State.CHANGED: NOT_AS_RECORDED,
    }
    for reason in () if quiet else ledger.unfetched.values():
        write_error(f"warning: {safe(reason)}; it is left out of the answer")
    for dataset in () if quiet else ledger.recorded:
        if dataset.state in said:
            write_error(f"warning: {safe(dataset.path)}: {said[dataset.state]}")


def warn_of_unusable(ledger: Sidecars) -> None:
    """Say on standard error, in any case, which sidecars cannot be used: without them an answer is not whole."""
    for reason in ledger.unusable.values():
        write_error(f"warning: {safe(reason)}; it is left out of the answer")


def warn_of_cut_history(history: History, *, quiet: bool) -> None:
    """Say on standard error that git has not all commits here, where that is so."""
    if history.cut_off and not quiet:
        write_error(
            "warning: this is a shallow clone: older commits are not here, and the oldest one stands for them; "
            "`git fetch --unshallow` fetches them"
        )


def warn_of_unknown_training(ledger: Sidecars, *, quiet: bool) -> None:
    """Say on standard error through which models lineage does not go on, as their training data is not known here."""
    for dataset in () if quiet else ledger.descent.models.not_here:
        write_error(
            f"warning: {safe(dataset.label)}: a registered model was trained on it, but its sidecar is not available; "
            "what came of it through the model is not counted"
        )
