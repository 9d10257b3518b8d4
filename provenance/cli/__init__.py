"""The command ``provenance``. One file per group of commands; each parses, calls and prints.

Command modules import what is heavy inside their functions, so that ``provenance --help`` starts fast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from provenance.cli.commands import (
    adopting,
    attesting,
    auditing,
    declaring,
    differing,
    doctoring,
    exploring,
    exporting,
    history,
    impacting,
    importing,
    indexing,
    inferring,
    models,
    querying,
    questions,
    recording,
    reporting,
    revoking,
    state,
)
from provenance.cli.failures import reported
from provenance.version import __version__

app = typer.Typer(
    name="provenance",
    help="Per-sample lineage for DVC: where every row of a dataset came from.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
stages = typer.Typer(help="Stages whose datasets have lineage.", no_args_is_help=True, rich_markup_mode=None)
registered = typer.Typer(
    help="Models as links in the chain: what each was trained on.", no_args_is_help=True, rich_markup_mode=None
)


def register(
    command: Callable[..., None],
    name: str,
    group: typer.Typer = app,
    settings: dict[str, Any] | None = None,
    usage: str = "[OPTIONS]",
) -> None:
    """Make ``command`` a command of ``group``, with Click's context ``settings``; its docstring is its help.

    ``usage``: what its help shows in place of the options.
    """
    group.command(name, context_settings=settings, options_metavar=usage)(reported(command))


register(recording.init, "init")
register(recording.add, "add")
register(declaring.declare_lineage, "declare")
register(recording.run, "run", settings=recording.PASS_ON, usage="[OPTIONS] -- COMMAND [ARGUMENT]...")
app.add_typer(stages, name="stage")
register(recording.stage_add, "add", stages, settings=recording.PASS_ON, usage="[OPTIONS] COMMAND [ARGUMENT]...")
register(adopting.adopt, "adopt")
register(importing.import_, "import")
register(importing.update, "update")
register(state.status, "status")
register(questions.show, "show")
register(questions.trace, "trace")
register(impacting.impact, "impact")
register(indexing.index, "index")
register(querying.query, "query")
register(history.log, "log")
register(differing.diff, "diff")
register(auditing.audit, "audit")
register(reporting.report, "report")
register(exploring.explore, "explore")
register(inferring.infer, "infer")
register(exporting.export, "export")
register(state.verify, "verify")
register(attesting.sign, "sign")
register(attesting.prove, "prove")
register(doctoring.doctor, "doctor")
register(revoking.revoke, "revoke")
register(revoking.purge, "purge")
app.add_typer(registered, name="model")
register(models.add, "add", registered)
register(models.list_, "list", registered)
register(models.show, "show", registered)
register(models.remove, "remove", registered)


def _print_version(wanted: bool) -> None:
    if wanted:
        from provenance.identity.kernel import way

        typer.echo(f"provenance {__version__}\n{way()}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=_print_version,
            help="Show the version and which way ids take, and exit.",
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; the entry point of the ``provenance`` script."""
    app()
