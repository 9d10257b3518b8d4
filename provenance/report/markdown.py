"""The audit as Markdown, for a pull request or a job summary: the verdict first, then every table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from provenance.report import mixture_words
from provenance.report.audit_words import (
    COLUMNS,
    MARKS,
    breakdowns,
    by_reason,
    cells,
    gravest_first,
    measured,
    remarks,
    said_of_the_whole,
    text_unsettled,
    why_it_fails,
)
from provenance.report.content_words import content_fields
from provenance.report.plain_text import CELL_WIDTH, counted, safe

if TYPE_CHECKING:
    from provenance.auditing.audited import Audit, AuditedDataset, JudgedRule
    from provenance.auditing.mixture import MixtureAudit

# `@` would call people, and a name with `:` or `.` becomes a link by itself.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|&~@-])")
_LINK = re.compile(r"(?i)(https?|ftp|mailto|www)([:.])")


class Markdown:
    """The whole audit."""

    name = "markdown"

    def write(self, audit: Audit) -> str:
        return "".join(f"{line}\n" for line in _lines(audit))


def _lines(audit: Audit) -> Iterator[str]:
    if audit.policy is not None and audit.verdict is not None:
        yield f"# {audit.verdict.status.value}\n"
        yield f"{markdown_text(f'B{said_of_the_whole(audit)[1:]}', None)}.\n"
    if reason := why_it_fails(audit):
        yield f"{markdown_text(f'D{reason[1:]}', None)}.\n"
    if audit.policy is not None:
        yield from _findings(audit)
    for dataset in audit.datasets:
        yield from _dataset(dataset)
    if audit.mixture is not None:
        yield from _mixture(audit.mixture)


def markdown_text(text: str, limit: int | None = CELL_WIDTH) -> str:
    """``text`` such that nothing in it is Markdown, HTML, a link or a mention."""
    return _LINK.sub("\\1\u200b\\2", _SPECIAL.sub(r"\\\1", safe(text, limit)))


def _findings(audit: Audit) -> Iterator[str]:
    found = gravest_first(audit.findings)
    if not found:
        return
    yield "| | rule | dataset | finding | what to do |"
    yield "| --- | --- | --- | --- | --- |"
    for judged in found:
        yield f"| {' | '.join(_finding(judged))} |"
    yield ""


def _finding(judged: JudgedRule) -> tuple[str, ...]:
    finding = judged.finding
    severity = "waived" if finding.waiver is not None else finding.severity.value
    looked_at = by_reason(judged.samples).items()
    samples = "".join(f"<br>{ids} ({markdown_text(why)})" for why, ids in looked_at)
    return (
        f"{MARKS[finding.outcome]} {severity}",
        f"{markdown_text(finding.title, None)} ({markdown_text(finding.rule, None)})",
        markdown_text(finding.dataset),
        f"{markdown_text(finding.message, None)}. {markdown_text(finding.reason, None)}{samples}",
        markdown_text(finding.remedy or "", None),
    )


def _mixture(mixture: MixtureAudit) -> Iterator[str]:
    yield f"## {markdown_text(mixture.path)}: {markdown_text(mixture.name)}\n"
    for line in mixture_words.remarks(mixture):
        yield f"- {markdown_text(line, None)}"
    for title, weights in mixture_words.breakdowns(mixture, every=True):
        yield f"\n| {markdown_text(title)} | {' | '.join(mixture_words.COLUMNS)} |"
        yield "| --- |" + " ---: |" * len(mixture_words.COLUMNS)
        for group, weight in weights.items():
            yield f"| {markdown_text(group)} | {' | '.join(mixture_words.cells(weight))} |"
    yield ""


def _dataset(dataset: AuditedDataset) -> Iterator[str]:
    composition = dataset.composition
    yield f"## {markdown_text(composition.path)}\n"
    yield counted(composition.rows, "row")
    if fields := content_fields(dataset.header.identity):
        yield f"\nContent fields: {markdown_text(fields, None)}"
    for title, shares in breakdowns(dataset):
        yield f"\n| {markdown_text(title)} | {' | '.join(COLUMNS)} |"
        yield "| --- |" + " ---: |" * len(COLUMNS)
        for group, share in shares.items():
            yield f"| {markdown_text(group)} | {' | '.join(cells(share, composition.rows))} |"
    yield ""
    for line in remarks(dataset):
        yield f"- {line}"
    if warning := text_unsettled(dataset):
        yield f"- {markdown_text(warning, None)}"
    values = measured(dataset)
    if values:
        yield "\n| measure | value |\n| --- | ---: |"
        for path, value in values:
            yield f"| {markdown_text(path)} | {markdown_text(value)} |"
    yield ""
