"""An audit in words: its tables, what stands out, and how rules came out, whatever it is then written as."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from provenance.auditing.measures import NotMeasured
from provenance.auditing.policy.findings import Finding, Outcome, Status
from provenance.auditing.policy.rules import Severity
from provenance.ledger.composition.breakdowns import BREAKDOWNS
from provenance.money import amount_text
from provenance.report.content_words import text_not_counted, written_again
from provenance.report.plain_text import CELL_WIDTH, between, counted, percent, safe, short

if TYPE_CHECKING:
    from decimal import Decimal

    from provenance.auditing.audited import Audit, AuditedDataset, JudgedRule
    from provenance.auditing.examples import Example
    from provenance.ledger.composition.composition import Composition, Share
    from provenance.ledger.composition.spending import Cost

COLUMNS = ("rows", "share", "bytes", "tokens")
MARKS = {
    Outcome.FAILED: "✗",
    Outcome.UNKNOWN: "?",
    Outcome.WARNING: "!",
    Outcome.NOTE: "i",
    Outcome.KEPT: "✓",
    Outcome.PASSED_OVER: "-",
    Outcome.WAIVED: "~",
}
_NAMED_GROUPS = 4
# What of a finding stands above another.
_GRAVEST_FIRST = (Status.BLOCKED, Status.UNKNOWN)


def cells(share: Share, total: int) -> tuple[str, str, str, str]:
    """A group's numbers, in the order of `COLUMNS`."""
    tokens = "-"
    if share.tokens is not None:
        tokens = between(f"{share.tokens:,}", f"{share.at_most_tokens or share.tokens:,}")
    if share.tokens is not None and share.rows_with_tokens < share.rows:
        tokens += f" (of {share.rows_with_tokens:,} rows)"
    return (
        between(f"{share.rows:,}", f"{share.at_most_rows:,}"),
        percents(share, total),
        between(f"{share.bytes:,}", f"{share.at_most_bytes:,}"),
        tokens,
    )


def percents(share: Share, total: int) -> str:
    """A group's part of all rows: "23.6%", or "23.6% to 25.0%"."""
    return between(percent(share.rows, total), percent(share.at_most_rows, total))


def remarks(dataset: AuditedDataset) -> list[str]:
    """What stands out whatever a policy asks, in words; only digits and words of our own, so safe everywhere."""
    composition, document = dataset.composition, dataset.as_json()
    found = []
    if composition.ambiguous:
        rows = max(each.rows for each in composition.ambiguous.values())
        named = ", ".join(BREAKDOWNS[name].words for name in composition.ambiguous)
        found.append(f"rows of equal content that were born in several ways, which differ by {named}: up to {rows:,}")
    if composition.real_rooted_fraction is not None:
        rooted = (composition.real_rooted_fraction, composition.at_most_real_rooted_fraction or 0)
        shown_of_it = between(*(f"{100 * fraction:.1f}%" for fraction in rooted))
        found.append(f"rows that are not real but have a real ancestor: {shown_of_it}")
    if composition.max_depth is not None:
        least, most = composition.max_depth, composition.at_most_max_depth
        depth = f"{least} or more" if most is None else between(str(least), str(most))
        found.append(f"greatest generation depth: {depth}")
    if composition.cost is not None:
        found.append(cost_in_words(composition.cost))
    counts = (
        (
            "revoked",
            "rows",
            "rows that are revoked, or came from what is revoked (take them out with `provenance purge`)",
        ),
        (
            "conflicting_births",
            "samples",
            "samples born twice, of different origin (a model repeats real text, or a leak)",
        ),
        ("inherited", "rows", "rows whose origin is only inherited from their parents"),
        ("dangling_parents", "samples", "parents that no sidecar knows"),
        ("exact_duplicates", "duplicate_rows", "rows that repeat another row"),
        ("contamination", "rows_by_text", "rows of evaluation sets that are found in its text"),
        ("lineage_contamination", "rows", "rows that are, or were made from, rows of evaluation sets"),
        ("evaluation_siblings", "rows", "rows that share a real document with rows of evaluation sets"),
        ("evaluation_from_training", "evaluation_rows", "rows of evaluation sets that were made from its rows"),
    )
    for measure, value, words in counts:
        number = document["measures"].get(measure, {}).get(value) or 0
        at_most = document["doubts"].get(measure, {}).get(value, {}).get("at_most") or number
        if at_most:
            found.append(f"{words}: {between(f'{number:,}', f'{at_most:,}')}")
    if unsought := document["doubts"].get("contamination", {}).get("rows_by_text", {}).get("more"):
        found.append(
            f"further rows of evaluation sets that are not looked for in its text, or only in some forms: {unsought:,}"
        )
    return found


def cost_in_words(cost: Cost) -> str:
    """What a dataset cost, in words: to make it, and of that for the rows that are left."""
    currency = f" {safe(cost.currency)}" if cost.currency else ""
    rejected = "" if cost.rejected_amount is None else f", {_money(cost.rejected_amount)} of it for rejected results"
    made = _money(cost.amount)
    left = _of_rows_left(cost)
    of_rows = "" if left == f"{made}{currency}" else f"; of the rows that are left: {left}"
    known = f"known for {cost.rows_costed:,} of {cost.rows:,} rows"
    return f"cost: {made}{currency}{rejected}{of_rows} ({known})"


def _of_rows_left(cost: Cost) -> str:
    least, most = cost.amount_of_rows_left, cost.at_most_amount_of_rows_left
    if least is None or most is None:
        return "not known"
    return between(_money(least), _money(most)) + (f" {safe(cost.currency)}" if cost.currency else "")


def _money(amount: Decimal) -> str:
    return amount_text(amount, grouped=True)


def text_unsettled(dataset: AuditedDataset) -> str | None:
    """That columns of the dataset read like text and do not count as content; safe for a terminal."""
    header = dataset.header
    return text_not_counted(dataset.composition.path, header.identity, written_again(header))


def said_of_the_whole(audit: Audit) -> str:
    """What stands behind the verdict in a headline: " by baseline, with 6 warnings: 15 kept, 2 passed over"; safe."""
    assert audit.policy is not None and audit.verdict is not None
    caveat = f" ({safe(audit.policy.caveat)})" if audit.policy.caveat else ""
    counts = summary(judged.finding for judged in audit.findings)
    return f"by {safe(audit.policy.name)}{caveat}{with_warnings(audit)}: {counts}"


def passing(audit: Audit) -> str:
    """What stands behind a verdict of UNKNOWN that does not fail; else nothing."""
    verdict = audit.verdict
    passes = verdict is not None and verdict.passes and verdict.status is Status.UNKNOWN
    return " (the policy lets that pass)" if passes else ""


def with_warnings(audit: Audit) -> str:
    """What stands behind a verdict that has warnings: ", with 6 warnings"; else nothing."""
    warnings = 0 if audit.verdict is None else audit.verdict.warnings
    return f", with {counted(warnings, 'warning')}" if warnings else ""


def summary(findings: Iterable[Finding]) -> str:
    """How many rules came out how, but for warnings: "1 failed, 2 unknown, 9 kept, 1 passed over, 1 waived"."""
    outcomes = Counter(finding.outcome for finding in findings)
    warnings = outcomes.pop(Outcome.WARNING, 0)
    counts = [(outcomes[outcome], outcome.value) for outcome in Outcome if outcomes[outcome]]
    said = [counted(count, word) if word == Outcome.NOTE else f"{count:,} {word}" for count, word in counts]
    return ", ".join(said) or ("no other rules" if warnings else "no rules")


def why_it_fails(audit: Audit) -> str | None:
    """Why the audit does not pass although no verdict says so: rows are revoked, and nothing judged them."""
    if audit.passes or (audit.verdict is not None and not audit.verdict.passes):
        return None
    rows = counted(audit.revoked_rows, "row")
    verb = "is" if audit.revoked_rows == 1 else "are"
    return (
        f"does not pass: {rows} {verb} revoked, or came from what is revoked; take them out with `provenance purge`, "
        "or judge them by a policy with a rule on them, such as --policy baseline"
    )


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


def headline(finding: Finding) -> str:
    """What a rule that is not kept comes to, how it came out, and how grave that is; safe."""
    severity = "waived" if finding.waiver is not None else finding.severity.value
    if finding.status is Status.UNKNOWN:
        words = "unknown"
    else:
        words = "failed" if finding.outcome is Outcome.FAILED else "not kept"
    titled = "" if finding.titles is None else f": {safe(finding.title)}"
    return f"{MARKS[finding.outcome]} {safe(finding.rule)} {words} ({severity}){titled}"


def measured(dataset: AuditedDataset) -> list[tuple[str, str]]:
    """Every value of the measures by its dotted path, in words; what is at most so, too, where rows are ambiguous."""
    document = dataset.as_json()
    found = []
    for path, value in leaves(document["measures"]):
        measure, _, name = path.partition(".")
        at_most = document["doubts"].get(measure, {}).get(name, {}).get("at_most")
        found.append((path, between(shown(value), shown(value if at_most is None else at_most))))
    return found


def leaves(values: Mapping[str, Any], path: str = "") -> list[tuple[str, Any]]:
    """The values of measures by their dotted paths, as rules name them."""
    found: list[tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            found += leaves(value, f"{path}{name}.")
        else:
            found.append((f"{path}{name}", value))
    return found


def shares_in_words(shares: Mapping[str, Share], composition: Composition) -> str:
    """The greatest groups of a breakdown in one line, safe."""
    named = [
        f"{safe(group, CELL_WIDTH)} {percents(share, composition.rows)}"
        for group, share in list(shares.items())[:_NAMED_GROUPS]
    ]
    further = len(shares) - len(named)
    return ", ".join([*named, *([f"{further:,} more"] if further else [])])


def breakdowns(dataset: AuditedDataset) -> list[tuple[str, Mapping[str, Share]]]:
    """Every breakdown that there is, each with a title, which may hold names from the data."""
    named = [(f"by {breakdown.words}", getattr(dataset.composition, name)) for name, breakdown in BREAKDOWNS.items()]
    named += [(f"by {name}", each) for name, each in dataset.by_field.items() if not isinstance(each, NotMeasured)]
    return [(title, shares) for title, shares in named if shares]


def shown(value: Any) -> str:
    """One value of a measure, safe."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else safe(str(value))


def by_reason(samples: Iterable[Example]) -> dict[str, str]:
    """The samples to look at, as rows where these are known and else by their ids, by why they stand out."""
    found: dict[str, list[str]] = {}
    for sample in samples:
        found.setdefault(sample.why, []).append(sample.place or short(sample.sample_id))
    return {why: ", ".join(places) for why, places in found.items()}
