"""The rule of `lineage.carried_rows` in plain Python, one sample at a time, to hold the SQL against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Share = tuple[int, int]


@dataclass(frozen=True)
class Held:
    """A dataset's rows of one sample, and of each birth how many it has at least and at most."""

    rows: int
    shares: Mapping[str, Share]


Dataset = Mapping[str, Held]


def narrowed(rows: int, shares: Mapping[str, Share]) -> Held:
    """Each bound as the others leave it; a birth that no row can have is left out."""
    least, most = sum(low for low, _ in shares.values()), sum(high for _, high in shares.values())
    assert least <= rows <= most
    found = {
        birth: (max(low, rows - (most - high)), min(high, rows - (least - low)))
        for birth, (low, high) in shares.items()
    }
    return Held(rows, {birth: share for birth, share in found.items() if share[1]})


def repeated(holders: Sequence[Dataset], wanted: Mapping[str, int]) -> set[int]:
    """Which holders had rows written more than once, as far as counts show."""
    have = {
        sample: {place for place, holder in enumerate(holders) if sample in holder and holder[sample].rows}
        for sample in wanted
    }
    over_full = [
        sample
        for sample, rows in wanted.items()
        if have[sample] and rows > sum(holders[place][sample].rows for place in have[sample])
    ]
    certain = {place for sample in over_full if len(have[sample]) == 1 for place in have[sample]}
    suspected = {place for sample in over_full if not have[sample] & certain for place in have[sample]}
    return certain | suspected


def carried(holders: Sequence[Dataset], wanted: Mapping[str, int]) -> dict[str, Held]:
    """How ``wanted`` rows of each sample divide that a script took over from ``holders``; not of samples none knows."""
    again = repeated(holders, wanted)
    found = {}
    for sample, rows in wanted.items():
        knowing = {place: holder[sample] for place, holder in enumerate(holders) if sample in holder}
        available = sum(held.rows for held in knowing.values())
        in_doubt = any(place in again and held.rows for place, held in knowing.items())
        low: Counter[str] = Counter()
        high: Counter[str] = Counter()
        for place, held in knowing.items():
            for birth, (least, most) in held.shares.items():
                if most or not available:
                    low[birth] += least
                    high[birth] += rows if place in again or not available else most
        if not high:
            continue
        missing = available - rows
        found[sample] = narrowed(
            rows,
            {
                birth: (0 if in_doubt or not available else max(0, low[birth] - missing), min(rows, high[birth]))
                for birth in high
            },
        )
    return found


def together(*parts: Dataset) -> dict[str, Held]:
    """All rows of ``parts``."""
    found = {}
    for sample in {sample for part in parts for sample in part}:
        held = [part[sample] for part in parts if sample in part]
        rows = sum(each.rows for each in held)
        low: Counter[str] = Counter()
        high: Counter[str] = Counter()
        for each in held:
            for birth, (least, most) in each.shares.items():
                low[birth] += least
                high[birth] += most
        found[sample] = narrowed(rows, {birth: (low[birth], min(rows, high[birth])) for birth in high})
    return found
