"""How well two groups of rows can be told apart: an effect that is a share of rows, with an interval.

A classifier two-sample test (Lopez-Paz and Oquab 2017) in its simplest form: a ridge discriminant, judged on rows that
it has not seen. d = 2 AUC - 1 is 0 where nothing tells the groups apart. Where a share s of the compared rows is of
another kind and the rest is like the reference, no rule can give more than s: so at least a share d is of another kind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from provenance.auditing.chance.deals import Bools, Deals, Integers
from provenance.auditing.chance.hashing import Hashes, mixed, salt_of
from provenance.auditing.chance.moments import less_their_means

Floats = npt.NDArray[np.float64]

_FOLDS = 5
# Judgement, for unit variances: nearer to the difference of means than to Fisher's discriminant, as groups are small.
_RIDGE = 10.0
_NORMAL = 1.96
_DIGITS = 4


@dataclass(frozen=True)
class Effect:
    """d = 2 AUC - 1, and its interval (95%), to four places: what comes after depends on the machine."""

    size: float
    low: float
    high: float

    @classmethod
    def of(cls, middle: float, error: float) -> Effect:
        """The effect with this standard error."""
        low, high = middle - _NORMAL * error, middle + _NORMAL * error
        return cls(*(round(each, _DIGITS) for each in (middle, low, high)))


def told_apart(columns: Floats, families: Hashes, deals: Deals, seed: int) -> Effect:
    """How well the labels can be read off ``columns``, rows by columns; families are never cut by a fold.

    Where most rows are in families of both groups, each family's compared rows are set against its own others.
    """
    labels = deals.compared
    fold = (mixed(families, salt_of(seed, "fold")) % np.uint64(_FOLDS)).astype(np.int64)
    rest = deals.straddling
    if len(rest.rows) >= len(labels) / 2:
        # What a family is about is no difference within it, and would only hide one.
        scores = _scores(less_their_means(columns, deals), labels, fold)
        return _within_families(scores[rest.rows], labels[rest.rows], rest.family)
    return _between(_scores(columns, labels, fold), labels, families, fold)


def auc(own: Floats, others: Floats) -> float:
    """The chance that an own value is greater than another; ties count half (Mann and Whitney 1947)."""
    return float(_placed(own, others).mean())


def _placed(own: Floats, others: Floats) -> Floats:
    """For each own value, the part of the others that is less; ties count half."""
    ranked = np.sort(others)
    low, high = (np.searchsorted(ranked, own, side) for side in ("left", "right"))
    return (low + high) / 2 / len(others)


def _scores(columns: Floats, labels: Bools, fold: Integers) -> Floats:
    """Each row's score by a discriminant that was made of the other folds; NaN where they have one group only."""
    spread = columns.std(0)
    # A group of rows for each fold and side, one after the other, so that none has to be picked out again.
    group = 2 * fold + labels
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(2 * _FOLDS + 1))
    scaled = columns[order]
    scaled -= columns.mean(0)
    scaled /= np.where(spread > 0, spread, 1)
    parts = [scaled[bounds[2 * each] : bounds[2 * each + 2]] for each in range(_FOLDS)]
    products = [part.T @ part for part in parts]
    in_all = sum(products, np.zeros_like(products[0]))
    sums = np.array([scaled[first:end].sum(0) for first, end in pairwise(bounds)]).reshape(_FOLDS, 2, -1)
    many = np.diff(bounds).reshape(_FOLDS, 2)
    scores = np.full(len(labels), np.nan)
    for each in range(_FOLDS):
        rows = many.sum(0) - many[each]
        if len(parts[each]) and rows.all():
            spreads = (in_all - products[each]) / rows.sum() + _RIDGE * np.eye(columns.shape[1])
            others, own = (sums.sum(0) - sums[each]) / rows[:, np.newaxis]
            tested = order[bounds[2 * each] : bounds[2 * each + 2]]
            scores[tested] = parts[each] @ np.linalg.solve(spreads, own - others)
    # What the last bits of a product decide must not depend on the machine.
    return np.round(scores, 9)


def _within_families(scores: Floats, labels: Bools, family: Integers) -> Effect:
    """The mean over families of 2 AUC - 1 within each."""
    order = np.argsort(family, kind="stable")
    bounds = np.flatnonzero(np.append(True, np.diff(family[order]) != 0))
    found = []
    for rows in np.split(order, bounds[1:]):
        own, others = scores[rows][labels[rows]], scores[rows][~labels[rows]]
        if not np.isnan(own).any() and not np.isnan(others).any():
            found.append(2 * auc(own, others) - 1)
    wins = np.array(found)
    if len(wins) < 2:
        return Effect(0.0, -1.0, 1.0)
    middle, error = float(wins.mean()), float(wins.std(ddof=1)) / math.sqrt(len(wins))
    return Effect.of(middle, error)


def _between(scores: Floats, labels: Bools, families: Hashes, fold: Integers) -> Effect:
    """The mean over folds; the error is that of clustered data (Obuchowski 1997)."""
    areas, weights, variances = [], [], []
    for each in range(_FOLDS):
        here = (fold == each) & ~np.isnan(scores)
        own, others = np.flatnonzero(here & labels), np.flatnonzero(here & ~labels)
        if len(own) and len(others):
            mine, theirs = _placed(scores[own], scores[others]), 1 - _placed(scores[others], scores[own])
            area = float(mine.mean())
            areas.append(area)
            weights.append(min(len(own), len(others)))
            variances.append(_spread(mine - area, families[own]) + _spread(theirs - area, families[others]))
    if not areas:
        return Effect(0.0, -1.0, 1.0)
    share = np.array(weights) / sum(weights)
    middle = float(2 * (share * np.array(areas)).sum() - 1)
    error = 2 * math.sqrt(float((share**2 * np.array(variances)).sum()))
    return Effect.of(middle, error)


def _spread(differences: Floats, families: Hashes) -> float:
    """The variance of a mean over rows of which families are independent, not rows."""
    _, family = np.unique(families, return_inverse=True)
    return float((np.bincount(family, differences) ** 2).sum() / len(differences) ** 2)
