"""Samples that show what a finding is about: those that a measure brought up, or some of a breakdown's group.

The row that a sample is in is named where the data lies in the workspace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provenance.auditing.measures import Measured, NotMeasured, Outstanding, Part
from provenance.auditing.policy.findings import Finding, Status
from provenance.ledger.composition.breakdowns import BREAKDOWNS
from provenance.ledger.contents import rows_of

_SHOWN = 5
# Of so many samples of a large group, those in the first rows are shown.
_CANDIDATES = 500


@dataclass(frozen=True)
class Example:
    """A sample for a person to look at: its id (hex), in words why, and where (PATH:ROW; None: not known).

    ``details``: see `Outstanding`.
    """

    sample_id: str
    why: str
    place: str | None
    details: Mapping[str, int | float | str] = field(default_factory=dict)


def examples(
    findings: Sequence[Finding], part: Part, measured: Mapping[str, Measured | NotMeasured]
) -> list[tuple[Example, ...]]:
    """For each of ``findings`` that is not CLEARED, some samples of the dataset ``part``.

    Of a group only where too much of it is what the rule is about: what is too little has nothing to show.
    """
    shown = [_of_finding(finding, part, measured) for finding in findings]
    asked = {sample.sample_id for samples in shown for sample in samples}
    places = rows_of(part.ledger, part.dataset, asked)
    return [_with_places(samples, places) for samples in shown]


def _with_places(samples: Sequence[Outstanding], places: Mapping[str, str]) -> tuple[Example, ...]:
    """The first few of ``samples``, those in known rows first and in the order of ``places``."""
    order = {sample_id: number for number, sample_id in enumerate(places)}
    chosen = sorted(samples, key=lambda sample: order.get(sample.sample_id, len(order)))[:_SHOWN]
    return tuple(
        Example(sample.sample_id, sample.why, places.get(sample.sample_id), sample.details) for sample in chosen
    )


def _of_finding(
    finding: Finding, part: Part, measured: Mapping[str, Measured | NotMeasured]
) -> tuple[Outstanding, ...]:
    head, _, rest = finding.value.partition(".")
    if finding.status is Status.CLEARED:
        return ()
    if head == "measures":
        found = measured.get(rest.split(".")[0])
        # The worst come first, and stay.
        return found.outstanding[:_SHOWN] if isinstance(found, Measured) else ()
    if not rest:
        groups = finding.observed if isinstance(finding.observed, list) else []
    else:
        groups = [rest.rpartition(".")[0]] if _is_too_much(finding) else []
    return tuple(sample for group in groups for sample in _of_group(part, head, group))


def _is_too_much(finding: Finding) -> bool:
    most: Any = finding.threshold.get("at_most", finding.threshold.get("equals"))
    observed = finding.observed if finding.observed_at_most is None else finding.observed_at_most
    return isinstance(most, int | float) and isinstance(observed, int | float) and observed > most


def _of_group(part: Part, name: str, group: str) -> list[Outstanding]:
    breakdown = BREAKDOWNS.get(name)
    where = None if breakdown is None else breakdown.where(group)
    if breakdown is None or where is None:
        return []
    found = part.questions.some_where(where, _CANDIDATES)
    return [Outstanding(sample_id, f"its {breakdown.words} is {group}") for sample_id in found]
