"""An audit for a page: run in a process of its own, and brought back as what the page shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provenance.auditing.audited import Audit
    from provenance.explorer.jobs import Tell
    from provenance.report.page.findings import Findings

_MOST_SAMPLES = 500
_GREATEST_DEPTH = "max_depth"


@dataclass(frozen=True)
class Audited:
    """``verdict`` and ``counts``: as in the report. ``at``: when it was made. ``caveat``: what the policy says itself.

    By rule, ``samples`` has those that show what it is about, where it reads more than lineage, and ``filters`` the
    values of facets that its rows have, where it is about these.
    """

    verdict: tuple[str, str, str] | None
    counts: list[tuple[str, int]]
    findings: Findings
    caveat: str
    at: datetime
    samples: dict[str, list[str]]
    filters: dict[str, dict[str, list[str]]]


def audited(tell: Tell, root: Path, dataset: str, rev: str | None, policies: tuple[str, ...]) -> Audited:
    """Audit ``dataset`` (from the DVC root) at ``rev`` by ``policies``.

    Raises:
        ProvenanceError: there is no such dataset, revision or policy, or what there is cannot be used.
    """
    from provenance.auditing.audit import run_audit
    from provenance.auditing.policy.loading import load_policy
    from provenance.auditing.request import opened_ledgers, request_for
    from provenance.ledger.contents import contents
    from provenance.report.page import findings, words
    from provenance.repository import Repository

    repository = Repository.open(root)
    request = request_for(repository, [repository.root / dataset], rev=rev)
    audit = run_audit(repository, request, load_policy(policies, repository.root), watch=tell)
    tell("reading the rows that show it", 0, None)
    shown = [each.sample_id for each in findings.examples_of(audit.findings)]
    with opened_ledgers(repository) as ledgers:
        ledger = ledgers.at(request.commit)
        said = contents(ledger, shown)
        numbers = zip(shown, ledger.graph.numbers(shown).tolist(), strict=True)
        samples = {
            sample: (None if number < 0 else ledger.graph.born(number).origin, said.get(sample))
            for sample, number in numbers
        }
    caveat = "" if audit.policy is None else audit.policy.caveat or ""
    return Audited(
        words.verdict(audit),
        words.counts(audit),
        findings.findings(audit.findings, samples),
        caveat,
        datetime.now(UTC),
        _outstanding(audit),
        _filters(audit),
    )


def _outstanding(audit: Audit) -> dict[str, list[str]]:
    """By rule, the samples that its measure brought up."""
    from provenance.auditing.measures import Measured

    (dataset,) = audit.datasets
    found: dict[str, list[str]] = {}
    for judged in audit.findings:
        head, _, rest = judged.finding.value.partition(".")
        measured = dataset.measured.get(rest.partition(".")[0]) if head == "measures" else None
        if judged.finding.is_open and isinstance(measured, Measured) and measured.outstanding:
            found[judged.finding.rule] = [each.sample_id for each in measured.outstanding[:_MOST_SAMPLES]]
    return found


def _filters(audit: Audit) -> dict[str, dict[str, list[str]]]:
    """By rule about the greatest depth, the depths beyond its bound."""
    (dataset,) = audit.datasets
    found: dict[str, dict[str, list[str]]] = {}
    for judged in audit.findings:
        bound = judged.finding.threshold.get("at_most")
        if judged.finding.is_open and judged.finding.value == _GREATEST_DEPTH and isinstance(bound, int | float):
            depths = [depth for depth in dataset.composition.by_depth if depth.isdigit() and int(depth) > bound]
            found[judged.finding.rule] = {"depth": depths}
    return {rule: asked for rule, asked in found.items() if asked["depth"]}
