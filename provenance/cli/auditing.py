"""`audit`: what datasets are made of."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provenance.cli import output
from provenance.cli.options import (
    JsonOption,
    NoFetchOption,
    QuietOption,
    RepositoryOption,
    RevisionOption,
    VerboseOption,
    open_repository,
)

if TYPE_CHECKING:
    from provenance.audit.composition import Composition, Share

_COLUMNS = ("rows", "share", "bytes", "tokens")
_SPECIAL_IN_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|&~-])")


def audit(
    datasets: Annotated[list[str], typer.Argument(metavar="DATASET...", help="Datasets to audit.")],
    metrics: Annotated[
        Path | None, typer.Option("--metrics", metavar="FILE", help="Write the numbers as DVC metrics (JSON).")
    ] = None,
    plots: Annotated[
        Path | None, typer.Option("--plots", metavar="DIR", help="Write each breakdown for DVC plots (JSON).")
    ] = None,
    markdown: Annotated[bool, typer.Option("--md", help="Write Markdown tables.")] = False,
    repo: RepositoryOption = None,
    rev: RevisionOption = None,
    no_fetch: NoFetchOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Count what datasets are made of.

    Rows, bytes and tokens by origin, kind, model, source, license, depth and evidence.

    Example: provenance audit data/mix.parquet --metrics metrics.json --plots plots
    """
    from provenance.audit.composition import composition
    from provenance.audit.metrics import write_metrics, write_plots
    from provenance.ledger.ledger import Ledger

    if as_json and markdown:
        raise typer.BadParameter("--json and --md exclude each other")
    with Ledger.open(open_repository(repo, no_fetch=no_fetch, quiet=quiet), rev, partial=True) as ledger:
        found = [composition(ledger, ledger.dataset(path)) for path in dict.fromkeys(datasets)]
    if metrics is not None:
        write_metrics(metrics, found)
    if plots is not None:
        write_plots(plots, found)
    if as_json:
        output.write_json({"datasets": [each.as_json() for each in found], "verdict": None, "findings": []})
    elif markdown:
        for each in found:
            _print_markdown(each)
    elif not quiet:
        for each in found:
            _print_composition(each)


def _print_composition(composition: Composition) -> None:
    from provenance.audit.composition import BREAKDOWNS

    output.write_line(f"{output.safe(composition.path)}: {output.counted(composition.rows, 'row')}")
    for breakdown in BREAKDOWNS:
        shares: dict[str, Share] = getattr(composition, breakdown)
        if shares:
            output.write_line()
            rows = [
                (output.safe(group, output.CELL_WIDTH), *_cells(share, composition.rows))
                for group, share in shares.items()
            ]
            output.write_table((breakdown.replace("_", " "), *_COLUMNS), rows, numbers=_COLUMNS)
    output.write_line()
    for line in _remarks(composition):
        output.write_line(line)


def _print_markdown(composition: Composition) -> None:
    from provenance.audit.composition import BREAKDOWNS

    output.write_line(f"## {_markdown_text(composition.path)}\n")
    output.write_line(output.counted(composition.rows, "row"))
    for breakdown in BREAKDOWNS:
        shares: dict[str, Share] = getattr(composition, breakdown)
        if shares:
            output.write_line(f"\n| {breakdown.replace('_', ' ')} | {' | '.join(_COLUMNS)} |")
            output.write_line("| --- |" + " ---: |" * len(_COLUMNS))
            for group, share in shares.items():
                output.write_line(f"| {_markdown_text(group)} | {' | '.join(_cells(share, composition.rows))} |")
    output.write_line()
    for line in _remarks(composition):
        output.write_line(f"- {line}")
    output.write_line()


def _cells(share: Share, total: int) -> tuple[str, str, str, str]:
    tokens = "-" if share.tokens is None else f"{share.tokens:,}"
    if share.tokens is not None and share.rows_with_tokens < share.rows:
        tokens += f" (of {share.rows_with_tokens:,} rows)"
    return f"{share.rows:,}", output.percent(share.rows, total), f"{share.bytes:,}", tokens


def _remarks(composition: Composition) -> list[str]:
    """What is not a breakdown, in words; only digits and words of our own, so safe everywhere."""
    remarks = []
    if composition.real_rooted_fraction is not None:
        remarks.append(
            f"rows that are not real but have a real ancestor: {100 * composition.real_rooted_fraction:.1f}%"
        )
    if composition.max_depth is not None:
        remarks.append(f"greatest generation depth: {composition.max_depth}")
    if composition.cost is not None:
        cost = composition.cost
        amount = f"{cost.amount.normalize():f} {output.safe(cost.currency or '')}".rstrip()
        remarks.append(f"cost: {amount} (known for {cost.rows_costed:,} of {cost.rows:,} rows)")
    conflicts = composition.measures["conflicting_births"]["samples"]
    if conflicts:
        remarks.append(f"samples with births of different origin: {conflicts:,} (a model repeats real text, or a leak)")
    dangling = composition.measures["dangling_parents"]["samples"]
    if dangling:
        remarks.append(f"parents that no sidecar knows: {dangling:,}")
    return remarks


def _markdown_text(text: str) -> str:
    return _SPECIAL_IN_MARKDOWN.sub(r"\\\1", output.safe(text, output.CELL_WIDTH))
