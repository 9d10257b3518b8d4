"""`revoke` and `purge`: what must not be used any more, and taking it, or evaluation rows, out."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provenance.cli import output
from provenance.cli.completing import datasets
from provenance.cli.completing import selectors as selectors_there
from provenance.cli.next_steps import tell_to_add, tell_to_add_tracked
from provenance.cli.options import CommonOptions, command
from provenance.cli.progress import rows_progress
from provenance.report.plain_text import counted, safe

if TYPE_CHECKING:
    from provenance.ledger.impact import Impact
    from provenance.revocations import Revocation
    from provenance.upkeep.purging import Purged

_DAY = 10
_OTHERWISE = "rows of equal content, or what they came from, were born in other ways, too"


@command(reads_lineage=True)
def revoke(
    options: CommonOptions,
    selectors: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SELECTOR]...", autocompletion=selectors_there, help="What to revoke, as `impact` takes it."
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why, for whoever reads it.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List what is revoked.")] = False,
) -> None:
    """Mark samples, and all that came from them, as not to be used.

    The entry goes into provenance.revocations.yaml, which git tracks; audits fail on the rows that it reaches.

    Example: provenance revoke source:forum --reason "consent withdrawn on 2026-11-20"
    """
    if listed == bool(selectors) or listed == bool(reason):
        raise typer.BadParameter("name SELECTORs and a --reason, or --list what is revoked")
    repository = options.open_repository()
    if not selectors or not reason:
        _print_revocations(list(repository.revocations().revocations), as_json=options.as_json, quiet=options.quiet)
        return
    from provenance.files import REVOCATIONS_FILE
    from provenance.ledger.impact import impact_of
    from provenance.ledger.revoked import named_by
    from provenance.ledger.sidecars import Sidecars
    from provenance.upkeep.revoking import revoke as enter

    with (
        rows_progress(quiet=options.quiet) as progress_of,
        Sidecars.open(repository, progress_of=progress_of) as ledger,
    ):
        entry, is_new = enter(ledger, selectors, reason)
        found = impact_of(ledger, named_by(ledger, entry.selectors))
    if options.as_json:
        output.write_json(_document(entry) | {"new": is_new} | _affected(found))
    elif not options.quiet:
        output.write_line(f"{entry.id}: {'revoked' if is_new else 'was revoked before'}: {_named(entry)}")
        for dataset in _affected(found)["datasets"]:
            output.write_line(f"  {safe(dataset['path'])}: {_must_go(dataset)}")
        tell_to_add(repository, [REVOCATIONS_FILE], "; take the rows out with `provenance purge DATASET`")


@command(reads_lineage=True)
def purge(
    options: CommonOptions,
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", autocompletion=datasets, help="The dataset to take rows out of.")
    ],
    out: Annotated[
        str | None, typer.Option("-o", "--out", metavar="OUT", help="Write what is left there; default: in place.")
    ] = None,
    evaluation: Annotated[
        list[str] | None,
        typer.Option(
            "--evaluation",
            metavar="SET[@REV]",
            help="Take out what contaminates: this set's rows, as they are or were at a revision (repeatable).",
        ),
    ] = None,
    degree: Annotated[
        float | None,
        typer.Option(
            "--degree", metavar="X", help="Of what text shows, only rows found at this degree or more (0 to 1)."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go; write nothing.")] = False,
    all_equal: Annotated[
        bool, typer.Option("--all-equal", help="Where one of several rows of equal content goes, take out all of them.")
    ] = False,
) -> None:
    """Take out of a dataset all that came from what was revoked.

    With --evaluation: without the rows that are, were made from, or read like rows of an evaluation set. The sidecar
    keeps what it knows of the rows that went, and why they did. Of a directory, only the files of which rows go are
    written anew. In a stage, name another file or directory with -o. Rows of equal content may have been born in
    several ways: as many go as may be of one that is to go.

    Example: provenance purge data/mix.jsonl -o data/clean.jsonl
    """
    from provenance.upkeep.purge_causes import Contaminating
    from provenance.upkeep.purging import purge as take_out

    if degree is not None and not evaluation:
        raise typer.BadParameter("--degree is of what text shows of an --evaluation SET")
    contaminating = Contaminating(tuple(evaluation), degree) if evaluation else None
    repository = options.open_repository()
    with rows_progress(quiet=options.quiet) as progress_of:
        found = take_out(
            repository,
            dataset,
            out,
            contaminating=contaminating,
            dry_run=dry_run,
            progress_of=progress_of,
            all_equal=all_equal,
        )
    if options.as_json:
        output.write_json(found.as_json())
    elif not options.quiet:
        _print_purged(found, dry_run=dry_run)
        if found.tracked:
            tell_to_add_tracked(repository, found.tracked)


def _document(entry: Revocation) -> dict[str, Any]:
    return entry.model_dump(mode="json")


def _affected(found: Impact) -> dict[str, Any]:
    return {"datasets": [asdict(each) for each in found.datasets if each.affected_rows or each.affected_through_models]}


def _must_go(dataset: dict[str, Any]) -> str:
    most, certain = (
        dataset[f"{how}affected_rows"] + dataset[f"{how}affected_through_models"] for how in ("", "certainly_")
    )
    doubt = "" if most == certain else f"; {certain:,} for certain: {_OTHERWISE}"
    return f"{counted(most, 'row')} of {dataset['rows']:,} must go{doubt}"


def _named(entry: Revocation) -> str:
    return safe(f"{', '.join(entry.selectors)} ({entry.reason})")


def _print_revocations(entries: list[Revocation], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        output.write_json({"revocations": [_document(entry) for entry in entries]})
    elif not quiet:
        if not entries:
            output.write_line("nothing is revoked")
        for entry in entries:
            by = " by " + safe(entry.by) if entry.by else ""
            output.write_line(f"{entry.id}  {entry.revoked.isoformat()[:_DAY]}{by}: {_named(entry)}")


def _print_purged(found: Purged, *, dry_run: bool) -> None:
    if found.finished:
        gone = counted(found.finished, "row")
        output.write_line(f"{safe(found.out)}: an interrupted purge was finished; it had taken out {gone}")
    would = "would go" if dry_run else "went"
    kept = f"{counted(found.kept, 'row')} {'stays' if found.kept == 1 else 'stay'}"
    output.write_line(f"{safe(found.out)}: {counted(found.dropped, 'row')} {would}, {kept}")
    for reason, rows in found.reasons.items():
        output.write_line(f"  {rows:,}: {safe(reason)}")
    for path, rows in found.not_looked_for.items():
        says = "says" if rows == 1 else "say"
        output.write_line(f"  {safe(path)}: {counted(rows, 'row')} {says} too little to be looked for in text")
    if found.certain < found.dropped:
        output.write_line(f"  {found.certain:,} for certain: {_OTHERWISE}")
    if found.equal_rows:
        stays = "stays" if found.equal_rows == 1 else "stay"
        output.write_line(
            f"  {counted(found.equal_rows, 'row')} of equal content {stays}, in which other columns may name what was "
            "revoked: --all-equal takes these out, too"
        )
