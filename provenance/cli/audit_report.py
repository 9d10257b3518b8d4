"""The audit as a person reads it, like a lab report: what is in it, what stands out, which rules failed, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from provenance.auditing.measures import NotMeasured
from provenance.auditing.policy.evaluation import Finding, Status
from provenance.auditing.policy.rules import Severity
from provenance.cli import output
from provenance.cli.audit_mixture import print_mixture
from provenance.ledger.composition.breakdowns import BREAKDOWNS

if TYPE_CHECKING:
    from provenance.auditing.audit import Audit, AuditedDataset, JudgedRule
    from provenance.auditing.examples import Example
    from provenance.ledger.composition.composition import Composition, Share

COLUMNS = ("rows", "share", "bytes", "tokens")
MARKS = {Status.CLEARED: "✓", Status.BLOCKED: "✗", Status.UNKNOWN: "?"}
_COLOURS = {Status.CLEARED: "green", Status.BLOCKED: "red", Status.UNKNOWN: "yellow"}
_NAMED_GROUPS = 4
_LABEL = 14
# What of a finding stands above another.
_GRAVEST_FIRST = (Status.BLOCKED, Status.UNKNOWN)


def print_report(audit: Audit, *, tables: bool) -> None:
    """Write the report of ``audit`` to standard output; ``tables``: with every breakdown and every value measured."""
    for number, dataset in enumerate(audit.datasets):
        if number:
            output.write_line()
        _print_dataset(dataset)
        if tables:
            _print_tables(dataset)
        _print_findings([judged for judged in audit.findings if judged.finding.dataset == dataset.composition.path])
    if audit.mixture is not None:
        if audit.datasets:
            output.write_line()
        print_mixture(audit.mixture, tables=tables)
    datasets = {dataset.composition.path for dataset in audit.datasets}
    _print_findings([judged for judged in audit.findings if judged.finding.dataset not in datasets])
    _print_verdict(audit)


def cells(share: Share, total: int) -> tuple[str, str, str, str]:
    """A group's numbers, in the order of `COLUMNS`."""
    tokens = "-" if share.tokens is None else f"{share.tokens:,}"
    if share.tokens is not None and share.rows_with_tokens < share.rows:
        tokens += f" (of {share.rows_with_tokens:,} rows)"
    return f"{share.rows:,}", output.percent(share.rows, total), f"{share.bytes:,}", tokens


def remarks(dataset: AuditedDataset) -> list[str]:
    """What stands out whatever a policy asks, in words; only digits and words of our own, so safe everywhere."""
    composition, values = dataset.composition, dataset.as_json()["measures"]
    found = []
    if composition.real_rooted_fraction is not None:
        found.append(f"rows that are not real but have a real ancestor: {100 * composition.real_rooted_fraction:.1f}%")
    if composition.max_depth is not None:
        found.append(f"greatest generation depth: {composition.max_depth}")
    if composition.cost is not None:
        cost = composition.cost
        amount = f"{cost.amount.normalize():f} {output.safe(cost.currency or '')}".rstrip()
        found.append(f"cost: {amount} (known for {cost.rows_costed:,} of {cost.rows:,} rows)")
    told = (
        ("revoked", "rows", "rows that are, or came from, what is revoked (take them out with `provenance purge`)"),
        (
            "conflicting_births",
            "samples",
            "samples born twice, of different origin (a model repeats real text, or a leak)",
        ),
        ("dangling_parents", "samples", "parents that no sidecar knows"),
        ("exact_duplicates", "duplicate_rows", "rows that repeat another row"),
    )
    for measure, value, words in told:
        number = values.get(measure, {}).get(value)
        if number:
            found.append(f"{words}: {number:,}")
    return found


def summary(findings: Iterable[Finding]) -> str:
    """How many rules came out how: "1 failed, 2 unknown, 9 kept, 1 passed over; 1 waived"."""
    listed = list(findings)
    named = ((Status.BLOCKED, "failed"), (Status.UNKNOWN, "unknown"), (Status.CLEARED, "kept"))
    judged = [finding for finding in listed if not finding.is_passed_over]
    counts = [(sum(finding.status is status for finding in judged), word) for status, word in named]
    counts.append((len(listed) - len(judged), "passed over"))
    waived = sum(finding.waiver is not None for finding in listed)
    said = ", ".join(f"{count:,} {word}" for count, word in counts if count) or "no rules"
    return f"{said}; {waived:,} waived" if waived else said


def gravest_first(judged: Iterable[JudgedRule]) -> list[JudgedRule]:
    """The findings that somebody has to see: those that count first, then failed ones before unknown ones."""
    severities = list(Severity)
    open_findings = [each for each in judged if each.finding.is_open]
    return sorted(
        open_findings,
        key=lambda each: (
            not each.finding.counts,
            severities.index(each.finding.severity),
            _GRAVEST_FIRST.index(each.finding.status),
        ),
    )


def leaves(values: Mapping[str, Any], path: str = "") -> list[tuple[str, Any]]:
    """The values of measures by their dotted paths, as rules name them."""
    found: list[tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            found += leaves(value, f"{path}{name}.")
        else:
            found.append((f"{path}{name}", value))
    return found


def _print_dataset(dataset: AuditedDataset) -> None:
    from rich.text import Text

    composition = dataset.composition
    sizes = [output.counted(composition.rows, "row"), f"{composition.bytes:,} bytes"]
    if composition.tokens is not None:
        sizes.append(f"{composition.tokens:,} tokens")
    output.write_text(Text.assemble((output.safe(composition.path), "bold"), f": {', '.join(sizes)}"))
    _print_heading("what is in it")
    for origin, share in composition.by_origin.items():
        numbers = f"{output.percent(share.rows, composition.rows):>7}  {output.counted(share.rows, 'row')}"
        bar = output.share_bar(origin, share.fraction)
        output.write_text(Text.assemble("  ", output.safe(origin).ljust(_LABEL), bar, numbers))
    for name, breakdown in BREAKDOWNS.items():
        if name != "by_origin" and (said := _in_words(composition, name)):
            label = breakdown.words.ljust(_LABEL)
            output.write_folded(f"  {label}", " " * (_LABEL + 2), said)
    for name, groups in dataset.by_field.items():
        label = f"by {output.safe(name, _LABEL - 4)}".ljust(_LABEL)
        said = output.safe(groups.reason) if isinstance(groups, NotMeasured) else _shares_in_words(groups, composition)
        output.write_folded(f"  {label}", " " * (_LABEL + 2), said)
    if found := remarks(dataset):
        _print_heading("what stands out")
        for line in found:
            output.write_folded("  ", "    ", line)


def _print_heading(text: str) -> None:
    from rich.text import Text

    output.write_line()
    output.write_text(Text.assemble((text, "bold")))


def _in_words(composition: Composition, breakdown: str) -> str:
    """The greatest groups of a breakdown in one line."""
    return _shares_in_words(getattr(composition, breakdown), composition)


def _shares_in_words(shares: Mapping[str, Share], composition: Composition) -> str:
    named = [
        f"{output.safe(group, output.CELL_WIDTH)} {output.percent(share.rows, composition.rows)}"
        for group, share in list(shares.items())[:_NAMED_GROUPS]
    ]
    further = len(shares) - len(named)
    return ", ".join([*named, *([f"{further:,} more"] if further else [])])


def breakdowns(dataset: AuditedDataset) -> list[tuple[str, Mapping[str, Share]]]:
    """Every breakdown that there is, each with a title, which may hold names from the data."""
    named = [(f"by {breakdown.words}", getattr(dataset.composition, name)) for name, breakdown in BREAKDOWNS.items()]
    named += [(f"by {name}", each) for name, each in dataset.by_field.items() if not isinstance(each, NotMeasured)]
    return [(title, shares) for title, shares in named if shares]


def _print_tables(dataset: AuditedDataset) -> None:
    composition = dataset.composition
    for title, shares in breakdowns(dataset):
        output.write_line()
        rows = [
            (output.safe(group, output.CELL_WIDTH), *cells(share, composition.rows)) for group, share in shares.items()
        ]
        output.write_table((output.safe(title, output.CELL_WIDTH), *COLUMNS), rows, numbers=COLUMNS)
    output.write_line()
    values = leaves(dataset.as_json()["measures"])
    output.write_table(
        ("measure", "value"), [(output.safe(path, output.CELL_WIDTH), shown(value)) for path, value in values]
    )


def shown(value: Any) -> str:
    """One value of a measure, safe."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else output.safe(str(value))


def _print_findings(judged: Sequence[JudgedRule]) -> None:
    """Rules that are broken or fail the whole, in full; below them, a line for each other one that is UNKNOWN."""
    listed = gravest_first(judged)
    in_full = [each for each in listed if each.finding.fails or each.finding.status is Status.BLOCKED]
    if in_full:
        _print_heading("which rules are not kept")
    for number, each in enumerate(in_full):
        if number:
            output.write_line()
        _print_finding(each)
    unknown = [each for each in listed if each not in in_full]
    if unknown:
        _print_heading("which rules nothing can be said of")
    for each in unknown:
        output.write_folded("  ", "      ", f"{_headline(each.finding)}: {output.safe(each.finding.message)}")


def _headline(finding: Finding) -> str:
    severity = "waived" if finding.waiver is not None else finding.severity.value
    words = "failed" if finding.status is Status.BLOCKED else "unknown"
    return f"{MARKS[finding.status]} {output.safe(finding.rule)} {words} ({severity})"


def _print_finding(judged: JudgedRule) -> None:
    from rich.text import Text

    finding = judged.finding
    style = f"bold {_COLOURS[finding.status] if finding.counts else 'yellow'}"
    output.write_text(Text.assemble("  ", (_headline(finding), style)))
    told = [("", finding.message), ("why:  ", finding.reason)]
    if finding.observed is not None:  # where something is missing, the message says what to give
        told.append(("do:   ", finding.remedy or ""))
    told += [("look: ", f"{samples} ({why})") for why, samples in by_reason(judged.samples).items()]
    for label, text in told:
        if text:
            output.write_folded(f"      {label}", " " * 12, output.safe(text))


def by_reason(samples: Iterable[Example]) -> dict[str, str]:
    """The samples to look at, as rows where these are known and else by their ids, by why they stand out."""
    found: dict[str, list[str]] = {}
    for sample in samples:
        found.setdefault(sample.why, []).append(sample.place or output.short(sample.sample_id))
    return {why: ", ".join(places) for why, places in found.items()}


def _print_verdict(audit: Audit) -> None:
    from rich.text import Text

    output.write_line()
    if audit.policy is None or audit.verdict is None:
        output.write_line("not judged: no --policy was given, such as --policy baseline")
        return
    status = audit.verdict.status
    passes = " (the policy lets that pass)" if audit.verdict.passes and status is Status.UNKNOWN else ""
    counts = summary(judged.finding for judged in audit.findings)
    said = f"{passes} by {output.safe(audit.policy.name)}: {counts}"
    output.write_text(Text.assemble((status.value, f"bold {_COLOURS[status]}"), said))
