"""Why results were rejected, counted, as it goes into a sidecar's header."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from provenance.capture.redaction import redact_prose

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def _shortened(reason: str) -> str:
    return reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 1] + "…"
