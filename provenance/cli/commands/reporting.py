"""`report`: one page about datasets, to hand over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provenance.cli import output
from provenance.cli.options import (
    CommonOptions,
    EvaluationOption,
    PolicyOption,
    SinceOption,
    command,
    warn_of_cut_history,
)
from provenance.report.plain_text import safe


@command(reads_lineage=True, at_revision=True)
def report(
    options: CommonOptions,
    datasets: Annotated[list[str], typer.Argument(metavar="DATASET...", help="Datasets to report on.")],
    file: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The page to write (HTML).")] = Path(
        "report.html"
    ),
    policy: PolicyOption = None,
    mixture: Annotated[
        Path | None,
        typer.Option("--mixture", metavar="FILE", help="Show how often rows are trained on; see docs/mixtures.md."),
    ] = None,
    evaluation: EvaluationOption = None,
    since: SinceOption = None,
) -> None:
    """Write one page about datasets, to hand over.

    For people without this repository: what is in the datasets, where it came from, and whether to use them. The page
    needs no network and holds no script. A verdict that does not pass is no error here: `audit` is the gate.

    Example: provenance report data/mix.parquet --policy baseline --policy model-collapse -o report.html
    """
    from provenance.auditing.audit import run_audit
    from provenance.auditing.policy.loading import load_policy
    from provenance.auditing.request import ALL_MEASURES, request_for
    from provenance.cli.overwriting import require_harmless
    from provenance.files import whole_file
    from provenance.report.audit_words import passing, with_warnings
    from provenance.report.page.page import report_page

    repository = options.open_repository()
    read = [*(Path(name) for name in policy or ()), *([mixture] if mixture else [])]
    require_harmless(repository, {"-o": file}, read)
    request = request_for(
        repository,
        datasets,
        rev=options.rev,
        evaluation=evaluation or (),
        since=since,
        measures=[ALL_MEASURES],
        mixture=mixture,
    )
    found = run_audit(repository, request, load_policy(policy, repository.root) if policy else None)
    page = report_page(repository, found)
    with whole_file(file) as temporary:
        temporary.write_text(page, encoding="utf-8")
    verdict = None if found.verdict is None else found.verdict.status.value
    if options.as_json:
        warnings = None if found.verdict is None else found.verdict.warnings
        output.write_json({"report": str(file), "verdict": verdict, "warnings": warnings, "passes": found.passes})
    elif not options.quiet:
        said = "" if verdict is None else f": {verdict}{passing(found)}{with_warnings(found)}"
        output.write_line(safe(str(file)) + said)
    if found.request.commit is not None or repository.git_state().head is not None:
        warn_of_cut_history(repository.history(found.request.commit or "HEAD"), quiet=options.quiet)
