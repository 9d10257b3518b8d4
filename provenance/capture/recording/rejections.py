"""Why results were rejected, counted, and what their calls took, as it goes into a sidecar's header."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from provenance.capture.redaction import redact_prose
from provenance.lineage.records import Price, RejectedCalls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# A header is read with every question, so what a script puts into it is bounded.
MOST_REASONS = 100
LONGEST_REASON = 200
OTHER_REASONS = "other reasons"


def counted_reasons(rejections: Mapping[str, int]) -> dict[str, int] | None:
    """The number of rejections by reason, the most frequent first; None where there are none.

    A reason is cut to LONGEST_REASON characters; where more than MOST_REASONS differ, the rarest are counted together
    as OTHER_REASONS.
    """
    counted: Counter[str] = Counter()
    for reason, count in rejections.items():
        counted[_shortened(redact_prose(reason))] += count
    in_order = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    if len(in_order) > MOST_REASONS:
        rest = sum(count for _, count in in_order[MOST_REASONS:])
        named = dict(in_order[:MOST_REASONS])
        return named | {OTHER_REASONS: named.get(OTHER_REASONS, 0) + rest}
    return dict(in_order) or None


def calls_taken(taken: Iterable[Mapping[str, Any]], prices: Sequence[Price | None]) -> dict[int, RejectedCalls]:
    """What rejected calls took, by the numbers of their activities; without activities of which nothing is known.

    ``taken``: of each call, its ``activity`` (none: 0), token counts and cost (decimal text), as far as they are known.
    ``prices``: those of the activities, by which tokens are converted where no cost is stated.
    """
    by_activity: dict[int, list[Mapping[str, Any]]] = {}
    for each in taken:
        by_activity.setdefault(each.get("activity", 0), []).append(each)
    return {
        number: RejectedCalls(
            calls=len(calls),
            input_tokens=_sum(call.get("input_tokens") for call in calls),
            output_tokens=_sum(call.get("output_tokens") for call in calls),
            cost=_sum(_cost(call, prices[number]) for call in calls),
        )
        for number, calls in by_activity.items()
        if any(calls)
    }


def _cost(call: Mapping[str, Any], price: Price | None) -> Decimal | None:
    if "cost" in call:
        return Decimal(call["cost"])
    read, written = (call.get(name) for name in ("input_tokens", "output_tokens"))
    if price is None or read is None or written is None:
        return None
    return (int(read) * price.input + int(written) * price.output) / 1_000_000


def _sum(values: Iterable[Any]) -> Any:
    """The sum of those that are known; None where none is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _shortened(reason: str) -> str:
    return reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 1] + "…"
