"""`log`: lineage through the history of the repository."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from provenance.cli import output
from provenance.cli.completing import datasets
from provenance.cli.options import CommonOptions, command, warn_of_cut_history
from provenance.report.plain_text import CELL_WIDTH, counted, percent, safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from provenance.ledger.composition.breakdowns import Breakdown
    from provenance.ledger.history.dataset_log import DatasetLog
    from provenance.ledger.history.sample_log import SampleEntry, SampleLog
    from provenance.repository import Repository
    from provenance.repository.git import Commit
    from provenance.repository.history import History

_SHORT_COMMIT = 9
_DAY = 10
_MOST_SHARES = 5
_LINE_WIDTH = 160


@command(reads_lineage=True, multiplies=False)
def log(
    options: CommonOptions,
    target: Annotated[
        str,
        typer.Argument(
            metavar="DATASET|SAMPLE",
            autocompletion=datasets,
            help="A dataset, here or at any commit; else a sample: six or more hex digits of its id, PATH:ROW, or "
            "field:NAME=VALUE.",
        ),
    ],
    rev: Annotated[
        str | None,
        typer.Option("--rev", metavar="REV", help="Follow this revision only, not all branches, tags and experiments."),
    ] = None,
) -> None:
    """Show the history of a dataset, or of a sample.

    What a dataset was made of at every commit that changed it, or where a sample came into datasets and left. What is
    the path of a dataset at any commit is taken as that.

    Example: provenance log data/mix.parquet
    """
    repository = options.open_repository()
    history = repository.history(rev)
    path = repository.relative(target)
    sample = None if path in history.tracked else _sample(repository, history, rev, target, path)
    found: DatasetLog | SampleLog
    if sample is None:
        from provenance.ledger.history.dataset_log import log_dataset

        found = dataset_log = log_dataset(repository, history, path)
        show = partial(_print_dataset, dataset_log)
    else:
        from provenance.ledger.history.sample_log import log_sample

        found = sample_log = log_sample(repository, history, sample)
        show = partial(_print_sample, sample_log)
    if options.as_json:
        output.write_json(found.as_json() | {"cut_off": history.cut_off})
    elif not options.quiet:
        show()
    warn_of_cut_history(history, quiet=options.quiet)
    if not options.quiet:
        for commit, file in found.unreadable:
            output.write_error(
                f"warning: {commit[:_SHORT_COMMIT]}: {safe(file)}: DVC cannot read it; "
                "what it tracked is taken as it was"
            )


def _sample(repository: Repository, history: History, rev: str | None, target: str, path: str) -> str | None:
    """The id of the sample that ``target`` names, or the beginning of it; None where it is no name of a sample."""
    from provenance.ledger.references import is_field, is_place, is_prefix, resolve
    from provenance.ledger.sidecars import Sidecars

    if is_prefix(target):
        return target
    if not (
        is_place(target) or is_field(target) or any(path.startswith(f"{dataset}/") for dataset in history.datasets)
    ):
        return None
    with Sidecars.open(repository, rev) as ledger:
        return resolve(ledger, target)


def _print_dataset(found: DatasetLog) -> None:
    from provenance.ledger.composition.breakdowns import OF_HISTORY
    from provenance.ledger.history.making import in_words

    for entry in found.entries:
        version = entry.version
        moved = f" [moved from {safe(version.moved_from)}]" if version.moved_from else ""
        output.write_line(_headline(version.commit, version.references, version.experiment) + moved)
        counted = entry.counted
        if counted is not None:
            output.write_line(f"    {_rows(counted.rows, counted.groups['by_origin'])}")
            for name in OF_HISTORY:
                if name != "by_origin" and (told := _shares(counted.rows, counted.groups[name], OF_HISTORY[name])):
                    output.write_line(f"    {OF_HISTORY[name].words}: {told}")
        for change in entry.changes:
            output.write(output.folded("    ", "        ", safe(in_words(change), _LINE_WIDTH)))
        if entry.reason is not None:
            output.write_line(f"    {entry.state}: {safe(entry.reason)}")


def _print_sample(found: SampleLog) -> None:
    output.write_line(f"sample {found.sample_id}")
    for entry in found.entries:
        output.write_line(_headline(entry.commit, entry.references, entry.experiment))
        output.write_line(f"    {_event(entry)}")
        if entry.reason is not None:
            output.write_line(f"    {entry.reason}")
    for path in found.ancestor_of:
        output.write_line(f"an ancestor only, at any commit: {safe(path)}")
    unknown = Counter((version.path, why.reason) for version, why in found.unknown)
    for (path, reason), versions in unknown.items():
        output.write_line(f"not known: {counted(versions, 'version')} of {safe(path)}: {safe(reason)}")


def _event(entry: SampleEntry) -> str:
    place = safe(entry.dataset)
    if entry.event == "left":
        return f"left {place}"
    event = {"appeared": "appeared in", "changed": "changed in", "moved": "moved with its dataset to"}[entry.event]
    return f"{event} {place}: {_rows(sum(entry.by_origin.values()), entry.by_origin)}"


def _rows(rows: int, by_origin: Mapping[str, int]) -> str:
    shares = _in_percent(rows, by_origin)
    return counted(rows, "row") + (f": {shares}" if shares else "")


def _shares(rows: int, groups: Mapping[str, int], breakdown: Breakdown) -> str:
    """The groups of a breakdown; nothing where none of the rows says anything."""
    return "" if groups.keys() <= {breakdown.nothing} else _in_percent(rows, groups)


def _in_percent(rows: int, groups: Mapping[str, int]) -> str:
    shown = [f"{safe(group, CELL_WIDTH)} {percent(each, rows)}" for group, each in groups.items()]
    return ", ".join(
        [*shown[:_MOST_SHARES], *([f"{len(shown) - _MOST_SHARES} more"] if len(shown) > _MOST_SHARES else [])]
    )


def _headline(commit: Commit, references: Iterable[str], experiment: str | None) -> str:
    names = [*references, *([f"experiment {experiment}"] if experiment else [])]
    shown = f"({safe(', '.join(names))})" if names else ""
    subject = safe(commit.subject, CELL_WIDTH)
    return " ".join(part for part in (commit.sha[:_SHORT_COMMIT], commit.date[:_DAY], shown, subject) if part)
