"""`index`: the graph index, which other commands build when they need it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provenance.cli import output
from provenance.cli.options import CommonOptions, command, warn_of_unusable
from provenance.cli.progress import rows_progress
from provenance.report.plain_text import counted, safe

if TYPE_CHECKING:
    from provenance.files import Cleaned
    from provenance.ledger.graph.opening import ProgressOf
    from provenance.ledger.sidecars import Sidecars


@command(reads_lineage=True, at_revision=True, multiplies=False)
def index(
    options: CommonOptions,
    collect_garbage: Annotated[
        bool,
        typer.Option(
            "--gc",
            help="Remove indexes and trees of other revisions, indexes of evaluation sets, what killed commands left.",
        ),
    ] = False,
    text: Annotated[
        bool,
        typer.Option(
            "--text", help="Also index the words of all rows whose data is here, for searches in the explorer."
        ),
    ] = False,
) -> None:
    """Build the index that trace and impact follow.

    They build it themselves when they first need it; this is for doing it ahead, in CI say. It lies under
    .dvc/tmp/provenance and can be deleted at any time.

    Example: provenance index --text
    """
    from provenance.files import remove_left
    from provenance.ledger.graph.opening import clean, store_in
    from provenance.ledger.sidecars import Sidecars

    repository = options.open_repository()
    with (
        rows_progress(quiet=options.quiet) as progress_of,
        Sidecars.open(repository, options.rev, progress_of=progress_of) as ledger,
    ):
        described: dict[str, Any] = _described(ledger)
        if text:
            described["text"] = _index_words(ledger, progress_of)
        cleaned = None
        if collect_garbage:
            # Only here: it needs Arrow.
            from provenance.attest.trees import clean_trees
            from provenance.auditing.contamination.suites import clean_suites
            from provenance.ledger import row_places
            from provenance.ledger.collecting import clean_generations

            cleaned = clean(store_in(repository.temporary), ledger.indexed)
            cleaned += row_places.clean(ledger) + clean_suites(repository.temporary) + remove_left(repository.temporary)
            cleaned += clean_trees(repository.temporary, {dataset.digest for dataset in ledger.recorded})
            cleaned += clean_generations(repository, ledger.recorded)
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


def _index_words(ledger: Sidecars, progress_of: ProgressOf) -> dict[str, Any]:
    """What was indexed: datasets, bytes, and the paths of those whose data is not here."""
    from provenance.errors import RepositoryError
    from provenance.ledger.contents import local_data, named_as
    from provenance.ledger.word_index import index_words

    sizes: list[int] = []
    not_here: list[str] = []
    for dataset in ledger.recorded:
        try:
            data = local_data(ledger, dataset)
        except RepositoryError:
            not_here.append(dataset.path)
            continue
        with named_as(dataset, data):
            size = index_words(ledger, dataset, data, progress_of(f"words of {dataset.path}"))
        sizes += [] if size is None else [size]
    return {"datasets": len(sizes), "bytes": sum(sizes), "not_here": not_here}


def _print(described: dict[str, Any], cleaned: Cleaned | None) -> None:
    said = ", ".join(
        counted(described[what], what.removesuffix("s")) for what in ("datasets", "samples", "derivations")
    )
    output.write_line(f"{said}: {described['bytes']:,} bytes")
    if "text" in described:
        words = described["text"]
        output.write_line(f"words of {counted(words['datasets'], 'dataset')}: {words['bytes']:,} bytes")
        for path in words["not_here"]:
            output.write_line(f"not indexed: the data of {safe(path)} is not on this machine")
    if cleaned is not None:
        output.write_line(f"removed {counted(cleaned.folders, 'item')}: {cleaned.bytes:,} bytes")
