"""The findings about a dataset: rules that are not kept, with rows that show it, then those that are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.auditing.policy.findings import Outcome, Status
from provenance.auditing.policy.rules import Severity
from provenance.auditing.policy.thresholds import bound_in_words
from provenance.auditing.units import unit_of
from provenance.faces.display import show
from provenance.faces.numbers import figure
from provenance.report.plain_text import short

if TYPE_CHECKING:
    from markupsafe import Markup

    from provenance.auditing.audited import JudgedRule
    from provenance.auditing.examples import Example
    from provenance.auditing.policy.findings import Finding
    from provenance.ledger.contents import Content

_MOST_EXAMPLES = 3
_MOST_CHARACTERS = 240
_LONG_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20,}\b")
_STATES = {
    Outcome.FAILED: ("fail", "broken, must hold"),
    Outcome.WARNING: ("fail", "not kept"),
    Outcome.NOTE: ("plain", "note"),
    Outcome.UNKNOWN: ("unsure", "cannot tell"),
    Outcome.PASSED_OVER: ("unsure", "cannot tell"),
    Outcome.WAIVED: ("plain", "waived"),
    Outcome.KEPT: ("pass", "kept"),
}
_SEVERITIES = {Severity.ERROR: "must hold", Severity.WARN: "warning", Severity.INFO: "note"}
_ORDER = list(_STATES)


# Of a row: its origin and its content, as far as they are known here.
Sample = tuple[str | None, "Content | None"]


@dataclass(frozen=True)
class Shown:
    """A row that shows a finding; ``text`` is None where it is not on this machine."""

    sample_id: str
    place: str
    origin: str | None
    text: Markup | None
    why: str


@dataclass(frozen=True)
class Told:
    """A finding for people. ``state``: kind of sign, and word. ``measured``: what was observed, and is asked for.

    ``value``: the path of what it looks at.
    """

    state: tuple[str, str]
    title: str
    rule: str
    value: str
    severity: str
    reason: str
    measured: str
    remedy: str
    waiver: str
    observed: str
    asked: str
    examples: list[Shown]


@dataclass(frozen=True)
class Findings:
    """``open``: what somebody has to see, the gravest first; the ``kept`` and those ``passed_over`` are folded."""

    open: list[Told]
    kept: list[Told]
    passed_over: list[Told]


def examples_of(judged: Sequence[JudgedRule]) -> list[Example]:
    """The rows that findings show, whose text is to be read."""
    return [sample for each in judged if each.finding.is_open for sample in _distinct(each.samples)]


def findings(judged: Sequence[JudgedRule], shown: Mapping[str, Sample]) -> Findings:
    """All findings in words; ``shown``: what is known of the rows that they show, by their ids."""
    told: dict[Outcome, list[Told]] = {outcome: [] for outcome in _ORDER}
    for each in judged:
        told[each.finding.outcome].append(_told(each, shown))
    folded = (Outcome.KEPT, Outcome.PASSED_OVER)
    return Findings(
        [one for outcome in _ORDER if outcome not in folded for one in told[outcome]],
        told[Outcome.KEPT],
        told[Outcome.PASSED_OVER],
    )


def _told(judged: JudgedRule, shown: Mapping[str, Sample]) -> Told:
    finding = judged.finding
    waiver = finding.waiver
    is_known = finding.observed is not None
    return Told(
        _STATES[finding.outcome],
        f"Not judged: {finding.title[0].lower()}{finding.title[1:]}" if _is_unknown(finding) else finding.title,
        finding.rule,
        finding.value,
        _SEVERITIES[finding.severity],
        finding.reason,
        _measured(finding),
        finding.remedy or "" if is_known or not _is_unknown(finding) else "",
        "" if waiver is None else f"by {waiver.owner} until {waiver.expires}: {waiver.reason}",
        _value(finding, finding.observed),
        _asked(finding),
        [_shown(sample, shown) for sample in _distinct(judged.samples)],
    )


def _is_unknown(finding: Finding) -> bool:
    return finding.status is Status.UNKNOWN and finding.titles is not None


def _measured(finding: Finding) -> str:
    """What was observed and what is asked for; of what could not be judged, why. Paths, for programs, are left out."""
    if finding.status is not Status.UNKNOWN:
        observed = _value(finding, finding.observed)
        return f"{observed[:1].upper()}{observed[1:]}. Asked for: {_asked(finding)}."
    words = finding.message.removeprefix(f"{finding.value}: ").removeprefix(f"{finding.dataset}: ")
    words = words.partition("; waived by ")[0] if finding.waiver is not None else words
    return f"{words[:1].upper()}{words[1:]}."


def _value(finding: Finding, value: object) -> str:
    """One value that the rule is about, in its unit."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return unit_of(finding.value).shown(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "nothing"
    return figure(value)


def _asked(finding: Finding) -> str:
    """What the rule asks for, in words."""
    unit = unit_of(finding.value)
    return " and ".join(bound_in_words(key, bound, unit) for key, bound in finding.threshold.items())


def _distinct(samples: Sequence[Example]) -> list[Example]:
    found: dict[str, Example] = {}
    for sample in samples:
        found.setdefault(sample.sample_id, sample)
    return list(found.values())[:_MOST_EXAMPLES]


def _shown(sample: Example, shown: Mapping[str, Sample]) -> Shown:
    origin, content = shown.get(sample.sample_id, (None, None))
    place = sample.place or (content.place if content is not None else short(sample.sample_id))
    text = None if content is None else show(content.text, _MOST_CHARACTERS)
    return Shown(sample.sample_id, place, origin, text, _LONG_ID.sub(r"\1", sample.why))
