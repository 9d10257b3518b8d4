"""Holding what was observed of a dataset against a rule's threshold.

A rule is CLEARED or BLOCKED only where that is sure. It is UNKNOWN where a value is missing, or where what nobody
stated of some rows could turn the answer. Where rows that are ambiguous could turn it, births are known of which one
keeps the rule and another does not: it is UNKNOWN, and the policy does not pass over that, nor only warns of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from provenance.auditing.policy.findings import Status
from provenance.auditing.policy.rules import Rule
from provenance.auditing.policy.thresholds import (
    AtLeast,
    AtMost,
    Between,
    Equals,
    NoneOf,
    Only,
    Reference,
    Threshold,
    in_words,
)
from provenance.auditing.policy.values import (
    Interval,
    Missing,
    doubt_of,
    interval,
    look_up,
    of_any_group,
)
from provenance.auditing.units import Unit, unit_of
from provenance.ledger.composition.breakdowns import UNSURE
from provenance.lineage.license_terms import spelt
from provenance.lineage.words import AMBIGUOUS

# The values whose names are licences.
_LICENCES = re.compile(
    r"(mixture\.)?by_license$|mixture\.licenses\.no|measures\.licenses\.|measures\.ancestry\.by_license$"
)


@dataclass(frozen=True)
class Judged:
    """What a rule comes to.

    ``threshold``: with its references settled as far as they could be. ``why``: in words for people. ``at_most``: what
    was observed may be up to this. ``is_ambiguous``: the rule is UNKNOWN, as rows are ambiguous.
    """

    status: Status
    observed: Any
    threshold: Threshold
    why: str
    at_most: float | None = None
    is_ambiguous: bool = False


def judge(rule: Rule, audited: Mapping[str, Any]) -> Judged:
    """Hold a dataset, as in the JSON of `provenance audit`, against one rule."""
    found = look_up(audited, rule.value)
    threshold = _settled(rule.threshold, audited)
    if isinstance(found, Missing):
        return Judged(Status.UNKNOWN, None, rule.threshold, found.reason)
    if isinstance(threshold, Missing):
        shown = None if isinstance(found, Mapping) else found
        return Judged(Status.UNKNOWN, shown, rule.threshold, f"nothing to compare with: {threshold.reason}")
    if isinstance(threshold, Only | NoneOf):
        in_any = of_any_group(audited, rule.value) > 0
        return _judge_names(threshold, found, path=rule.value, doubt=doubt_of(audited, rule.value), in_any=in_any)
    if isinstance(threshold, Equals) and not _is_number(threshold.equals):
        status = Status.CLEARED if found == threshold.equals else Status.BLOCKED
        shown = str(found).lower() if isinstance(found, bool) else str(found)
        return Judged(status, found, threshold, f"{shown}; the rule requires {in_words(threshold)}")
    known = interval(audited, rule.value, found)
    if isinstance(known, Missing):
        return Judged(Status.UNKNOWN, None if isinstance(found, Mapping) else found, threshold, known.reason)
    return _judge_number(threshold, found, known, unit_of(rule.value))


def _judge_number(threshold: Threshold, found: Any, known: Interval, unit: Unit) -> Judged:
    asked = in_words(threshold, unit)
    at_most = None if known.at_most is None or math.isinf(known.at_most) else known.at_most
    shown = unit.shown(known.low) if at_most is None else f"{unit.bare(known.low)} to {unit.shown(at_most)}"
    status = _status(threshold, known.low, known.high)
    if status is Status.CLEARED:
        return Judged(status, found, threshold, f"{shown}; the rule requires {asked}", at_most)
    if status is Status.BLOCKED:
        _, missed = _test(threshold)
        distance = min(missed(known.low), missed(known.high), key=abs)
        side = "under" if distance < 0 else "over"
        why = f"{shown}; the rule requires {asked} ({unit.distance(abs(distance))} {side})"
        return Judged(status, found, threshold, why, at_most)
    return Judged(
        status,
        found,
        threshold,
        f"{shown}; the rule requires {asked}, but {known.doubt}",
        at_most,
        is_ambiguous=_status(threshold, known.low, known.ambiguous_end) is Status.UNKNOWN,
    )


def _status(threshold: Threshold, low: float, high: float) -> Status:
    """What can be said of a number between ``low`` and ``high``."""
    holds, missed = _test(threshold)
    lowest, highest = holds(low), holds(high)
    if lowest and highest:
        return Status.CLEARED
    # Where the threshold is two-sided, both ends may miss it and something between them keep it.
    between = isinstance(threshold, Between | Equals) and missed(low) < 0 < missed(high)
    return Status.UNKNOWN if lowest or highest or between else Status.BLOCKED


def _test(threshold: Threshold) -> tuple[Callable[[float], bool], Callable[[float], float]]:
    """Whether a number keeps the threshold, and by how much it is below (negative) or above what is asked."""
    low, high = -float("inf"), float("inf")
    if isinstance(threshold, Equals):
        low = high = float(threshold.equals)
    if isinstance(threshold, AtLeast | Between):
        low = _plain(threshold.at_least)
    if isinstance(threshold, AtMost | Between):
        high = _plain(threshold.at_most)

    def missed(number: float) -> float:
        return number - low if number < low else max(number - high, 0.0)

    return lambda number: low <= number <= high, missed


def _judge_names(threshold: Only | NoneOf, found: Any, *, path: str, doubt: str | None, in_any: bool = False) -> Judged:
    """``in_any``: rows may be of a name that is not among those found."""
    if not isinstance(found, Mapping | str):
        return Judged(Status.UNKNOWN, found, threshold, f"{found} is not a name")
    names = [found] if isinstance(found, str) else [name for name in found if name != AMBIGUOUS]
    patterns = threshold.only if isinstance(threshold, Only) else threshold.none_of
    is_of_licences = _LICENCES.match(path) is not None
    fitting = [name for name in names if any(_fits(name, pattern, is_of_licences) for pattern in patterns)]
    others = [name for name in names if name not in fitting]
    unsure = [name for name in others if name in UNSURE]
    wrong = fitting if isinstance(threshold, NoneOf) else [name for name in others if name not in UNSURE]
    certain = [name for name in wrong if not _is_only_possible(found, name)]
    allowed = f"allowed is {in_words(threshold)}"
    if certain:
        return Judged(Status.BLOCKED, certain, threshold, f"{', '.join(certain)}: {allowed}")
    if wrong or in_any:
        may_be = f"be {' or '.join(wrong)}" if wrong else "be of any"
        why = f"some rows may {may_be}, as they are ambiguous; {allowed}"
        return Judged(Status.UNKNOWN, wrong, threshold, why, is_ambiguous=True)
    if unsure:
        why = f"some rows are {' or '.join(unsure)}, {allowed}"
        return Judged(Status.UNKNOWN, unsure, threshold, why)
    if doubt is not None:
        return Judged(Status.UNKNOWN, names, threshold, doubt)
    return Judged(Status.CLEARED, names, threshold, allowed)


def _is_only_possible(found: Mapping[str, Any] | str, name: str) -> bool:
    """Whether no row is certainly of the group ``name``."""
    group = found.get(name) if isinstance(found, Mapping) else None
    return isinstance(group, Mapping) and not group.get("rows", 1) and bool(group.get("at_most_rows"))


def _fits(name: str, pattern: str, is_licence: bool) -> bool:
    """Whether ``name`` fits; SPDX's identifiers are the same in any case and are compared as SPDX spells them."""
    if is_licence:
        return fnmatchcase(spelt(name).casefold(), pattern.casefold())
    return fnmatchcase(name, pattern)


def _settled(threshold: Threshold, audited: Mapping[str, Any]) -> Threshold | Missing:
    """The threshold with numbers in place of references."""
    bounds: dict[str, Any] = {}
    for end in ("at_least", "at_most"):
        bound = getattr(threshold, end, None)
        if isinstance(bound, Reference):
            found = look_up(audited, bound.value)
            known = found if isinstance(found, Missing) else interval(audited, bound.value, found)
            if isinstance(known, Missing):
                return known
            # What is ambiguous of it counts against the dataset.
            bounds[end] = known.ambiguous_end if end == "at_least" else known.low
    return threshold.model_copy(update=bounds)


def _plain(bound: Any) -> float:
    assert not isinstance(bound, Reference), "references are settled first"
    return float(bound)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
