from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from provenance.auditing.chance.deals import Deals
from provenance.auditing.chance.drawing import FIRST_DEALS, MOST_DEALS, Drawn, Statistics, clopper_pearson, draw
from provenance.auditing.chance.hashing import mixed


def deals_of(rows: int, compared: int, seed: int = 0) -> Deals:
    keys = mixed(np.arange(rows, dtype=np.uint64), 1)
    return Deals(np.arange(rows) < compared, keys, keys, seed)


def total(values: np.ndarray[tuple[int], np.dtype[np.float64]], *signs: float) -> Statistics:
    """The sum over compared rows, with each of the signs."""
    return lambda labels: np.stack([sign * (values @ labels) for sign in signs])


@pytest.mark.parametrize(("hits", "draws"), [(0, 1999), (1, 1999), (10, 350), (50, 9999), (7, 7)])
def test_the_interval_of_p_is_that_of_scipy(hits: int, draws: int) -> None:
    found = stats.binomtest(hits, draws).proportion_ci(0.99, "exact")
    assert clopper_pearson(hits, draws) == pytest.approx((found.low, found.high), abs=1e-9)


def test_p_of_all_deals_is_that_of_scipys_permutation_test() -> None:
    values = np.random.default_rng(3).normal(size=14).round(2)
    values[:6] += 0.9
    exact = stats.permutation_test(
        (values[:6], values[6:]), lambda one, other: one.sum() - other.sum(), alternative="greater", n_resamples=np.inf
    ).pvalue
    assert 0.01 < exact < 0.5
    # Judged at its own size, p is worked out of as many deals as there may be.
    found = draw(total(values, 1.0), deals_of(14, 6), level=exact)
    assert found.deals == MOST_DEALS
    assert found.p == pytest.approx(exact, abs=5 * np.sqrt(exact * (1 - exact) / MOST_DEALS))
    assert found.low <= exact <= found.high


def test_clean_data_is_done_after_a_few_deals_and_p_is_uniform() -> None:
    ps, draws = [], []
    for seed in range(400):
        values = np.random.default_rng(seed).normal(size=60)
        found = draw(total(values, 1.0), deals_of(60, 20, seed), level=0.01)
        ps.append(found.p)
        draws.append(found.deals)
    assert stats.kstest(ps, "uniform").pvalue > 0.001
    assert np.mean(np.array(ps) <= 0.05) == pytest.approx(0.05, abs=0.035)
    assert np.median(draws) <= 100


def test_a_clear_difference_is_drawn_to_the_end_and_p_is_never_0() -> None:
    values = np.arange(60) < 20
    found = draw(total(values.astype(float), 1.0), deals_of(60, 20), level=0.01 / 6)
    assert (found.deals, found.as_extreme, found.p) == (FIRST_DEALS, 0, 1 / (FIRST_DEALS + 1))
    assert not found.holds(0.0005)


def test_several_statistics_cost_their_number() -> None:
    values = (np.arange(60) < 20).astype(float)
    assert draw(total(values, 1.0, -1.0), deals_of(60, 20), level=0.01).p == 2 / (FIRST_DEALS + 1)


def test_equal_values_are_as_extreme() -> None:
    found = draw(total(np.ones(60), 1.0), deals_of(60, 20), level=0.01)
    assert found.p == 1.0 and found.deals == 50


def test_a_level_that_the_first_deals_cannot_reach_is_drawn_for() -> None:
    values = (np.arange(60) < 20).astype(float)
    found = draw(total(values, 1.0), deals_of(60, 20), level=0.0003)
    assert found.deals > FIRST_DEALS and found.p <= 0.0003


def test_p_near_its_level_is_borderline_in_the_end() -> None:
    found = Drawn(0.01, 0.008, 0.013, np.zeros((1, MOST_DEALS)), as_extreme=99)
    assert found.holds(0.01) and not found.holds(0.02)
