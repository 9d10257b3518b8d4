"""p-values by drawing deals, with an early stop where nothing is to be found.

Besag and Clifford (1991): draw until a statistic of so many deals is as extreme as that of the data, and p is their
part of the deals; else p = (k + 1) / (B + 1), which is never zero (Phipson and Smyth 2010). Both are exact for any
number of deals. Where p is close to the level that it is held against, more deals are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from provenance.auditing.chance.counting import log_choose
from provenance.auditing.chance.deals import Bools, Deals

Floats = npt.NDArray[np.float64]
# Labels, rows by deals, to statistics by deals; the greater, the more extreme.
Statistics = Callable[[Bools], Floats]

# Of the whole audit, see `together`.
ALPHA = 0.01
FIRST_DEALS, MOST_DEALS = 1_999, 9_999
_EXTREME_ENOUGH = 10
# After the first, p is looked at each time so many more deals are there.
_MORE_DEALS = 2_000
_AT_ONCE = 50
_CONFIDENCE = 0.99
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Drawn:
    """What deals made of some statistics: ``p``: that chance gives one of them as extreme as the data, corrected.

    ``low``, ``high``: the interval of p (99%) that the number of deals leaves. ``values``: statistics by deals.
    ``as_extreme``: how many deals the statistic that decides has as extreme as the data.
    """

    p: float
    low: float
    high: float
    values: Floats
    as_extreme: int

    @property
    def deals(self) -> int:
        """How many deals were drawn."""
        return int(self.values.shape[1])

    def holds(self, level: float) -> bool:
        """Whether other deals might well put p on the other side of ``level``.

        Where no deal is as extreme as the data, they hardly could.
        """
        return bool(self.as_extreme) and self.low <= level <= self.high


def draw(statistics: Statistics, deals: Deals, level: float) -> Drawn:
    """Compare the statistics of the labels as they are with those of deals.

    Of several statistics the least p counts, times their number (Bonferroni). ``level``: what p is held against in the
    strictest case; p of about that size is worked out of up to `MOST_DEALS`.
    """
    observed = statistics(deals.compared[:, None])[:, 0]
    bound = observed - _ROUNDING * np.maximum(np.abs(observed), _ROUNDING)
    values = np.empty((len(observed), 0))
    while True:
        count = min(_AT_ONCE, (FIRST_DEALS if values.shape[1] < FIRST_DEALS else MOST_DEALS) - values.shape[1])
        values = np.concatenate([values, statistics(deals.batch(values.shape[1] + 1, count))], axis=1)
        as_extreme = values >= bound[:, None]
        if values.shape[1] <= FIRST_DEALS:
            if values.shape[1] < FIRST_DEALS and (as_extreme.sum(1) < _EXTREME_ENOUGH).any():
                continue
            found = _sequential(values, as_extreme)
        elif (values.shape[1] - FIRST_DEALS) % _MORE_DEALS:
            continue
        else:
            found = _of_all(values, as_extreme)
        if values.shape[1] >= MOST_DEALS or not (found.holds(level) or (not found.as_extreme and found.p > level)):
            return found


def clopper_pearson(hits: int, draws: int, confidence: float = _CONFIDENCE) -> tuple[float, float]:
    """The exact interval of a probability of which ``hits`` of ``draws`` were seen (Clopper and Pearson 1934)."""
    tail = (1 - confidence) / 2
    low = 0.0 if not hits else _bisected(lambda p: 1 - _at_most(hits - 1, draws, p) < tail)
    high = 1.0 if hits == draws else _bisected(lambda p: _at_most(hits, draws, p) > tail)
    return low, high


def _sequential(values: Floats, as_extreme: Bools) -> Drawn:
    """Besag and Clifford's p, of the deals up to the one at which each statistic stops."""
    running = np.cumsum(as_extreme, axis=1)
    stops = [
        int(np.searchsorted(each, _EXTREME_ENOUGH)) + 1 if each[-1] >= _EXTREME_ENOUGH else len(each)
        for each in running
    ]
    hits = [int(each[stop - 1]) for each, stop in zip(running, stops, strict=True)]
    ps = [
        hit / stop if hit >= _EXTREME_ENOUGH else (hit + 1) / (stop + 1) for hit, stop in zip(hits, stops, strict=True)
    ]
    return _drawn(values, ps, hits, stops)


def _of_all(values: Floats, as_extreme: Bools) -> Drawn:
    """p of a fixed number of deals."""
    draws = values.shape[1]
    hits = as_extreme.sum(1).tolist()
    return _drawn(values, [(hit + 1) / (draws + 1) for hit in hits], hits, [draws] * len(hits))


def _drawn(values: Floats, ps: list[float], hits: list[int], draws: list[int]) -> Drawn:
    least = int(np.argmin(ps))
    low, high = clopper_pearson(hits[least], draws[least])
    many = len(ps)
    return Drawn(min(1.0, many * ps[least]), min(1.0, many * low), min(1.0, many * high), values, hits[least])


def _at_most(hits: int, draws: int, p: float) -> float:
    """P(X <= hits) of a binomial X."""
    k = np.arange(hits + 1)
    logs = np.array([log_choose(draws, each) for each in range(hits + 1)])
    return float(min(1.0, np.exp(logs + k * math.log(p) + (draws - k) * math.log1p(-p)).sum()))


def _bisected(is_below: Callable[[float], bool]) -> float:
    """The p below which ``is_below`` holds and above which it does not."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return (low + high) / 2
