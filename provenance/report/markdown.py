"""The audit as Markdown, for a pull request or a job summary: the verdict first, then every table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from provenance.cli import audit_mixture, output
from provenance.cli.audit_report import (
    COLUMNS,
    MARKS,
    breakdowns,
    by_reason,
    cells,
    gravest_first,
    leaves,
    remarks,
    shown,
    summary,
)

if TYPE_CHECKING:
    from provenance.auditing.audit import Audit, AuditedDataset, JudgedRule
    from provenance.auditing.mixture import MixtureAudit

# `@` would call people, and a name with `:` or `.` becomes a link by itself.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|&~@-])")
_LINK = re.compile(r"(?i)(https?|ftp|mailto|www)([:.])")


def print_markdown(audit: Audit) -> None:
    """Write ``audit`` to standard output."""
    if audit.policy is not None and audit.verdict is not None:
        counts = summary(judged.finding for judged in audit.findings)
        output.write_line(f"# {audit.verdict.status.value}\n")
        output.write_line(f"By {markdown_text(audit.policy.name)}: {counts}.\n")
        _print_findings(audit)
    for dataset in audit.datasets:
        _print_dataset(dataset)
    if audit.mixture is not None:
        _print_mixture(audit.mixture)


def markdown_text(text: str, limit: int | None = output.CELL_WIDTH) -> str:
    """``text`` such that nothing in it is Markdown, HTML, a link or a mention."""
    return _LINK.sub("\\1\u200b\\2", _SPECIAL.sub(r"\\\1", output.safe(text, limit)))


def _print_findings(audit: Audit) -> None:
    found = gravest_first(audit.findings)
    if not found:
        return
    output.write_line("| | rule | dataset | finding | what to do |")
    output.write_line("| --- | --- | --- | --- | --- |")
    for judged in found:
        output.write_line(f"| {' | '.join(_finding(judged))} |")
    output.write_line()


def _finding(judged: JudgedRule) -> tuple[str, ...]:
    finding = judged.finding
    severity = "waived" if finding.waiver is not None else finding.severity.value
    looked_at = by_reason(judged.samples).items()
    samples = "".join(f"<br>{ids} ({markdown_text(why)})" for why, ids in looked_at)
    return (
        f"{MARKS[finding.status]} {severity}",
        markdown_text(finding.rule, None),
        markdown_text(finding.dataset),
        f"{markdown_text(finding.message, None)}. {markdown_text(finding.reason, None)}{samples}",
        markdown_text(finding.remedy or "", None),
    )


def _print_mixture(mixture: MixtureAudit) -> None:
    output.write_line(f"## {markdown_text(mixture.path)}: {markdown_text(mixture.name)}\n")
    for line in audit_mixture.remarks(mixture):
        output.write_line(f"- {markdown_text(line, None)}")
    for title, weights in audit_mixture.breakdowns(mixture, every=True):
        output.write_line(f"\n| {markdown_text(title)} | {' | '.join(audit_mixture.COLUMNS)} |")
        output.write_line("| --- |" + " ---: |" * len(audit_mixture.COLUMNS))
        for group, weight in weights.items():
            output.write_line(f"| {markdown_text(group)} | {' | '.join(audit_mixture.cells(weight))} |")
    output.write_line()


def _print_dataset(dataset: AuditedDataset) -> None:
    composition = dataset.composition
    output.write_line(f"## {markdown_text(composition.path)}\n")
    output.write_line(output.counted(composition.rows, "row"))
    for title, shares in breakdowns(dataset):
        output.write_line(f"\n| {markdown_text(title)} | {' | '.join(COLUMNS)} |")
        output.write_line("| --- |" + " ---: |" * len(COLUMNS))
        for group, share in shares.items():
            output.write_line(f"| {markdown_text(group)} | {' | '.join(cells(share, composition.rows))} |")
    output.write_line()
    for line in remarks(dataset):
        output.write_line(f"- {line}")
    values = leaves(dataset.as_json()["measures"])
    if values:
        output.write_line("\n| measure | value |\n| --- | ---: |")
        for path, value in values:
            output.write_line(f"| {markdown_text(path)} | {markdown_text(shown(value))} |")
    output.write_line()
