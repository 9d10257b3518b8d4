"""The audit as a person reads it, like a lab report: what is in it, what stands out, which rules failed, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from provenance.auditing.measures import NotMeasured
from provenance.auditing.policy.findings import Status
from provenance.cli import output
from provenance.ledger.composition.breakdowns import BREAKDOWNS
from provenance.report import mixture_words
from provenance.report.audit_words import (
    COLUMNS,
    breakdowns,
    by_reason,
    cells,
    gravest_first,
    headline,
    measured,
    passing,
    percents,
    remarks,
    said_of_the_whole,
    shares_in_words,
    text_unsettled,
    why_it_fails,
)
from provenance.report.content_words import content_fields
from provenance.report.plain_text import CELL_WIDTH, counted, safe

if TYPE_CHECKING:
    from provenance.auditing.audited import Audit, AuditedDataset, JudgedRule
    from provenance.auditing.mixture import MixtureAudit
    from provenance.ledger.composition.composition import Composition

_COLOURS = {Status.CLEARED: "green", Status.BLOCKED: "red", Status.UNKNOWN: "yellow"}
_LABEL = 15


class Terminal:
    """The report for standard output as it is now: its width, and colours where it is a terminal."""

    name = "terminal"

    def __init__(self, *, tables: bool, measures: Sequence[str] = ()) -> None:
        """``tables``: with every breakdown and every value measured; ``measures``: with those of these measures."""
        self._tables = tables
        self._measures = measures

    def write(self, audit: Audit) -> str:
        return "".join(_report(audit, tables=self._tables, measures=self._measures))


def _report(audit: Audit, *, tables: bool, measures: Sequence[str]) -> Iterator[str]:
    for number, dataset in enumerate(audit.datasets):
        if number:
            yield output.line()
        yield from _dataset(dataset)
        if tables:
            yield from _tables(dataset)
        elif measures:
            yield from _asked_for(dataset, measures)
        yield from _findings(
            [judged for judged in audit.findings if judged.finding.dataset == dataset.composition.path]
        )
    if audit.mixture is not None:
        if audit.datasets:
            yield output.line()
        yield from _mixture(audit.mixture, tables=tables)
    datasets = {dataset.composition.path for dataset in audit.datasets}
    yield from _findings([judged for judged in audit.findings if judged.finding.dataset not in datasets])
    yield from _verdict(audit)


def _dataset(dataset: AuditedDataset) -> Iterator[str]:
    from rich.text import Text

    composition = dataset.composition
    sizes = [counted(composition.rows, "row"), f"{composition.bytes:,} bytes"]
    if composition.tokens is not None:
        sizes.append(f"{composition.tokens:,} tokens")
    yield output.text(Text.assemble((safe(composition.path), "bold"), f": {', '.join(sizes)}"))
    yield from _heading("what is in it")
    yield from _origins(composition)
    for name, breakdown in BREAKDOWNS.items():
        said = shares_in_words(getattr(composition, name), composition)
        if said and name != "by_origin":
            label = breakdown.words.ljust(_LABEL)
            yield output.folded(f"  {label}", " " * (_LABEL + 2), said)
    for name, groups in dataset.by_field.items():
        label = f"by {safe(name, _LABEL - 4)}".ljust(_LABEL)
        said = safe(groups.reason) if isinstance(groups, NotMeasured) else shares_in_words(groups, composition)
        yield output.folded(f"  {label}", " " * (_LABEL + 2), said)
    if fields := content_fields(dataset.header.identity):
        yield output.folded(f"  {'content'.ljust(_LABEL)}", " " * (_LABEL + 2), fields)
    found = remarks(dataset)
    if warning := text_unsettled(dataset):
        found.append(warning)
    if found:
        yield from _heading("what stands out")
        for line in found:
            yield output.folded("  ", "    ", line)


def _origins(composition: Composition) -> Iterator[str]:
    """A bar for each origin, as long as its certain part."""
    from rich.text import Text

    for origin, share in composition.by_origin.items():
        rows = counted(share.at_most_rows, "row")
        if share.rows != share.at_most_rows:
            rows = f"{share.rows:,} to {rows}"
        numbers = f"{percents(share, composition.rows):>7}  {rows}"
        bar = output.share_bar(origin, share.fraction)
        yield output.text(Text.assemble("  ", safe(origin).ljust(_LABEL), bar, numbers))


def _heading(text: str) -> Iterator[str]:
    from rich.text import Text

    yield output.line()
    yield output.text(Text.assemble((text, "bold")))


def _tables(dataset: AuditedDataset) -> Iterator[str]:
    composition = dataset.composition
    for title, shares in breakdowns(dataset):
        yield output.line()
        rows = [(safe(group, CELL_WIDTH), *cells(share, composition.rows)) for group, share in shares.items()]
        yield output.table((safe(title, CELL_WIDTH), *COLUMNS), rows, numbers=COLUMNS)
    yield output.line()
    yield _values(measured(dataset))


def _asked_for(dataset: AuditedDataset, measures: Sequence[str]) -> Iterator[str]:
    """The values of ``measures``, or why there are none."""
    found = [(path, value) for path, value in measured(dataset) if path.partition(".")[0] in measures]
    if found:
        yield from _heading("what was measured")
        yield _values(found)


def _values(found: Sequence[tuple[str, str]]) -> str:
    return output.table(("measure", "value"), [(safe(path, CELL_WIDTH), value) for path, value in found])


def _mixture(mixture: MixtureAudit, *, tables: bool) -> Iterator[str]:
    """The report of ``mixture``; ``tables``: with every breakdown."""
    from rich.text import Text

    title = f": {safe(mixture.name)}, in {mixture.unit}"
    yield output.text(Text.assemble((safe(mixture.path), "bold"), title))
    for breakdown, weights in mixture_words.breakdowns(mixture, every=tables):
        yield output.line()
        rows = [(safe(group, CELL_WIDTH), *mixture_words.cells(weight)) for group, weight in weights.items()]
        yield output.table((safe(breakdown, CELL_WIDTH), *mixture_words.COLUMNS), rows, numbers=mixture_words.COLUMNS)
    yield output.line()
    for line in mixture_words.remarks(mixture):
        yield output.folded("  ", "    ", safe(line))


def _findings(judged: Sequence[JudgedRule]) -> Iterator[str]:
    """Rules that are broken or fail the whole, in full; below them, a line for each other one that is UNKNOWN."""
    listed = gravest_first(judged)
    in_full = [each for each in listed if each.finding.fails or each.finding.status is Status.BLOCKED]
    if in_full:
        yield from _heading("which rules are not kept")
    for number, each in enumerate(in_full):
        if number:
            yield output.line()
        yield from _finding(each)
    unknown = [each for each in listed if each not in in_full]
    if unknown:
        yield from _heading("which rules nothing can be said of")
    for each in unknown:
        yield output.folded("  ", "      ", f"{headline(each.finding)}: {safe(each.finding.message)}")


def _finding(judged: JudgedRule) -> Iterator[str]:
    from rich.text import Text

    finding = judged.finding
    style = f"bold {_COLOURS[finding.status] if finding.counts else 'yellow'}"
    yield output.text(Text.assemble("  ", (headline(finding), style)))
    lines = [("", finding.message), ("why:  ", finding.reason)]
    if finding.observed is not None:  # where something is missing, the message says what to give
        lines.append(("do:   ", finding.remedy or ""))
    lines += [("look: ", f"{samples} ({why})") for why, samples in by_reason(judged.samples).items()]
    for label, text in lines:
        if text:
            yield output.folded(f"      {label}", " " * 12, safe(text))


def _verdict(audit: Audit) -> Iterator[str]:
    from rich.text import Text

    yield output.line()
    if audit.policy is None or audit.verdict is None:
        yield output.line(why_it_fails(audit) or "not judged: no --policy was given, such as --policy baseline")
        return
    status = audit.verdict.status
    said = f"{passing(audit)} {said_of_the_whole(audit)}"
    yield output.text(Text.assemble((status.value, f"bold {_COLOURS[status]}"), said))
    if reason := why_it_fails(audit):
        yield output.line(reason)
