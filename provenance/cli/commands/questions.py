"""`show` and `trace`: questions about samples."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provenance.cli import output
from provenance.cli.options import CommonOptions, command, warn_of_stale, warn_of_unknown_training
from provenance.cli.progress import rows_progress
from provenance.report.plain_text import counted, counts_between, safe, safe_lines

if TYPE_CHECKING:
    from provenance.ledger.sidecars import Occurrence, Sidecars
    from provenance.lineage.records import Record

_COUNTED = ("rows", "possible_rows", "ambiguous_rows")
SampleArgument = Annotated[
    str, typer.Argument(metavar="SAMPLE", help="Six or more hex digits of a sample id, or PATH:ROW (rows from 1).")
]


@command(reads_lineage=True, at_revision=True, multiplies=False)
def show(
    options: CommonOptions,
    sample: SampleArgument,
    text: Annotated[bool, typer.Option("--text", help="Show the sample's content as well.")] = False,
) -> None:
    """Show all that is recorded of a sample.

    That is every birth of it, and in which datasets it occurs.

    Example: provenance show data/mix.parquet:17 --text
    """
    from provenance.ledger.references import resolve
    from provenance.ledger.revoked import marks
    from provenance.ledger.sidecars import Sidecars

    with (
        rows_progress(quiet=options.quiet) as progress_of,
        Sidecars.open(options.open_repository(), options.rev, progress_of=progress_of) as ledger,
    ):
        sample_id = resolve(ledger, sample)
        records = [_document(record) for record in ledger.records(sample_id)]
        occurrences = ledger.occurrences(sample_id)
        revoked = marks(ledger, [sample_id]).get(sample_id, [])
        warn_of_stale(ledger, quiet=options.quiet)
        content = _texts(ledger, [sample_id]).get(sample_id) if text else None
    if options.as_json:
        document = {
            "sample_id": sample_id,
            "records": records,
            "occurrences": [asdict(occurrence) for occurrence in occurrences],
            "revoked": [asdict(mark) for mark in revoked],
        }
        output.write_json(document | ({"text": content} if text else {}))
    elif not options.quiet:
        _print_sample(sample_id, records, occurrences)
        for mark in revoked:
            doubt = "" if mark.certain else ", unless it was born in another way"
            output.write_line(f"{_HOW_REVOKED[mark.how]}{doubt} ({mark.revocation}): {safe(mark.reason)}")
        if text:
            _print_fields({"text": content or "cannot be read: no dataset with this sample is on this machine"}, 0)


def _texts(ledger: Sidecars, sample_ids: list[str]) -> dict[str, str]:
    from provenance.ledger.contents import texts

    return texts(ledger, sample_ids)


def _document(record: Record) -> dict[str, Any]:
    """The record as JSON, with the ids by which selectors and sidecars know what it describes."""
    document = record.model_dump(mode="json")
    for name in ("activity", "agent", "plan", "source"):
        described = getattr(record, name)
        if described is not None:
            document[name] = {"id": described.id} | document[name]
    return document


def _print_sample(sample_id: str, records: list[dict[str, Any]], occurrences: list[Occurrence]) -> None:
    output.write_line(f"sample {sample_id}")
    for occurrence in occurrences:
        output.write_line(f"  in {safe(occurrence.dataset)}: {counted(occurrence.rows, 'row')}")
    if not occurrences:
        output.write_line("  in no dataset: only an ancestor")
    rows = sum(occurrence.rows for occurrence in occurrences)
    for number, record in enumerate(records, 1):
        output.write_line(f"record {number} of {len(records)}{_born_this_way(record, rows)}")
        told = {
            **record,
            "calls": None if record["calls"] == 1 else record["calls"],
            "by_marks": record["by_marks"] or None,
        }
        _print_fields({name: value for name, value in told.items() if name not in ("sample_id", *_COUNTED)}, 1)


def _born_this_way(record: dict[str, Any], rows: int) -> str:
    """How many of the sample's ``rows`` the record is of; nothing for an ancestor, and for the tombstone of rows."""
    from provenance.lineage.words import ActivityType

    if not rows or (record["activity"] or {}).get("type") == ActivityType.PURGE:
        return ""
    least, most = record["rows"], record["rows"] + record["possible_rows"]
    return f": {counts_between(least, most)} of {counted(rows, 'row')}" if most > least else f": {counted(most, 'row')}"


_HOW_REVOKED = {
    "named": "revoked",
    "derived": "came from what is revoked",
    "through_models": "came from a model that was trained on what is revoked",
}


def _print_fields(fields: dict[str, Any], level: int) -> None:
    """Write what is known, one field a line, what is in it indented."""
    indent = "  " * level
    for name, value in fields.items():
        if value is None or value in ({}, []):
            continue
        label = f"{indent}{safe(name)}:"
        if isinstance(value, dict) and name != "packages":
            output.write_line(label)
            _print_fields(value, level + 1)
            continue
        lines = safe_lines(_joined(value).rstrip())
        if len(lines) == 1:
            output.write_line(f"{label} {lines[0]}")
            continue
        output.write_line(label)
        for line in lines:
            output.write_line(f"{indent}  {line}")


def _joined(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@command(reads_lineage=True, at_revision=True, multiplies=False)
def trace(
    options: CommonOptions,
    sample: SampleArgument,
    down: Annotated[
        bool, typer.Option("--down", help="Trace what came of the sample, not where it came from.")
    ] = False,
    depth: Annotated[
        int | None, typer.Option("--depth", metavar="N", min=1, help="Go at most N steps, and show them all.")
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Show the beginning of each sample's content.")] = False,
    as_dot: Annotated[bool, typer.Option("--dot", help="Write Graphviz text.")] = False,
    as_mermaid: Annotated[bool, typer.Option("--mermaid", help="Write a Mermaid flow chart.")] = False,
) -> None:
    """Show where a sample came from, as a tree.

    Each sample is described once; where it is reached again, it is only referred to. Registered models are
    listed below the tree, with what they were trained on.

    Example: provenance trace data/mix.parquet:17
    """
    from provenance.cli import tree
    from provenance.ledger import walks
    from provenance.ledger.references import resolve
    from provenance.ledger.revoked import marks
    from provenance.ledger.sidecars import Sidecars
    from provenance.report import model_chains, pictures

    if options.as_json + as_dot + as_mermaid > 1:
        raise typer.BadParameter("--json, --dot and --mermaid cannot be combined")
    if text and (as_dot or as_mermaid):
        raise typer.BadParameter("pictures show no content: --text goes with the tree or with --json")
    direction = walks.Direction.DESCENDANTS if down else walks.Direction.ANCESTORS
    as_tree = not (options.as_json or as_dot or as_mermaid)
    with (
        rows_progress(quiet=options.quiet) as progress_of,
        Sidecars.open(options.open_repository(), options.rev, progress_of=progress_of) as ledger,
    ):
        most = tree.MOST_IN_A_TREE if as_tree else None
        walk = walks.trace(ledger.models, resolve(ledger, sample), direction, depth, most)
        revoked = marks(ledger, [node.sample_id for node in walk.nodes])
        contents = _texts(ledger, [node.sample_id for node in walk.nodes]) if text else {}
        warn_of_stale(ledger, quiet=options.quiet)
        warn_of_unknown_training(ledger, quiet=options.quiet)
    if options.as_json:
        nodes = [
            asdict(node)
            | {"revoked": [asdict(mark) for mark in revoked.get(node.sample_id, ())]}
            | ({"text": contents.get(node.sample_id)} if text else {})
            for node in walk.nodes
        ]
        edges = [asdict(edge) for edge in walk.edges]
        found = {"sample_id": walk.start, "direction": direction.value, "nodes": nodes, "edges": edges}
        output.write_json(found | model_chains.as_json(walk))
        return
    certainly = {sample_id: any(mark.certain for mark in found) for sample_id, found in revoked.items()}
    if as_dot:
        output.write_line(pictures.dot(walk, certainly))
    elif as_mermaid:
        output.write_line(pictures.mermaid(walk, certainly))
    elif not options.quiet:
        tree.print_tree(walk, contents, tree.DEEPEST if depth is None else None, certainly)
