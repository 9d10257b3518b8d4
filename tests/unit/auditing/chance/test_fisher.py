from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from provenance.auditing.chance.fisher import able_to_reach, fisher

COMPARED, REFERENCE = np.array([200, 0, 3, 97, 1]), np.array([985, 985, 30, 40, 0])


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


def test_values_that_cannot_reach_the_level_cost_the_others_nothing() -> None:
    pick = np.random.default_rng(0)
    for least in (10.0 ** pick.uniform(-6, 0, 12) for _ in range(50)):
        # The greatest number of values that all can reach the level that their number leaves them.
        many = max(k for k in range(1, 13) if k == 1 or sum(least <= 0.01 / k) >= k)
        assert able_to_reach(least, 0.01).tolist() == (least <= 0.01 / many).tolist()
    assert able_to_reach(np.array([1e-9, 1e-6, 0.0031, 0.2]), 0.01).tolist() == [True, True, True, False]
    assert able_to_reach(np.array([0.5]), 0.01).tolist() == [False]
    assert able_to_reach(np.array([]), 0.01).tolist() == []
