"""`export`: lineage in the words of public standards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provenance.cli import output
from provenance.cli.completing import datasets as datasets_there
from provenance.cli.failures import FINDING
from provenance.cli.options import CommonOptions, command
from provenance.report.plain_text import counted, safe

if TYPE_CHECKING:
    from provenance.export.exporting import Exported


@command(reads_lineage=True, at_revision=True)
def export(
    options: CommonOptions,
    datasets: Annotated[
        list[str],
        typer.Argument(metavar="DATASET...", autocompletion=datasets_there, help="Datasets, exported as one whole."),
    ],
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="The standard; see docs/exporting.md.")],
    target: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here; default: standard output.")
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option("--rows", metavar="FILE", help="Croissant: write lineage row by row too, as plain Parquet."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Check the document; exit with 1 if it is not valid or not complete.")
    ] = False,
    send: Annotated[
        bool, typer.Option("--send", help="Send the events with OpenLineage's client, by its environment variables.")
    ] = False,
    samples: Annotated[
        list[str] | None,
        typer.Option(
            "--sample", metavar="SAMPLE", help="This sample and its ancestors, or `all` samples (PROV); repeatable."
        ),
    ] = None,
    depth: Annotated[
        int | None, typer.Option("--depth", metavar="N", help="With --sample: at most so many steps back.")
    ] = None,
) -> None:
    """Write the lineage of datasets in the words of a public standard.

    What lineage cannot know is taken from `about` in provenance.yaml; what is not there either is named.

    Example: provenance export data/mix.parquet --format croissant -o croissant.json --check
    """
    from provenance.cli.overwriting import require_harmless
    from provenance.export.exporters import open_export
    from provenance.export.exporting import export as write
    from provenance.export.subject import EVERY_SAMPLE, opened_subject

    if options.as_json and target is None:
        raise typer.BadParameter("--json says what was written; name a file with -o")
    by = open_export(form)
    if rows is not None and not hasattr(by, "takes_rows"):
        raise typer.BadParameter(f"--rows is not for {form}")
    if send and not hasattr(by, "send"):
        raise typer.BadParameter(f"--send is not for {form}, which is a file")
    if samples and not by.takes_samples:
        raise typer.BadParameter(f"--sample is not for {form}, which is about whole datasets")
    if samples and len(datasets) > 1:
        raise typer.BadParameter("--sample is of one dataset; name that alone")
    if depth is not None and not samples:
        raise typer.BadParameter("--depth needs a --sample")
    if depth is not None and EVERY_SAMPLE in (samples or ()):
        raise typer.BadParameter(f"--depth is not for --sample {EVERY_SAMPLE}, which leaves nothing out")
    repository = options.open_repository()
    require_harmless(repository, {"--output": target, "--rows": rows})
    with opened_subject(repository, datasets, rev=options.rev, samples=samples or (), depth=depth) as subject:
        exported = write(subject, by, target, rows=rows, check=check, send=send)
    _print(exported, options, target)
    if check and not exported.is_whole:
        raise typer.Exit(FINDING)


def _print(exported: Exported, options: CommonOptions, target: Path | None) -> None:
    if options.as_json:
        output.write_json(exported.as_json())
        return
    # Standard output may be the document.
    for problem in exported.problems or ():
        output.write_error(f"invalid: {safe(problem)}")
    if options.quiet:
        return
    for gap in exported.gaps:
        output.write_error(f"not stated: {safe(str(gap))}")
    if exported.gaps:
        output.write_error("state what is missing under `about` in provenance.yaml; see docs/exporting.md")
    for reason in exported.not_checked:
        output.write_error(f"warning: {safe(reason)}")
    if exported.sent is not None:
        output.write_error(f"sent {counted(exported.sent, 'event')}")
    if target is not None:
        output.write_error(f"{safe(str(target))}: {exported.format}, {exported.bytes:,} bytes")
