"""Values of an audit by their dotted path, and how far they can be trusted.

A path such as ``by_model.org/model-1.5@a.fraction`` names a breakdown, a group (which may have dots) and a number of
it. A group that is not there has no rows. What nobody stated (the groups `UNSURE`) may belong to any other group of its
breakdown, so that a group's number is known only up to that. The same holds of the breakdowns of a mixture, whose paths
begin with ``mixture.``.

Where a value has one beside it that is called the same with ``at_most_`` before it, it lies between the two: rows of
equal content were born in several ways, and which row was born in which is not known. Such rows are *ambiguous*.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from provenance.auditing.mixture.by_field import NOT_HELD
from provenance.ledger.composition.breakdowns import BREAKDOWNS, UNSURE
from provenance.lineage.words import AMBIGUOUS

MIXTURE = "mixture"
MEASURES = "measures"
BY_FIELD = "by_field"
_COUNTED = ("rows", "bytes", "fraction")
_NO_SIZE = "the size of a part of the mixture is not stated"
_WEIGHED = ("unique", "unique_fraction", "exposure", "exposure_fraction")


@dataclass(frozen=True)
class Missing:
    """There is no such value, and why."""

    reason: str


@dataclass(frozen=True)
class Interval:
    """A number that lies between ``low``, which was observed, and ``high``; why it is not known better.

    ``at_most``: what it may be for ambiguous rows alone, whatever else nobody stated; None: no more than ``low``.
    """

    low: float
    high: float
    doubt: str = ""
    at_most: float | None = None

    @property
    def ambiguous_end(self) -> float:
        """``low``, or what it may be instead for ambiguous rows."""
        return self.low if self.at_most is None else self.at_most


def is_of_mixture(path: str) -> bool:
    """Whether the path is of a value of a mixture, and not of a dataset."""
    return path.split(".", maxsplit=1)[0] == MIXTURE


def is_breakdown(path: str) -> bool:
    """Whether the path names a breakdown as a whole."""
    head, *rest = path.removeprefix(f"{MIXTURE}.").split(".")
    return len(rest) == 1 if head == BY_FIELD else head.startswith("by_") and not rest


def problem_of_path(path: str) -> str | None:
    """What is wrong with a value's path, as far as that is known without an audit."""
    parts = path.split(".")
    if not all(parts):
        return f"{path!r} is not a path of names joined by dots"
    if parts[0] == MIXTURE:
        parts = parts[1:] or [MIXTURE]
    if parts == [MIXTURE]:
        return f"{path!r} names no value of a mixture, such as mixture.real_epochs"
    breakdown, group = BREAKDOWNS.get(parts[0]), ".".join(parts[1:-1])
    if parts[0] == MEASURES and len(parts) < 3:
        return f"{path!r} names no value of a measure: measures.NAME.VALUE"
    if parts[0] == BY_FIELD:
        return None if len(parts) not in (1, 3) else f"{path!r} names no number: by_field.FIELD.VALUE.fraction"
    if parts[0].startswith("by_") and len(parts) == 2:
        return f"{path!r} names no number of a group: {parts[0]}.GROUP.fraction"
    if breakdown is not None and len(parts) > 2 and not breakdown.has(group):
        return (
            f"{path!r}: {parts[0]} has no group {group!r}; its groups are {', '.join(sorted(breakdown.groups or ()))}"
        )
    return None


def look_up(audited: Mapping[str, Any], path: str) -> Any | Missing:
    """The value at ``path`` in the audit of a dataset: a scalar, or a breakdown as a whole."""
    head, *rest = path.split(".")
    if head not in audited:
        return Missing(f"the audit has no {head}")
    in_group = _in_group(audited, head, rest)
    if in_group is not None:
        return in_group
    found, place = audited[head], 0
    while place < len(rest):
        if (reason := _not_measured(found)) is not None:
            return reason
        # A name from the data may have dots, too.
        names = {".".join(rest[place:end]): end for end in range(len(rest), place, -1)}
        name = next((name for name in names if isinstance(found, Mapping) and name in found), None)
        if name is None:
            return Missing(f"the audit has no {'.'.join((head, *rest[: place + 1]))}")
        found, place = found[name], names[name]
    if (reason := _not_measured(found)) is not None:
        return reason
    return _unknown(audited, path) if found is None else found


def _unknown(audited: Mapping[str, Any], path: str) -> Missing:
    doubt = _doubt(audited, path)
    return Missing(f"{path} is not known" + (f": {doubt['why']}" if doubt else ""))


def _not_measured(found: Any) -> Missing | None:
    """Why what was found is no value; a group that happens to be called so is one."""
    reason = found.get("not_measured") if isinstance(found, Mapping) else None
    return Missing(reason) if isinstance(reason, str) else None


def _in_group(audited: Mapping[str, Any], head: str, rest: list[str]) -> Any | Missing | None:
    """The number of a group of a breakdown, or why there is nothing; None where the path is of no breakdown."""
    if head == MIXTURE and audited[head] is None:
        return Missing("no mixture was given; name one with --mixture")
    if head == MIXTURE and len(rest) > 2 and (rest[0] == "parts" or rest[0].startswith("by_")):
        return _of_mixture(audited[head], rest)
    if head == MEASURES and rest and rest[0] not in audited[head]:
        return Missing(f"there is no measure {rest[0]} here")
    if head == BY_FIELD and len(rest) > 2:
        return _of_field(audited, rest[0], ".".join(rest[1:-1]), rest[-1])
    if head in BREAKDOWNS and rest:
        return _of_group(audited, audited[head], ".".join(rest[:-1]), rest[-1])
    return None


def _of_group(audited: Mapping[str, Any], breakdown: Mapping[str, Any], group: str, name: str) -> Any | Missing:
    if not audited.get("rows"):
        return Missing("the dataset has no rows")
    if group not in breakdown:
        return 0 if name in _COUNTED else Missing(f"no rows are of {group}")
    share = breakdown[group]
    if name not in share:
        return Missing(f"a group has no {name}")
    if name == "tokens" and share["rows_with_tokens"] < share["rows"]:
        return Missing(f"tokens are known for {share['rows_with_tokens']} of {share['rows']} rows")
    return share[name]


def _of_field(audited: Mapping[str, Any], field: str, value: str, name: str) -> Any | Missing:
    breakdown = audited[BY_FIELD].get(field)
    if breakdown is None:
        return Missing(f"the rows were not counted by {field}; ask for it with --by {field}")
    return _not_measured(breakdown) or _of_group(audited, breakdown, value, name)


def _of_mixture(mixture: Mapping[str, Any], path: list[str]) -> Any | Missing:
    breakdown, *groups, name = path
    if breakdown not in mixture:
        return Missing(f"a mixture has no {breakdown}")
    if breakdown != BY_FIELD:
        return _of_weighed_group(mixture, breakdown, mixture[breakdown], ".".join(groups), name)
    field, *value = groups
    by_value = mixture[BY_FIELD].get(field)
    if by_value is None:
        return Missing(f"the mixture was not counted by {field}; ask for it with --by {field}")
    return _not_measured(by_value) or _of_weighed_group(mixture, breakdown, by_value, ".".join(value), name)


def _of_weighed_group(
    mixture: Mapping[str, Any], breakdown: str, groups: Mapping[str, Any], group: str, name: str
) -> Any | Missing:
    if name.startswith("exposure") and mixture["whole"].get(name, 0) is None:
        return Missing("the mixture states neither shares nor epochs of its parts")
    weight = groups.get(group)
    if weight is None and breakdown == "parts":
        return Missing(f"the mixture has no part {group}")
    if weight is None:
        return 0 if name in _WEIGHED else Missing(f"no part is of {group}")
    if name not in weight:
        return Missing(f"a group has no {name}")
    if weight[name] is None and name.startswith("unique"):
        return Missing(_NO_SIZE)
    return Missing(f"{name} of {group} is not known") if weight[name] is None else weight[name]


def interval(audited: Mapping[str, Any], path: str, found: Any) -> Interval | Missing:
    """What was found at ``path``, as a number, and how large it may be in truth."""
    number = _number(found)
    if number is None:
        return Missing(f"{path} is {found!r}, not a number")
    head, *rest = path.split(".")
    at_most = None if rest and ".".join(rest[:-1]).endswith(AMBIGUOUS) else _at_most(audited, path, number)
    if path == "max_depth" and audited["by_depth"].get("unknown"):
        return Interval(number, math.inf, "some rows' depth is unknown", at_most)
    if (doubt := _doubt(audited, path)) is not None:
        return _in_doubt(number, doubt)
    counted: tuple[str, ...] = _COUNTED
    if head == MIXTURE:
        audited, counted, head, rest = audited[MIXTURE], _WEIGHED, rest[0], rest[1:]
        if head == BY_FIELD and len(rest) > 2 and rest[-1] in counted and ".".join(rest[1:-1]) != NOT_HELD:
            not_held = audited[head][rest[0]].get(NOT_HELD, {rest[-1]: 0})[rest[-1]]
            if not_held is None:
                return Interval(number, math.inf, _NO_SIZE)
            return Interval(number, number + not_held, f"{_short(not_held)} are of data that is not held")
    most = number if at_most is None else at_most
    said = [f"{_short(most - number)} {AMBIGUOUS}"] if most > number else []
    if head not in BREAKDOWNS or rest[-1] not in counted or ".".join(rest[:-1]) in UNSURE:
        return Interval(number, most, _may_belong(said), at_most)
    unsure = {group: audited[head][group] for group in UNSURE if audited[head].get(group)}
    if any(each[rest[-1]] is None for each in unsure.values()):
        return Interval(number, math.inf, _NO_SIZE, at_most)
    said += [f"{_short(value)} {group}" for group, each in unsure.items() if (value := _most(each, rest[-1]))]
    # What may be of the group or of one of these may be counted with several of them, but is no more than all of it.
    in_doubt = audited[head].get(AMBIGUOUS, {}).get(rest[-1]) or 0
    whole = number + sum(each[rest[-1]] for each in unsure.values()) + in_doubt
    high = min(most + sum(_most(each, rest[-1]) for each in unsure.values()), whole) if unsure else most
    return Interval(number, high, _may_belong(said), at_most)


def _may_belong(said: list[str]) -> str:
    return f"up to {' and '.join(said)} may belong to it" if said else ""


def _most(share: Mapping[str, Any], name: str) -> float:
    most: float = share.get(f"at_most_{name}", share[name])
    return most


def _at_most(audited: Mapping[str, Any], path: str, number: float) -> float | None:
    """What the ``number`` at ``path`` may be instead, as rows are ambiguous; None: that leaves nothing in doubt."""
    head, *rest = path.split(".")
    if head == MIXTURE and len(rest) > 2 and rest[0] in BREAKDOWNS:
        more = (audited[MIXTURE][rest[0]].get(AMBIGUOUS) or {}).get(rest[-1])
        return number + more if more else None
    if head in BREAKDOWNS and ".".join(rest[:-1]) not in audited[head]:
        return _of_any_group(audited, head, rest[-1]) or None
    if path == "max_depth" and of_any_group(audited, "by_depth"):
        return math.inf
    *parents, name = path.split(".")
    found = look_up(audited, ".".join([*parents, f"at_most_{name}"]))
    most = None if isinstance(found, Missing) else _number(found)
    return None if most is None or most <= number else most


def _of_any_group(audited: Mapping[str, Any], breakdown: str, name: str) -> float:
    """What may be of a group that the breakdown does not have."""
    rows = of_any_group(audited, breakdown)
    if not rows or name not in _COUNTED:
        return 0
    share = audited[breakdown][AMBIGUOUS]
    return float(share["bytes"] if name == "bytes" else rows if name == "rows" else rows / audited["rows"])


def of_any_group(audited: Mapping[str, Any], breakdown: str) -> int:
    """The rows that may be of any group of ``breakdown``, as the births of their parents differ."""
    rows: int = audited.get("ambiguous", {}).get(breakdown, {}).get("of_any_group", 0)
    return rows


def doubt_of(audited: Mapping[str, Any], path: str) -> str | None:
    """Why the names at ``path`` may not be all; None where they are."""
    doubt = _doubt(audited, path)
    return None if doubt is None else str(doubt["why"])


def part_of(audited: Mapping[str, Any], path: str) -> str | None:
    """The part of a mixture that the value at ``path`` is of, where it is that of one part among several."""
    found: Any = audited
    for name in path.split(".")[:-1]:
        found = found.get(name) if isinstance(found, Mapping) else None
    part = found.get("part") if isinstance(found, Mapping) and path.startswith(f"{MIXTURE}.") else None
    return part if isinstance(part, str) else None


def _in_doubt(number: float, doubt: Mapping[str, Any]) -> Interval:
    high, at_most = math.inf if doubt["more"] is None else number + doubt["more"], doubt.get("at_most")
    if at_most is not None and math.isclose(high, at_most):
        high = at_most
    return Interval(number, high, doubt["why"], at_most)


def said_of(audited: Mapping[str, Any], path: str) -> str | None:
    """The figures behind a measure's value at ``path``, in a sentence; None where there are none."""
    head, _, value = path.partition(".")
    said: str | None = audited.get("said", {}).get(value.partition(".")[0]) if head == MEASURES else None
    return said


def _doubt(audited: Mapping[str, Any], path: str) -> Mapping[str, Any] | None:
    """What a measure, or a mixture, says of its value at ``path`` that is not sure: ``{more, why}``."""
    head, _, value = path.partition(".")
    if head not in (MEASURES, MIXTURE):
        return None
    if head == MIXTURE:
        doubts = (audited.get(MIXTURE) or {}).get("doubts", {})
    else:
        measure, _, value = value.partition(".")
        doubts = audited.get("doubts", {}).get(measure, {})
    found: Mapping[str, Any] | None = doubts.get(value)
    return found


def _number(found: Any) -> float | None:
    if isinstance(found, str):  # an amount of money is decimal text
        try:
            found = Decimal(found)
        except InvalidOperation:
            return None
    if isinstance(found, bool) or not isinstance(found, int | float | Decimal):
        return None
    return float(found) if math.isfinite(found) else None


def _short(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"
