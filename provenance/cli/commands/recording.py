"""`init` and `add`, and `run` and `stage add` for stages: how lineage comes to be recorded."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from provenance.cli.next_steps import tell_to_add, tell_to_add_tracked
from provenance.cli.options import (
    CommonOptions,
    EngineOption,
    QuietOption,
    VerboseOption,
    command,
    open_repository,
)
from provenance.cli.output import write_error, write_json, write_line
from provenance.cli.progress import rows_progress
from provenance.engines.choosing import chosen_engine
from provenance.report.content_words import lines_on_content
from provenance.report.plain_text import counted, safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provenance.capture.running import Completed, StageResult
    from provenance.upkeep.adding import Added

PartsOption = Annotated[
    int | None,
    typer.Option("--parts", metavar="N", help="Divide the sidecar into N files, a power of two, for large datasets."),
]
# Take everything after the command's own options as it stands.
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}


@command()
def init(
    options: CommonOptions,
) -> None:
    """Prepare a DVC repository: settings, ignore rules, plot templates.

    Run it as often as you like: what is there already stays as it is.

    Example: git init && dvc init && provenance init
    """
    from provenance.upkeep.preparing import prepare

    repository = options.open_repository()
    written = prepare(repository)
    if options.as_json:
        write_json({"root": str(repository.root), "written": written})
    elif not options.quiet:
        for path in written:
            write_line(f"wrote {safe(path)}")
        if written:
            tell_to_add(repository, written)
        else:
            write_line("nothing to do: prepared already")


@command(asks_an_engine=True, multiplies=False)
def add(
    options: CommonOptions,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Dataset files (JSONL, JSON, CSV, TSV, Parquet).")
    ],
    source: Annotated[str, typer.Option(metavar="NAME", help="Name of the source the data comes from.")],
    origin: Annotated[
        Literal["real", "synthetic", "mixed", "unknown"],
        typer.Option(help="Who made it: people or instruments, a model, both, or nobody knows."),
    ],
    url: Annotated[str | None, typer.Option(metavar="URL", help="Where the source is found.")] = None,
    license_: Annotated[
        str | None, typer.Option("--license", metavar="SPDX", help="Licence of the data, as an SPDX expression.")
    ] = None,
    publisher: Annotated[str | None, typer.Option(metavar="NAME", help="Who published it.")] = None,
    collected_at: Annotated[
        datetime | None, typer.Option(help="When it was collected (UTC).", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
    ] = None,
    fields: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Content fields, which identify a sample; kept in provenance.yaml."),
    ] = None,
    parts: PartsOption = None,
) -> None:
    """Track collected data with DVC, and say where it comes from.

    Example: provenance add data/faq.jsonl --origin real --source faq-2024 --license CC-BY-4.0
    """
    from provenance.upkeep.hashing import hash_ahead

    repository = options.open_repository()
    # What follows is a second of importing.
    ahead = hash_ahead(paths)
    from provenance.capture.collected import Source
    from provenance.lineage.records import Origin
    from provenance.settings import SETTINGS_FILE
    from provenance.upkeep.adding import add_datasets

    collected = collected_at and collected_at.replace(tzinfo=UTC)
    described = Source(name=source, url=url, license=license_, publisher=publisher, collected_at=collected)
    with rows_progress(quiet=options.quiet) as progress_of:
        added = add_datasets(
            repository,
            paths,
            origin=Origin(origin),
            source=described,
            fields=None if fields is None else fields.split(","),
            parts=parts,
            engine=options.engine_of(repository),
            progress_of=progress_of,
            ahead=ahead,
        )
    if options.as_json:
        write_json({"datasets": [_document(dataset) for dataset in added]})
    elif not options.quiet:
        for dataset in added:
            size = f"{counted(dataset.rows, 'row')}, {counted(dataset.samples, 'sample')}"
            write_line(f"{safe(dataset.path)}: {size}, from {safe(source)}")
            for line in lines_on_content(dataset.path, dataset.identity, None):
                write_line(f"  {line}")
        # Where the choice of columns and of parts is kept.
        settings = [] if fields is None and parts is None else [SETTINGS_FILE]
        outs = [path for dataset in added for path in (dataset.path, dataset.sidecar)]
        tell_to_add_tracked(repository, outs, settings)


def _document(added: Added) -> dict[str, object]:
    named = {"path": added.path, "rows": added.rows, "samples": added.samples, "sidecar": added.sidecar}
    return named | added.identity.choice()


def run(
    context: typer.Context,
    parts: PartsOption = None,
    engine: EngineOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Run a stage's command, then complete its datasets' sidecars.

    Stands before the command in dvc.yaml; `dvc repro` starts it. Ends with the command's exit code if that is not 0.

    Example: cmd: provenance run -- python mix.py
    """
    from provenance.capture.running import run_stage

    if not context.args:
        raise typer.BadParameter("no command; write it after `--`: provenance run -- COMMAND")
    repository = open_repository(None)
    chosen = chosen_engine(engine, repository.settings().engine)
    with rows_progress(quiet=quiet) as progress_of:
        result = run_stage(repository, context.args, progress_of, parts, chosen)
    if not quiet:
        for line in _lines(result):
            write_error(safe(line))
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def stage_add(context: typer.Context, verbose: VerboseOption = False) -> None:
    """Add a stage as `dvc stage add` does, with its datasets' sidecars.

    Takes the options of `dvc stage add`. The sidecar of each dataset it depends on and of each dataset it writes is
    added, and `provenance run --` is put before the command.

    Example: provenance stage add -n mix -d data/docs.jsonl -o data/mix.parquet python mix.py
    """
    from provenance.repository.staging import add_stage, with_sidecars

    repository = open_repository(None)
    with_sidecar = {dataset.path for dataset in repository.datasets() if dataset.sidecar}
    code = add_stage(with_sidecars(context.args, repository.relative("."), with_sidecar))
    if code:
        raise typer.Exit(code)


def _lines(result: StageResult) -> Iterator[str]:
    """What `run` reports of a stage: its input, what it rejected, its outs."""
    for warning in result.warnings:
        yield f"warning: {warning}"
    for path in result.unaccounted:
        yield f"{path}: has no sidecar, so what became of its rows is not known"
    if result.account is not None:
        for read in result.account.inputs:
            fates = f"{read.kept:,} kept, {read.changed:,} changed, {read.dropped:,} dropped"
            yield f"{read.path}: of {counted(read.rows, 'row')}, {fates}"
        for reason, number in result.account.rejected.items():
            yield f"rejected: {number:,} ({reason})"
    for dataset in result.datasets:
        yield f"{dataset.path}: {_explained(dataset)}"
        again = f"run `dvc repro --force --single-item {shlex.quote(result.stage)}`"
        yield from (f"  {line}" for line in lines_on_content(dataset.path, dataset.identity, again))
        if dataset.completion is not None and dataset.completion.read_here:
            yield f"  this machine read rows too, since {', and '.join(dataset.completion.read_here)}"


def _explained(dataset: Completed) -> str:
    completion = dataset.completion
    if completion is None:
        return "lineage recorded by its command"
    ways = {name: getattr(completion, name) for name in ("recorded", "carried", "derived", "aligned", "unknown")}
    said = ", ".join(f"{rows:,} {name}" for name, rows in ways.items() if rows)
    first = f", the first in row {completion.dangling_row:,}" if completion.dangling_row else ""
    dangling = f"; {counted(completion.dangling, 'parent')} that no sidecar knows{first}" if completion.dangling else ""
    rows, ancestors = counted(completion.rows, "row"), counted(completion.ancestors, "ancestor")
    return f"{rows} ({said or 'none'}), {ancestors}{dangling}"
