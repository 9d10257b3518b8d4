from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import comb

import numpy as np
import pytest
from scipy import stats

from provenance.auditing.chance.fisher import Exact, adjusted, fisher

COMPARED, REFERENCE = np.array([200, 0, 3, 97, 1]), np.array([985, 985, 30, 40, 0])


def doubled(rows: int, total: int, own: int) -> dict[int, tuple[float, float]]:
    """Of each count that a value can have: twice its lesser tail, and its probability."""
    law = stats.hypergeom(rows, total, own)
    first, last = law.support()
    counts = np.arange(first, last + 1)
    p = np.minimum(1, 2 * np.minimum(law.sf(counts - 1), law.cdf(counts)))
    return {int(count): (float(one), float(law.pmf(count))) for count, one in zip(counts, p, strict=True)}


def step_down(ps: list[float], laws: list[dict[int, tuple[float, float]]]) -> list[float]:
    """The textbook's way: of the values that are left, the chance that each has a p as small, added up."""
    found, greatest = [0.0] * len(ps), 0.0
    order = sorted(range(len(ps)), key=ps.__getitem__)
    for step, value in enumerate(order):
        left = (laws[other].values() for other in order[step:])
        chance = sum(mass for law in left for p, mass in law if p <= ps[value] * (1 + 1e-9))
        greatest = found[value] = max(greatest, min(1, chance))
    return found


def test_p_is_twice_the_lesser_tail_of_the_hypergeometric_distribution() -> None:
    found = fisher(COMPARED, REFERENCE)
    own, rows = COMPARED.sum(), COMPARED.sum() + REFERENCE.sum()
    for hits, other, p, least in zip(COMPARED, REFERENCE, found.p, found.least, strict=True):
        law = stats.hypergeom(rows, hits + other, own)
        assert p == pytest.approx(min(1, 2 * min(law.sf(hits - 1), law.cdf(hits))), rel=1e-8)
        ends = law.support()
        assert least == pytest.approx(min(1, 2 * min(law.pmf(ends[0]), law.pmf(ends[1]))), rel=1e-8)


def test_one_sided_tails_are_those_of_scipys_exact_test() -> None:
    for compared, reference in ((COMPARED[:2], REFERENCE[:2]), (np.array([3, 9]), np.array([8, 2]))):
        tails = [
            stats.fisher_exact(np.array([compared, reference]), alternative=side).pvalue for side in ("less", "greater")
        ]
        assert fisher(compared, reference).p == pytest.approx([min(1, 2 * min(tails))] * 2)


def test_values_are_adjusted_by_what_the_others_could_reach() -> None:
    pick = np.random.default_rng(0)
    for _ in range(30):
        groups = [tuple(pick.integers(0, 12, (2, many))) for many in pick.integers(1, 6, 2)]
        laws, ps = [], []
        for own, other in groups:
            rows, picked = int((own + other).sum()), int(own.sum())
            each = [doubled(rows, int(one + more), picked) for one, more in zip(own, other, strict=True)]
            ps += [law[int(one)][0] for law, one in zip(each, own, strict=True)]
            laws += each
        found = adjusted([fisher(*group) for group in groups], 100.0)
        assert found == pytest.approx(step_down(ps, laws), rel=1e-8)


def _fisher(counts: Sequence[int], totals: Sequence[int]) -> Exact:
    compared = np.array(counts, np.int64)
    return fisher(compared, np.array(totals, np.int64) - compared)


def test_no_arrangement_of_rows_breaks_the_level_oftener_than_it_says() -> None:
    totals, own = (3, 4, 5, 9), 8
    ways = {counts: np.prod([comb(*pair) for pair in zip(totals, counts, strict=True)])
            for counts in product(*(range(total + 1) for total in totals)) if sum(counts) == own}  # fmt: skip
    least = {counts: np.nanmin(adjusted([_fisher(counts, totals)], 100.0)) for counts in ways}
    for alpha in (0.01, 0.05, 0.2):
        found = sum(many for counts, many in ways.items() if least[counts] <= alpha)
        assert 0 < found / comb(sum(totals), own) <= alpha


def test_values_that_cannot_reach_the_level_are_not_judged_and_cost_the_others_nothing() -> None:
    own, others = np.array([60, 40, 1, 0, 2]), np.array([30, 70, 0, 1, 1])
    found = adjusted([fisher(own, others)], 0.01)
    assert np.isnan(found).tolist() == [False, False, True, True, True]
    fewer = adjusted([fisher(np.append(own[:2], 3), np.append(others[:2], 2))], 0.01)
    assert found[0] == pytest.approx(fewer[0], rel=1e-12)
    assert np.isnan(adjusted([fisher(np.array([1, 1]), np.array([1, 1]))], 0.01)).all()
    assert not len(adjusted([fisher(np.array([], int), np.array([], int))], 0.01))
