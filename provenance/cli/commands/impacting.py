"""`impact`: what came from a selection, or from all that is revoked."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provenance.cli import output
from provenance.cli.completing import selectors as selectors_there
from provenance.cli.options import CommonOptions, command, warn_of_cut_history, warn_of_stale, warn_of_unknown_training
from provenance.cli.progress import rows_progress
from provenance.report.model_chains import passage_lines, passages_as_json
from provenance.report.plain_text import CELL_WIDTH, counted, counts_between, percent, safe

if TYPE_CHECKING:
    from provenance.ledger.affected_rows import AffectedRows
    from provenance.ledger.descent.interface import Named
    from provenance.ledger.history.impact_log import ImpactLog
    from provenance.ledger.impact import AffectedDataset, Impact
    from provenance.ledger.sidecars import Sidecars

_SHORT_COMMIT = 9
_DAY = 10
_MOST_ROWS = 1_000
_TEXT_WIDTH = 200


@command(reads_lineage=True, at_revision=True, asks_an_engine=True, multiplies=False)
def impact(
    options: CommonOptions,
    selectors: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SELECTOR]...",
            autocompletion=selectors_there,
            help="sample:, source:, model:NAME[@REVISION], prompt:NAME[@DIGEST], activity:, license:, "
            "field:NAME=VALUE, origin:, kind: or dataset:PATH; several are OR-ed.",
        ),
    ] = None,
    revoked: Annotated[bool, typer.Option("--revoked", help="What came from all that is revoked.")] = False,
    history: Annotated[
        bool, typer.Option("--history", help="Count it in every version of every dataset, at all commits.")
    ] = False,
    ids: Annotated[
        Path | None,
        typer.Option("--ids", metavar="FILE", help="Write the ids of the selected samples and all descendants."),
    ] = None,
    rows: Annotated[
        bool, typer.Option("--rows", help="List the affected rows, PATH:ROW, and what they say (at most 1,000).")
    ] = False,
) -> None:
    """Count everything that came from a selection.

    A dataset's affected rows are those that may be of a selected birth or descend from one; how many certainly are is
    said where that is fewer. Rows by registered models that were trained on any of these are counted apart.

    Example: provenance impact model:SmolLM2-135M-Instruct --ids affected.txt

    Example: provenance impact field:doc_id=KB-0003 --rows
    """
    from provenance.cli.overwriting import require_harmless
    from provenance.ledger.impact import impact_of
    from provenance.ledger.sidecars import Sidecars

    if bool(selectors) == revoked:
        raise typer.BadParameter("name SELECTORs, or --revoked")
    repository = options.open_repository()
    require_harmless(repository, {"--ids": ids})
    with (
        rows_progress(quiet=options.quiet) as progress_of,
        Sidecars.open(repository, options.rev, progress_of=progress_of, engine=options.engine_of(repository)) as ledger,
    ):
        found = impact_of(ledger, _selected(ledger, selectors, quiet=options.quiet))
        warn_of_stale(ledger, quiet=options.quiet)
        warn_of_unknown_training(ledger, quiet=options.quiet)
        if ids is not None:
            _write_ids(ids, found)
        listed = _listed(ledger, found) if rows else None
        log = _log(ledger, selectors, options.rev, quiet=options.quiet) if history else None
    if options.as_json:
        listing = {} if listed is None else {"rows": [asdict(row) for row in listed.rows], "not_here": listed.not_here}
        output.write_json(_document(found) | listing | ({} if log is None else log.as_json()))
    elif not options.quiet:
        _print_impact(found)
        if listed is not None:
            _print_rows(listed)
        if log is not None:
            _print_log(log)


def _selected(ledger: Sidecars, selectors: list[str] | None, *, quiet: bool) -> list[Named]:
    """What ``selectors`` name; None: what is revoked."""
    if selectors:
        from provenance.ledger.selectors import named

        return named(ledger, selectors)
    from provenance.ledger.revoked import fitting_nothing, named_by, revoked_selectors

    revoked = revoked_selectors(ledger)
    for selector in [] if quiet else fitting_nothing(ledger, revoked):
        output.write_error(f"note: {safe(selector)} is revoked, and no sidecar here has it")
    return named_by(ledger, revoked)


def _log(ledger: Sidecars, selectors: list[str] | None, rev: str | None, *, quiet: bool) -> ImpactLog:
    from provenance.ledger.history.impact_log import log_impact
    from provenance.ledger.revoked import revoked_selectors
    from provenance.ledger.selectors import lasting

    history = ledger.repository.history(rev)
    warn_of_cut_history(history, quiet=quiet)
    return log_impact(ledger, history, lasting(ledger, selectors) if selectors else revoked_selectors(ledger))


def _listed(ledger: Sidecars, found: Impact) -> AffectedRows:
    # It reads data, for which pyarrow is loaded; counting does without.
    from provenance.ledger.affected_rows import affected_rows

    return affected_rows(ledger, found.came.affected, _MOST_ROWS)


def _document(found: Impact) -> dict[str, Any]:
    return {
        "selected": found.selected,
        "descendants": found.descendants,
        "datasets": [asdict(dataset) for dataset in found.datasets],
        "through_models": passages_as_json(len(found.through_models), found.passages),
    }


def _write_ids(file: Path, found: Impact) -> None:
    from provenance.files import whole_file

    with whole_file(file) as temporary, open(temporary, "w", encoding="ascii") as handle:
        handle.writelines(f"{sample_id}\n" for sample_id in found.affected)


def _print_impact(found: Impact) -> None:
    output.write_line(f"selected: {counted(found.selected, 'sample')}; descendants: {found.descendants:,}")
    for line in passage_lines(len(found.through_models), found.passages):
        output.write_line(line)
    titles = ("dataset", "rows", "affected", "share", *(("through models",) if found.passages else ()))
    rows = [
        (
            safe(dataset.path, CELL_WIDTH),
            f"{dataset.rows:,}",
            counts_between(dataset.certainly_affected_rows, dataset.affected_rows),
            percent(dataset.affected_rows, dataset.rows),
            *((_through_models(dataset),) if found.passages else ()),
        )
        for dataset in found.datasets
    ]
    output.write_table(titles, rows, numbers=titles[1:])


def _print_rows(listed: AffectedRows) -> None:
    output.write_line()
    rows = [(safe(row.place), "" if row.certain else "may be", safe(row.text, _TEXT_WIDTH)) for row in listed.rows]
    output.write_table(("row", "", "text"), rows)
    if len(rows) == _MOST_ROWS:
        output.write_line(f"the first {_MOST_ROWS:,} rows; --ids FILE writes all samples")
    for path in listed.not_here:
        output.write_error(f"warning: {safe(path)}: its data is not here, so its rows are not listed")


def _through_models(dataset: AffectedDataset) -> str:
    return counts_between(dataset.certainly_affected_through_models, dataset.affected_through_models)


def _print_log(log: ImpactLog) -> None:
    rows = [
        (
            each.version.commit.sha[:_SHORT_COMMIT],
            each.version.commit.date[:_DAY],
            safe(each.dataset.path, CELL_WIDTH),
            f"{each.dataset.rows:,}",
            counts_between(each.dataset.certainly_affected_rows, each.dataset.affected_rows),
            _through_models(each.dataset),
            safe(", ".join(each.version.names), CELL_WIDTH),
        )
        for each in log.entries
    ]
    titles = ("commit", "date", "dataset", "rows", "affected", "through models", "in")
    output.write_line()
    output.write_table(titles, rows, numbers=titles[3:6])
    for version in log.unknown:
        what = f"{version.commit.sha[:_SHORT_COMMIT]}: {safe(version.path)}"
        output.write_error(f"warning: {what}: its sidecar is not available, so it is not counted")
