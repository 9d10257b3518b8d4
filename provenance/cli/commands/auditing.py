"""`audit`: what datasets are made of, what measures find, and whether a policy lets them pass."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provenance.cli import output
from provenance.cli.completing import datasets as datasets_there
from provenance.cli.failures import FINDING
from provenance.cli.options import CommonOptions, EvaluationOption, PolicyOption, SinceOption, command
from provenance.report.plain_text import safe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provenance.attest.recheck import Recheck
    from provenance.auditing.audited import Audit
    from provenance.cli.audit_terminal import Terminal
    from provenance.repository import Repository


@command(reads_lineage=True, at_revision=True, has_jobs=True, asks_an_engine=True)
def audit(
    options: CommonOptions,
    datasets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DATASET]...", autocompletion=datasets_there, help="Datasets to audit."),
    ] = None,
    policy: PolicyOption = None,
    mixture: Annotated[
        Path | None,
        typer.Option("--mixture", metavar="FILE", help="Weigh what is trained on by exposure; see docs/mixtures.md."),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option("--reference", metavar="DATASET[@REV]", help="Compare synthetic text with this."),
    ] = None,
    evaluation: EvaluationOption = None,
    since: SinceOption = None,
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--by", metavar="FIELD", help="Break down by a field of the data, too, such as language; repeatable."
        ),
    ] = None,
    measures: Annotated[
        str | None,
        typer.Option("--measures", metavar="NAME,...", help="Take these measures too, or all; see docs/measures.md."),
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(
            "--family", metavar="FIELD", help="Rows with one value of this field belong together: a document."
        ),
    ] = None,
    text: Annotated[
        str,
        typer.Option("--text", metavar="PART", help="Compare rows' own text, what was given to them, or all of it."),
    ] = "own",
    seed: Annotated[int, typer.Option("--seed", metavar="NUMBER", help="Of all random choices.")] = 0,
    verdict: Annotated[
        Path | None, typer.Option("--verdict", metavar="FILE", help="Write a verdict that anyone can recheck (JSON).")
    ] = None,
    recheck: Annotated[
        Path | None, typer.Option("--recheck", metavar="VERDICT", help="Recompute a verdict: does it still hold?")
    ] = None,
    metrics: Annotated[
        Path | None, typer.Option("--metrics", metavar="FILE", help="Write the numbers as DVC metrics (JSON).")
    ] = None,
    plots: Annotated[
        Path | None, typer.Option("--plots", metavar="DIR", help="Write the audit for DVC plots (JSON).")
    ] = None,
    sarif: Annotated[
        Path | None, typer.Option("--sarif", metavar="FILE", help="Write the findings for code scanning (SARIF 2.1.0).")
    ] = None,
    tables: Annotated[bool, typer.Option("--tables", help="Show every breakdown, and every value measured.")] = False,
    markdown: Annotated[bool, typer.Option("--md", help="Write Markdown, with all tables.")] = False,
) -> None:
    """Say what datasets are made of, and judge them by a policy.

    Without --policy nothing is judged. With it, the exit code is 1 unless the verdict passes.

    Example: provenance audit data/mix.parquet --policy baseline --policy model-collapse
    """
    if options.as_json and markdown:
        raise typer.BadParameter("--json and --md cannot be combined")
    if recheck is not None:
        if datasets or policy or mixture:
            raise typer.BadParameter("--recheck takes datasets, mixture and policy from the verdict")
        _recheck(options, recheck)
        return
    _require_a_subject(datasets, mixture)
    if policy is None and (verdict or sarif):
        raise typer.BadParameter("--verdict and --sarif need a --policy")
    from provenance.auditing.audit import run_audit
    from provenance.auditing.policy.loading import load_policy
    from provenance.auditing.request import request_for
    from provenance.cli.audit_terminal import Terminal
    from provenance.cli.overwriting import require_harmless

    repository = options.open_repository()
    files = {"--verdict": verdict, "--metrics": metrics, "--plots": plots, "--sarif": sarif}
    require_harmless(repository, files, _read_files(policy, mixture))
    request = request_for(
        repository,
        datasets or (),
        rev=options.rev,
        reference=reference,
        evaluation=evaluation or (),
        since=since,
        fields=fields or (),
        measures=_names(measures),
        mixture=mixture,
        family=family,
        text=text,
        seed=seed,
    )
    found = run_audit(
        repository,
        request,
        load_policy(policy, repository.root) if policy else None,
        engine=options.engine_of(repository),
    )
    _write_files(repository, found, files)
    _print(found, repository, options, Terminal(tables=tables, measures=_names(measures)), markdown=markdown)
    if not found.passes:
        raise typer.Exit(FINDING)


def _require_a_subject(datasets: list[str] | None, mixture: Path | None) -> None:
    if not datasets and mixture is None:
        raise typer.BadParameter("name the DATASETs to audit, or a --mixture")


def _read_files(policy: list[str] | None, mixture: Path | None) -> list[Path]:
    return [*(Path(name) for name in policy or ()), *([mixture] if mixture else [])]


def _names(measures: str | None) -> list[str]:
    return [name.strip() for name in measures.split(",")] if measures else []


def _write_files(repository: Repository, found: Audit, files: Mapping[str, Path | None]) -> None:
    """Write each of ``files``, named by its option."""
    from provenance.attest.verdict_file import verdict_file, write_verdict
    from provenance.report.formats import format_named
    from provenance.report.interface import write_file
    from provenance.report.metrics import write_plots

    if (verdict := files["--verdict"]) is not None:
        write_verdict(verdict, verdict_file(found, repository.root))
    if (plots := files["--plots"]) is not None:
        write_plots(plots, found)
    for name in ("metrics", "sarif"):
        if (file := files[f"--{name}"]) is not None:
            write_file(file, format_named(name, repository), found)


def _print(found: Audit, repository: Repository, options: CommonOptions, terminal: Terminal, *, markdown: bool) -> None:
    from provenance.report.formats import format_named

    if options.as_json or markdown:
        output.write(format_named("json" if options.as_json else "markdown", repository).write(found))
    elif not options.quiet:
        output.write(terminal.write(found))
    if not options.quiet:
        _warn_of_broken(found)


def _warn_of_broken(found: Audit) -> None:
    """Say on standard error what is there and could not be used; a policy may pass over it."""
    from provenance.auditing.measures import NotMeasured

    measured = (each for dataset in found.datasets for each in dataset.measured.items())
    for name, each in measured:
        if isinstance(each, NotMeasured) and each.broken:
            output.write_error(f"warning: {name} was not measured: {safe(each.reason)}")


def _recheck(options: CommonOptions, file: Path) -> None:
    from provenance.attest.recheck import recheck
    from provenance.attest.verdict_file import read_verdict

    found = recheck(options.open_repository(), read_verdict(file))
    if options.as_json:
        output.write_json(found.as_json())
    elif not options.quiet:
        said = f"{found.recorded.verdict.value} of {found.recorded.date}"
        output.write_line(f"{safe(str(file))}: {said} {_how_it_holds(found)}")
        for change in found.changes:
            output.write_line(f"  {safe(change.what)}")
            output.write_line(f"    was {safe(change.was)}")
            output.write_line(f"    now {safe(change.now)}")
        for remark in found.remarks:
            output.write_line(f"  note: {safe(remark)}")
    if not found.passes:
        raise typer.Exit(FINDING)


def _how_it_holds(found: Recheck) -> str:
    if not found.holds:
        return "DOES NOT HOLD"
    if not found.policy_is_here:
        return "holds as recorded, but was NOT RECOMPUTED by the policy itself"
    return "still holds" if found.recomputed else "still holds as recorded; not all of it was recomputed"
