"""Exact tests of how often a value occurs in two groups of rows that are dealt one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Exact:
    """By value: ``p``, two-sided, and ``least``: the p that it would have if it stood in one group alone."""

    p: Floats
    least: Floats


def fisher(compared: Integers, reference: Integers) -> Exact:
    """Fisher's exact test of each value's counts against those of all others, two-sided by doubling the lesser tail.

    ``compared`` and ``reference`` are counts by value. Under the null hypothesis a value's count among the compared
    rows is hypergeometric.
    """
    own, rows = int(compared.sum()), int(compared.sum() + reference.sum())
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, rows + 1)))])
    found = [
        _doubled(hits, total, own, rows, logs)
        for hits, total in zip(compared.tolist(), (compared + reference).tolist(), strict=True)
    ]
    p, least = zip(*found, strict=True) if found else ((), ())
    return Exact(np.array(p, np.float64), np.array(least, np.float64))


def able_to_reach(least: Floats, alpha: float) -> Bools:
    """Which values can reach ``alpha`` at all among those that can (Tarone 1990).

    The rest cost the others nothing. ``least``: the least p of each value.
    """
    # Of as many values as can be, each reaches the level that their number leaves it.
    together = np.flatnonzero(np.sort(least) <= alpha / np.arange(1, len(least) + 1))
    able: Bools = least <= alpha / (int(together[-1]) + 1 if len(together) else 1)
    return able


def _doubled(hits: int, total: int, own: int, rows: int, logs: Floats) -> tuple[float, float]:
    """Twice the lesser tail of ``hits`` compared rows of a value's ``total``; and the least that can be."""
    low, high = max(0, total - (rows - own)), min(total, own)
    x = np.arange(low, high + 1)
    others = rows - own
    log = logs[own] - logs[x] - logs[own - x] + logs[others] - logs[total - x] - logs[others - total + x]
    p = np.exp(log - (logs[rows] - logs[total] - logs[rows - total]))
    tails = float(p[x >= hits].sum()), float(p[x <= hits].sum())
    return min(1.0, 2 * min(tails)), min(1.0, 2 * float(min(p[0], p[-1])))
