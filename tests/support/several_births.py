"""Small random sidecars whose samples have several births, some rows of which may have been born in either way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import Any

from hypothesis import strategies as st
from support.sidecars import record, sample

from provenance.lineage.records import Kind, Origin
from provenance.lineage.words import DOUBTS

# A sample: the values of its records, each with ``rows`` and ``possible_rows``, the first with ``ambiguous_rows``.
Sample = Sequence[Mapping[str, Any]]


def stated() -> st.SearchStrategy[dict[str, Any]]:
    """What a record says but for its rows; agents and activities are 0 or 1, sources too."""
    return st.fixed_dictionaries(
        {
            "origin": st.sampled_from([origin.value for origin in Origin]),
            "kind": st.none() | st.sampled_from([Kind.REWRITE.value, Kind.ANSWER.value]),
            "activity": st.none() | st.integers(0, 1),
            "agent": st.none() | st.integers(0, 1),
            "source": st.none() | st.integers(0, 1),
            "license": st.none() | st.just("MIT"),
            "depth": st.none() | st.integers(0, 1),
            "evidence": st.none() | st.just("observed"),
            "chain_evidence": st.none() | st.sampled_from(["observed", "declared"]),
            "verdict": st.none() | st.just("pass"),
            "verifier": st.none() | st.just("judge"),
            "real_rooted": st.none() | st.booleans(),
            "input_tokens": st.none() | st.integers(0, 9),
            "output_tokens": st.none() | st.integers(0, 9),
            "cost": st.none() | st.sampled_from([Decimal("0.5"), Decimal(2)]),
            "calls": st.none() | st.integers(2, 3),
            "doubts": st.none() | st.just(None) | st.sets(st.sampled_from(DOUBTS), max_size=2).map(_bits),
        }
    ).map(_without_what_is_in_doubt)


def _bits(names: set[str]) -> int | None:
    return sum(1 << DOUBTS.index(name) for name in names) or None


def _without_what_is_in_doubt(values: dict[str, Any]) -> dict[str, Any]:
    unknown = {name: "unknown" if name == "origin" else None for name in DOUBTS}
    return values | {name: nothing for name, nothing in unknown.items() if in_doubt(values, name)}


def in_doubt(values: Mapping[str, Any], name: str) -> bool:
    return bool((values["doubts"] or 0) >> DOUBTS.index(name) & 1)


@st.composite
def samples(draw: st.DrawFn, most: int = 4) -> list[Sample]:
    """Samples with one to three births; of many no row is ambiguous."""
    found = []
    for _ in range(draw(st.integers(0, most))):
        births = draw(st.lists(stated(), min_size=1, max_size=3))
        lows = [draw(st.integers(0, 2)) for _ in births]
        highs = [low + draw(st.integers(0, 2)) for low in lows]
        found.append(divided(births, lows, highs, draw(st.integers(sum(lows), sum(highs))), draw(st.none() | TOKENS)))
    return found


TOKENS = st.integers(0, 9)


def divided(
    births: Sequence[Mapping[str, Any]], lows: list[int], highs: list[int], rows: int, tokens: int | None = None
) -> Sample:
    """The sample's records, each bound as narrow as the others make it."""
    narrow = [
        (max(low, rows - (sum(highs) - high)), min(high, rows - (sum(lows) - low)))
        for low, high in zip(lows, highs, strict=True)
    ]
    rest = rows - sum(low for low, _ in narrow)
    return [
        {
            **birth,
            "tokens": tokens,
            "rows": low,
            "possible_rows": high - low or None,
            "ambiguous_rows": (rest or None) if place == 0 else None,
        }
        for place, (birth, (low, high)) in enumerate(zip(births, narrow, strict=True))
    ]


def records_of(several: Sequence[Sample]) -> list[dict[str, Any]]:
    """The records of a sidecar with samples 0, 1, …; their order is that of the births."""
    return [record(sample(number), **each) for number, births in enumerate(several) for each in births]


def rows_of(births: Sample) -> int:
    """The rows of a sample."""
    rows: int = sum(each["rows"] for each in births) + (births[0]["ambiguous_rows"] or 0)
    return rows


def assignments(births: Sample) -> Iterator[tuple[int, ...]]:
    """Every way in which the rows of a sample may divide among its births."""
    ranges = [range(each["rows"], each["rows"] + (each["possible_rows"] or 0) + 1) for each in births]
    return (divided for divided in product(*ranges) if sum(divided) == rows_of(births))
