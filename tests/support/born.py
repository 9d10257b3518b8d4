"""Samples with several births: what is known of their rows, beside the truth, and every way in which it may be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from hypothesis import strategies as st


@dataclass(frozen=True)
class Born:
    """One sample: for each birth the rows that are ``certain`` and those that are ``possible`` beyond; how many rows
    are ``shared`` by these; and the ``truth``, which no sidecar knows."""

    certain: tuple[int, ...]
    possible: tuple[int, ...]
    shared: int
    truth: tuple[int, ...]

    @property
    def rows(self) -> int:
        return sum(self.truth)

    def divisions(self) -> Iterator[tuple[int, ...]]:
        """Every number of rows by birth that fits what is known."""
        return divisions(self.rows, [(c, c + p) for c, p in zip(self.certain, self.possible, strict=True)])

    def records(self) -> list[dict[str, Any]]:
        """What the sample's records state: null instead of 0."""
        return [
            {"rows": c, "possible_rows": p or None, "ambiguous_rows": (self.shared if place == 0 else 0) or None}
            for place, (c, p) in enumerate(zip(self.certain, self.possible, strict=True))
        ]


def divisions(rows: int, between: Sequence[tuple[int, int]]) -> Iterator[tuple[int, ...]]:
    return (each for each in product(*(range(low, high + 1) for low, high in between)) if sum(each) == rows)


def narrowest(truth: Sequence[int], between: Sequence[tuple[int, int]]) -> Born:
    """What is known where each birth has ``between`` so many rows, by looking at every division."""
    fitting = list(divisions(sum(truth), between))
    certain = tuple(min(column) for column in zip(*fitting, strict=True))
    most = tuple(max(column) for column in zip(*fitting, strict=True))
    possible = tuple(high - low for low, high in zip(certain, most, strict=True))
    return Born(certain, possible, sum(truth) - sum(certain), tuple(truth))


@st.composite
def born(draw: st.DrawFn, most_births: int = 4) -> Born:
    truth = draw(st.lists(st.integers(0, 3), min_size=1, max_size=most_births))
    between = [(draw(st.integers(0, each)), each + draw(st.integers(0, 2))) for each in truth]
    return narrowest(truth, between)


def agrees(records: Sequence[dict[str, Any]]) -> None:
    """The records of one sample, in order, keep the invariants of the specification."""
    possible = [each["possible_rows"] for each in records]
    shared = [each["ambiguous_rows"] for each in records]
    assert 0 not in possible and 0 not in shared
    assert all(each is None for each in shared[1:])
    ambiguous = (shared[0] if shared else None) or 0
    for place, own in enumerate(possible):
        others = sum(each or 0 for other, each in enumerate(possible) if other != place)
        assert (own or 0) <= ambiguous <= others
