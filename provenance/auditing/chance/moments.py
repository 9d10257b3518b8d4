"""Exact moments, over all deals, of sums over the compared rows; and sums studentised by them.

The variance of a sum over families that are dealt whole is that of sampling without replacement from a finite
population, stratum by stratum; within families that are in both groups, the same family by family (Cochran 1977).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from provenance.auditing.chance.deals import Bools, Deals

Floats = npt.NDArray[np.float64]

# What rounding leaves of a variance that is nothing.
_NOTHING = 1e-9
# Sums by family are as large as the columns: so many are looked at together.
_COLUMNS_AT_ONCE = 25


def moments(columns: Floats, deals: Deals) -> tuple[Floats, Floats]:
    """The mean and the variance, over all deals, of each column's sum over compared rows.

    ``columns``: rows by columns.
    """
    mean, variance = np.zeros(columns.shape[1]), np.zeros(columns.shape[1])
    for first in range(0, columns.shape[1], _COLUMNS_AT_ONCE):
        some = slice(first, first + _COLUMNS_AT_ONCE)
        mean[some], variance[some] = _moments(columns[:, some], deals)
    return mean, variance


def _moments(columns: Floats, deals: Deals) -> tuple[Floats, Floats]:
    mean, variance = np.zeros(columns.shape[1]), np.zeros(columns.shape[1])
    whole, rest = deals.whole, deals.straddling
    if len(whole.keys):
        sums = _summed(columns[whole.rows], whole.family, len(whole.keys))
        for members, picked in whole.strata:
            part, many = sums[members], len(members)
            middle = part.mean(0)
            mean += picked * middle
            if many > 1:
                part -= middle
                part **= 2
                variance += picked * (many - picked) / (many * (many - 1)) * part.sum(0)
    if len(rest.quota):
        part = columns[rest.rows]
        sums = _summed(part, rest.family, len(rest.quota))
        squares = _summed(part**2, rest.family, len(rest.quota))
        size, own = rest.sizes[:, None], rest.quota[:, None]
        mean += (own * sums / size).sum(0)
        variance += (own * (size - own) / (size * (size - 1)) * (squares - sums**2 / size)).sum(0)
    return mean, np.maximum(variance, 0)


def studentised(columns: Floats, deals: Deals) -> Callable[[Bools], Floats]:
    """z of each column's sum over compared rows: (sum - mean) / standard deviation over all deals.

    The result takes labels, rows by deals, and gives columns by deals. A column that no deal changes has 0. ``columns``
    must hold whole numbers: their sums are exact in any order. They are overwritten.
    """
    # Deals of families differ in how many rows they compare, which must not count as a difference of the columns.
    columns -= np.rint(columns.mean(0))
    mean, variance = moments(columns, deals)
    moves = variance > _NOTHING * max(float(variance.max(initial=0)), np.finfo(float).tiny)
    root = np.sqrt(np.where(moves, variance, 1))

    def z(labels: Bools) -> Floats:
        sums = columns.T @ labels.astype(np.float64)
        return np.where(moves[:, None], (sums - mean[:, None]) / root[:, None], 0.0)

    return z


def less_their_means(columns: Floats, deals: Deals) -> Floats:
    """``columns``, of families that are in both groups less the family's mean."""
    rest, found = deals.straddling, columns.copy()
    if len(rest.quota):
        part = columns[rest.rows]
        found[rest.rows] = part - (_summed(part, rest.family, len(rest.quota)) / rest.sizes[:, None])[rest.family]
    return found


def _summed(columns: Floats, family: npt.NDArray[np.int64], many: int) -> Floats:
    """The sums of ``columns`` by family."""
    if len(columns) == many:
        ordered = np.empty_like(columns)
        ordered[family] = columns
        return ordered
    order = np.argsort(family, kind="stable")
    starts = np.searchsorted(family[order], np.arange(many))
    return np.add.reduceat(columns[order], starts, axis=0)
