"""`declare`: lineage stated afterwards."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from provenance.cli.failures import FINDING
from provenance.cli.next_steps import tell_to_add, tell_to_add_tracked
from provenance.cli.options import CommonOptions, command
from provenance.cli.output import write_error, write_json, write_line
from provenance.cli.progress import rows_progress
from provenance.report.content_words import lines_on_content
from provenance.report.plain_text import counted, safe

if TYPE_CHECKING:
    from provenance.capture.declaring.declare import Declared
    from provenance.repository import Repository


@command()
def declare_lineage(
    options: CommonOptions,
    path: Annotated[str, typer.Argument(metavar="PATH", help="A dataset file.")],
    from_: Annotated[
        str,
        typer.Option("--from", metavar="IMPORTER[:PART]", help="What the lineage is read from; see docs/declaring.md."),
    ],
    map_: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="A column holds the field, row by row.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="A value for all rows; {column} stands for a row's own."),
    ] = None,
    using: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="A file or folder that the generator left.")
    ] = None,
    parents: Annotated[
        list[str] | None, typer.Option(metavar="PATH", help="A dataset that the parents are in.")
    ] = None,
    parent_key: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Look parent_key up in this column of the parents' dataset.")
    ] = None,
    prices: Annotated[str | None, typer.Option(metavar="FILE", help="Price table: cost of tokens per model.")] = None,
    keep_prompts: Annotated[
        bool, typer.Option("--keep-prompts", help="Keep rendered prompts, not only their digests.")
    ] = False,
) -> None:
    """State lineage afterwards, from columns or what a generator left.

    What was observed stays; what was declared before of the same rows is replaced.

    Example: provenance declare data/qa.jsonl --from columns --map model=model --set kind=answer
    """
    from provenance.capture.declaring.declare import declare

    repository = options.open_repository()
    with rows_progress(quiet=options.quiet) as progress_of:
        declared = declare(
            path,
            from_,
            mapping=_pairs("--map", map_ or []),
            values=_pairs("--set", set_ or []),
            using=using or [],
            parents=parents or [],
            parent_key=parent_key,
            prices=prices,
            keep_prompts=keep_prompts,
            progress=progress_of(path),
        )
    if options.as_json:
        write_json(_document(declared))
    elif not options.quiet:
        _report(repository, declared)
    if declared.completion.rows and not declared.stated:
        write_error("no row received any lineage: check what --from names, with its part after the colon, and --set")
        raise typer.Exit(FINDING)


def _pairs(option: str, given: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in given:
        field, sign, value = text.partition("=")
        if not (field and sign and value):
            raise typer.BadParameter(f"{safe(text)!r} is not of the form FIELD=…", param_hint=option)
        if field in pairs:
            raise typer.BadParameter(f"{safe(field)!r} is given twice", param_hint=option)
        pairs[field] = value
    return pairs


def _document(declared: Declared) -> dict[str, object]:
    completion = declared.completion
    return {
        "path": declared.path,
        "sidecar": declared.sidecar,
        "tracked": declared.tracked,
        "stage": declared.stage,
        "rewritten": list(declared.spread.rewritten),
        "to_run": list(declared.spread.to_run),
        "rows": completion.rows,
        "samples": completion.samples,
        "stated": declared.stated,
        "unknown": completion.unknown,
        "ancestors": completion.ancestors,
        "dangling": completion.dangling,
        "unmatched": declared.unmatched,
        "born_twice": completion.born_twice,
    } | completion.identity.choice()


def _report_spread(declared: Declared) -> None:
    for path in declared.spread.rewritten:
        own = ", but for rows that it has carried: it has births of its own" if path in declared.spread.kept else ""
        write_line(f"{safe(path)}: its sidecar follows{own}")
    for stage in declared.spread.to_run:
        write_line(f"stage {safe(stage)} depends on what changed, and runs again at the next `dvc repro`")


def _report(repository: Repository, declared: Declared) -> None:
    completion = declared.completion
    write_line(
        f"{safe(declared.path)}: {declared.stated:,} of {counted(completion.rows, 'row')} declared, "
        f"{completion.unknown:,} unknown, {counted(completion.ancestors, 'ancestor')}"
    )
    again = f"run `provenance declare {shlex.quote(declared.path)} …` again"
    for line in lines_on_content(declared.path, completion.identity, again):
        write_line(f"  {line}")
    if declared.unmatched:
        write_line(f"keys of parents that no row has: {declared.unmatched:,}")
    if completion.dangling:
        write_line(
            f"parents that no sidecar knows: {completion.dangling:,}; name their datasets with --parents, unless they "
            "were in an earlier version only"
        )
    if completion.born_twice:
        write_line(f"samples with more than one birth: {completion.born_twice:,}")
    _report_spread(declared)
    if not declared.tracked and declared.files:
        tell_to_add(repository, declared.files)
    if not declared.tracked:
        return
    if not repository.is_as_recorded(repository.root / declared.path):
        write_line(
            f"DVC has other data for it: `dvc add {safe(shlex.quote(declared.path))}`, else the sidecar is stale"
        )
    tell_to_add_tracked(repository, [declared.sidecar], declared.files)
