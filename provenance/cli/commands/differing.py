"""`diff`: which rows were added and removed between two revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from provenance.cli import output
from provenance.cli.options import CommonOptions, command
from provenance.cli.progress import rows_progress
from provenance.errors import SidecarError, UnknownReferenceError
from provenance.plurals import counted
from provenance.report.plain_text import CELL_WIDTH, safe, safe_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provenance.ledger.history.differences import Difference
    from provenance.repository import Repository

_LINE_WIDTH = 200


@command(reads_lineage=True, has_jobs=True, asks_an_engine=True, multiplies=False)
def diff(
    options: CommonOptions,
    old: Annotated[str, typer.Argument(metavar="A", help="The older revision.")],
    others: Annotated[
        list[str] | None,
        typer.Argument(metavar="[B] [DATASET...]", help="The newer revision (default: the workspace); datasets."),
    ] = None,
) -> None:
    """Show which rows of datasets differ between two revisions.

    Rows that were added and removed are counted by origin, kind, model, source and license. Below stands what differs
    in how they were made: prompts, with the difference of the templates; models, parameters, commands and dependencies
    of stages. All is known from sidecars alone, without checkout.

    Example: provenance diff v1 v2 data/mix.parquet
    """
    from provenance.ledger.history.differences import differences

    repository = options.open_repository()
    new, names = _revision_and_datasets(repository, others or ())
    paths = [repository.relative(name) for name in names]
    with rows_progress(quiet=options.quiet) as progress_of:
        found = list(differences(repository, old, new, paths, progress_of, options.engine_of(repository)))
    if options.as_json:
        output.write_json({"datasets": [each.as_json() for each in found]})
    elif not options.quiet:
        # What was asked for is answered; of all the rest, what differs.
        for each in found if paths else [each for each in found if not each.is_none]:
            _print(each)
    _require_compared([each for each in found if paths or each.has_sidecars])


def _require_compared(found: Sequence[Difference]) -> None:
    """Refuse to answer where a difference is not known.

    Raises:
        SidecarError: it is not known how the rows of one of these differ.
    """
    unknown = [each for each in found if each.rows is None]
    if unknown:
        first, *more = unknown
        others = f"; and {counted(len(more), 'more dataset')}" if more else ""
        raise SidecarError(f"{first.path}: cannot be compared: {'; '.join(first.remarks)}{others}")


def _revision_and_datasets(repository: Repository, others: Sequence[str]) -> tuple[str | None, Sequence[str]]:
    """Whether the first of ``others`` is a revision or a dataset, git's way: it must not be both."""
    if not others or not repository.has_revision(others[0]):
        return None, others
    if (repository.root / repository.relative(others[0])).exists():
        raise UnknownReferenceError(f"{others[0]}: both a revision and a path; write ./{others[0]} for the path")
    return others[0], others[1:]


def _print(difference: Difference) -> None:
    from provenance.ledger.composition.breakdowns import OF_HISTORY

    rows, path = difference.rows, safe(difference.path)
    origin = f" (was {safe(difference.moved_from)})" if difference.moved_from else ""
    if rows is None:
        output.write_line(f"{path}{origin}: cannot be compared")
    else:
        output.write_line(
            f"{path}{origin}: {rows.added.rows:,} added, {rows.removed.rows:,} removed, {rows.kept:,} kept"
        )
        cells = [
            (name, safe(group, CELL_WIDTH), *(f"{side.groups[name].get(group, 0):,}" for side in sides))
            for sides in ((rows.added, rows.removed),)
            for name in OF_HISTORY
            for group in dict.fromkeys([*rows.added.groups[name], *rows.removed.groups[name]])
        ]
        if cells:
            output.write_line()
            output.write_table(
                ("by", "group", "added", "removed"),
                [(name.removeprefix("by_"), *rest) for name, *rest in cells],
                numbers=("added", "removed"),
            )
    _print_changes(difference)
    for remark in difference.remarks:
        output.write_line(f"  {safe(remark)}")


def _print_changes(difference: Difference) -> None:
    from provenance.ledger.history.making import in_words

    if difference.changes:
        output.write_line()
    for change in difference.changes:
        output.write(output.folded("  ", "      ", safe(in_words(change), _LINE_WIDTH)))
        for line in change.difference:
            output.write_line(f"      {safe_lines(line)[0] if line else ''}")
