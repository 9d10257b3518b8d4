"""`infer`: guesses at the parents of rows whose origin nobody stated."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from provenance.cli import output
from provenance.cli.completing import datasets
from provenance.cli.options import CommonOptions, command
from provenance.cli.progress import rows_progress
from provenance.report.plain_text import counted, safe, short

if TYPE_CHECKING:
    from provenance.auditing.inferring import Inference

# How often that is right, and wrong: docs/measures.md.
_DEFAULT_MARGIN = 0.08
_DEFAULT_SCORE = 0.25


@command(reads_lineage=True, at_revision=True)
def infer(
    options: CommonOptions,
    dataset: Annotated[
        str,
        typer.Argument(metavar="DATASET", autocompletion=datasets, help="Whose rows of unknown origin are looked at."),
    ],
    against: Annotated[str, typer.Option("--against", metavar="OTHER", help="The dataset of possible parents.")],
    margin: Annotated[
        float,
        typer.Option("--margin", min=0.0, max=1.0, help="By how much the best parent must be ahead of the next."),
    ] = _DEFAULT_MARGIN,
    score: Annotated[
        float,
        typer.Option("--score", min=0.0, max=1.0, help="How much the best parent must be alike, at least."),
    ] = _DEFAULT_SCORE,
) -> None:
    """Name candidate parents for rows of unknown origin.

    A candidate is a guess from the words that two rows share. It is never written down as lineage, nor counted. Of a
    translation, only names, numbers and words that both languages have are compared.

    Example: provenance infer data/found.jsonl --against data/documents.jsonl
    """
    from provenance.auditing.inferring import infer as infer_parents
    from provenance.auditing.measures import Part, Subject
    from provenance.ledger.sidecars import Sidecars

    with Sidecars.open(options.open_repository(), options.rev) as ledger:
        audited, parents = (Part(ledger, ledger.dataset(path)) for path in (dataset, against))
        with rows_progress(quiet=options.quiet) as progress_of:
            found = infer_parents(
                Subject(audited, ledger.folder), parents, margin, score, progress_of(audited.dataset.path)
            )
    if options.as_json:
        output.write_json(
            {
                "candidates": [asdict(candidate) for candidate in found.candidates],
                "unknown": found.unknown,
                "words_shared": found.words_shared,
                "possible_parents": found.possible_parents,
            }
        )
    elif not options.quiet:
        _print(found, audited.dataset.path, parents.dataset.path)


def _print(found: Inference, dataset: str, against: str) -> None:
    if found.candidates:
        rows = [
            (short(each.sample_id), short(each.parent), f"{each.score:.2f}", f"{each.margin:.2f}")
            for each in found.candidates
        ]
        output.write_table(("sample", "candidate parent", "score", "margin"), rows, numbers=("score", "margin"))
        output.write_line()
    output.write_line(
        f"{safe(dataset)}: {counted(found.unknown, 'sample')} of unknown origin with words that also "
        f"{safe(against)} has, {counted(len(found.candidates), 'candidate parent')}"
    )
    if found.may_be_of_another_language:
        output.write_line(
            f"only {100 * (found.words_shared or 0):.0f}% of the words are shared: words are compared, so where these "
            "are different languages many parents are not found"
        )
    if found.candidates and found.has_few_possible_parents:
        output.write_line(
            f"{safe(against)} has only {counted(found.possible_parents, 'row')}: among so few, rows that come from "
            "none of them are often given one"
        )
    if found.candidates:
        output.write_line("candidates are guesses: none of them is recorded or counted as lineage")
