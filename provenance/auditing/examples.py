"""Samples that show what a finding is about: those that a measure brought up, or some of a breakdown's group.

The row that a sample is in is told where the data lies in the workspace and the row is among its first `_ROWS`: an
audit that reads lineage alone must not become a pass over all data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provenance.auditing.measures import Measured, NotMeasured, Outstanding, Part
from provenance.auditing.policy.evaluation import Finding, Status
from provenance.ledger.composition.cells import UNKNOWN, UNSTATED
from provenance.ledger.contents import rows_of

_SHOWN = 5
# Of a large group so many samples are looked for, so that some are found among the first rows.
_CANDIDATES = 500
_ROWS = 200_000
_TEXT_COLUMNS = {
    "by_origin": "origin",
    "by_kind": "kind",
    "by_depth": "depth::VARCHAR",
    "by_evidence": "evidence",
    "by_verdict": "verdict",
    "by_license": "effective_license(license, source)",
}
# Of which origins a breakdown asks something, so that `unstated` is a group of it.
_ASKED_OF = {
    "by_kind": ("kind", "'synthetic', 'mixed'"),
    "by_model": ("agent", "'synthetic', 'mixed'"),
    "by_verdict": ("verdict", "'synthetic', 'mixed'"),
    "by_source": ("source", "'real'"),
}


@dataclass(frozen=True)
class Example:
    """A sample for a person to look at: its id (hex), in words why, and where (PATH:ROW; None: not known)."""

    sample_id: str
    why: str
    place: str | None


def examples(
    findings: Sequence[Finding], part: Part, measured: Mapping[str, Measured | NotMeasured]
) -> list[tuple[Example, ...]]:
    """For each of ``findings`` that is not CLEARED, some samples of the dataset ``part``.

    Of a group only where too much of it is what the rule is about: what is too little has nothing to show.
    """
    shown = [_of_finding(finding, part, measured) for finding in findings]
    asked = {sample.sample_id for samples in shown for sample in samples}
    places = rows_of(part.ledger, part.dataset, asked, _ROWS)
    return [_with_places(samples, places) for samples in shown]


def _with_places(samples: Sequence[Outstanding], places: Mapping[str, str]) -> tuple[Example, ...]:
    """The first few of ``samples``, those in known rows first and in the order of ``places``."""
    order = {sample_id: number for number, sample_id in enumerate(places)}
    chosen = sorted(samples, key=lambda sample: order.get(sample.sample_id, len(order)))[:_SHOWN]
    return tuple(Example(sample.sample_id, sample.why, places.get(sample.sample_id)) for sample in chosen)


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
    observed = finding.observed
    return isinstance(most, int | float) and isinstance(observed, int | float) and observed > most


def _of_group(part: Part, breakdown: str, group: str) -> list[Outstanding]:
    condition, values = _condition(part, breakdown, group)
    if condition is None:
        return []
    found = part.ledger.connection.execute(
        f"SELECT DISTINCT lower(hex(sample_id)) FROM samples WHERE sidecar = ? AND rows > 0 AND {condition} "
        f"ORDER BY 1 LIMIT {_CANDIDATES}",
        [part.dataset.place, *values],
    ).fetchall()
    name = breakdown.removeprefix("by_").replace("_", " ")
    return [Outstanding(sample_id, f"its {name} is {group}") for (sample_id,) in found]


def _condition(part: Part, breakdown: str, group: str) -> tuple[str | None, list[str]]:
    """SQL for the records that are of the group, as `cells.groupings` has them, and its parameters."""
    if group == UNSTATED and breakdown in _ASKED_OF:
        column, origins = _ASKED_OF[breakdown]
        return f"{column} IS NULL AND origin IN ({origins})", []
    if breakdown in _TEXT_COLUMNS:
        column = _TEXT_COLUMNS[breakdown]
        # Origin states `unknown` itself; elsewhere it stands for nothing stated.
        unknown = f" OR {column} IS NULL" if group == UNKNOWN else ""
        return f"({column} = ?{unknown})", [group]
    if breakdown == "by_model":
        return _numbered("agent", [number for number, each in enumerate(part.ledger.agents) if each.label == group])
    if breakdown == "by_source":
        return _numbered("source", [number for number, each in enumerate(part.ledger.sources) if each.name == group])
    return None, []


def _numbered(column: str, numbers: list[int]) -> tuple[str | None, list[str]]:
    return (f"{column} IN ({', '.join(map(str, numbers))})" if numbers else None), []
