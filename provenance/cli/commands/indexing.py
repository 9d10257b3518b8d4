"""`index`: the graph index, which other commands build when they need it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from provenance.cli import output
from provenance.cli.options import CommonOptions, command, warn_of_unusable
from provenance.cli.progress import rows_progress
from provenance.report.plain_text import counted

if TYPE_CHECKING:
    from provenance.files import Cleaned
    from provenance.ledger.sidecars import Sidecars


@command(reads_lineage=True, at_revision=True)
def index(
    options: CommonOptions,
    collect_garbage: Annotated[
        bool,
        typer.Option(
            "--gc",
            help="Remove indexes and trees of other revisions, indexes of evaluation sets, what killed commands left.",
        ),
    ] = False,
) -> None:
    """Build the index that trace and impact follow.

    They build it themselves when they first need it; this is for doing it ahead, in CI say. It lies under
    .dvc/tmp/provenance and can be deleted at any time.

    Example: provenance index --gc
    """
    from provenance.files import remove_left
    from provenance.ledger.graph.opening import clean, store_in
    from provenance.ledger.sidecars import Sidecars

    repository = options.open_repository()
    with (
        rows_progress(quiet=options.quiet) as progress_of,
        Sidecars.open(repository, options.rev, progress_of=progress_of) as ledger,
    ):
        described = _described(ledger)
        cleaned = None
        if collect_garbage:
            # Only here: it needs Arrow.
            from provenance.attest.trees import clean_trees
            from provenance.auditing.contamination.suites import clean_suites
            from provenance.ledger import row_places

            cleaned = clean(store_in(repository.temporary), ledger.indexed)
            cleaned += row_places.clean(ledger) + clean_suites(repository.temporary) + remove_left(repository.temporary)
            cleaned += clean_trees(repository.temporary, {dataset.digest for dataset in ledger.recorded})
        warn_of_unusable(ledger)
    if options.as_json:
        output.write_json(described | ({"removed": asdict(cleaned)} if cleaned else {}))
    elif not options.quiet:
        _print(described, cleaned)


def _described(ledger: Sidecars) -> dict[str, int]:
    graph = ledger.graph
    return {
        "datasets": len(graph.datasets),
        "samples": graph.size,
        "derivations": len(graph.parents.targets),
        "bytes": graph.bytes,
    }


def _print(described: dict[str, int], cleaned: Cleaned | None) -> None:
    said = ", ".join(
        counted(described[what], what.removesuffix("s")) for what in ("datasets", "samples", "derivations")
    )
    output.write_line(f"{said}: {described['bytes']:,} bytes")
    if cleaned is not None:
        output.write_line(f"removed {counted(cleaned.folders, 'item')}: {cleaned.bytes:,} bytes")
