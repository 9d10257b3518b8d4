"""Exact tests of how often values occur in two groups of rows that are dealt one by one, judged together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Levels that are equal but for rounding are one.
_ROUNDING = 1 + 1e-9


@dataclass(frozen=True)
class Law:
    """How p is distributed where there is no difference: the levels that it can have, in order, ``levels``, and the
    chance, ``reached``, that it is at most each of them. There are few levels where a value has few rows.
    """

    levels: Floats
    reached: Floats

    def chance(self, p: Floats) -> Floats:
        """The chance that a p of this law is at most each of ``p``; it is no more than these."""
        below = np.searchsorted(self.levels, p * _ROUNDING, side="right")
        chances: Floats = np.concatenate([[0.0], self.reached])[below]
        return chances


@dataclass(frozen=True)
class Exact:
    """By value: ``p``, two-sided, and ``law``: the place of its law among ``laws``, which equally frequent values
    share.
    """

    p: Floats
    law: Integers
    laws: tuple[Law, ...]

    @property
    def least(self) -> Floats:
        """By value, the p that it would have if it stood in one group alone."""
        return np.array([law.levels[0] for law in self.laws], np.float64)[self.law]


def fisher(compared: Integers, reference: Integers) -> Exact:
    """Fisher's exact test of each value's counts against those of all others, two-sided by doubling the lesser tail.

    ``compared`` and ``reference`` are counts by value. Under the null hypothesis a value's count among the compared
    rows is hypergeometric.
    """
    own, rows = int(compared.sum()), int(compared.sum() + reference.sum())
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, rows + 1)))])
    totals, law = np.unique(compared + reference, return_inverse=True)
    p, laws = np.empty(len(compared)), []
    for place, total in enumerate(totals.tolist()):
        doubled, masses, fewest = _doubled(total, own, rows, logs)
        some = law == place
        p[some] = doubled[compared[some] - fewest]
        order = np.argsort(doubled, kind="stable")
        laws.append(Law(doubled[order], np.minimum(np.cumsum(masses[order]), 1.0)))
    return Exact(p, law.astype(np.int64), tuple(laws))


def adjusted(tests: Sequence[Exact], alpha: float) -> Floats:
    """p of all values of all ``tests``, one test after the other, adjusted for their number; NaN of values that could
    not reach ``alpha`` however they fell, which cost the others nothing (Tarone 1990).

    Holm's steps, where each further value costs not p itself but the chance that its own p is as small: few rows
    leave few levels, and often none so small (Westfall and Wolfinger 1997, The American Statistician 51). It holds
    whichever way values depend on each other.
    """
    laws = [law for test in tests for law in test.laws]
    firsts = np.cumsum([0, *(len(test.laws) for test in tests)])
    p = np.concatenate([np.zeros(0), *(test.p for test in tests)])
    law = np.concatenate(
        [np.zeros(0, np.int64), *(test.law + first for test, first in zip(tests, firsts, strict=False))]
    )
    found = np.full(len(p), np.nan)
    able = _costs(laws, np.bincount(law, minlength=len(laws)), np.array([each.levels[0] for each in laws])) <= alpha
    order = np.argsort(p, kind="stable")
    steps = np.zeros(len(p))
    for place, each in enumerate(laws):
        # How many values of this law are left at each step.
        left = np.cumsum((law[order] == place)[::-1])[::-1]
        steps += left * each.chance(p[order])
    found[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return np.where(able[law], found, np.nan)


def _costs(laws: Sequence[Law], many: Integers, levels: Floats) -> Floats:
    """The sum of the chances that the values' p are at most each of ``levels``; ``many`` values have each law."""
    return sum(
        (count * law.chance(levels) for law, count in zip(laws, many.tolist(), strict=True)), np.zeros(len(levels))
    )


def _doubled(total: int, own: int, rows: int, logs: Floats) -> tuple[Floats, Floats, int]:
    """Of a value's ``total``, how many can be compared rows, from the last of what is returned on: for each, twice its
    lesser tail and its probability.
    """
    low, high = max(0, total - (rows - own)), min(total, own)
    x = np.arange(low, high + 1)
    others = rows - own
    log = logs[own] - logs[x] - logs[own - x] + logs[others] - logs[total - x] - logs[others - total + x]
    p = np.exp(log - (logs[rows] - logs[total] - logs[rows - total]))
    tails = np.minimum(np.cumsum(p[::-1])[::-1], np.cumsum(p))
    return np.minimum(1.0, 2 * tails), p, low
