from __future__ import annotations

import itertools

import numpy as np
import pytest

from provenance.auditing.chance.deals import Deals
from provenance.auditing.chance.hashing import mixed
from provenance.auditing.chance.moments import moments, studentised


def keys(count: int, salt: int = 1) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return mixed(np.arange(count, dtype=np.uint64), salt)


COLUMNS = np.random.default_rng(0).normal(size=(11, 30))


def test_moments_of_rows_are_those_of_all_deals() -> None:
    deals = Deals(np.arange(11) < 5, keys(11), keys(11), 0)
    every = [COLUMNS[list(chosen)].sum(0) for chosen in itertools.combinations(range(11), 5)]
    mean, variance = moments(COLUMNS, deals)
    assert mean == pytest.approx(np.mean(every, axis=0)) and variance == pytest.approx(np.var(every, axis=0))


def test_moments_of_families_are_those_of_all_deals() -> None:
    # Families of 3 and 2 rows, of two single rows each; and one of three rows, of which one is compared.
    family = np.array([0, 0, 0, 1, 1, 2, 3, 4, 5, 5, 5])
    compared = np.array([1, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0], bool)
    deals = Deals(compared, keys(11), keys(6, 2)[family], 0)
    every = []
    for large, small, within in itertools.product([0, 1], [2, 3, 4], [8, 9, 10]):
        labels = (family == large) | (family == small) | (np.arange(11) == within)
        every.append(COLUMNS[labels].sum(0))
    mean, variance = moments(COLUMNS, deals)
    assert mean == pytest.approx(np.mean(every, axis=0)) and variance == pytest.approx(np.var(every, axis=0))


def test_studentised_sums_have_mean_0_and_variance_1() -> None:
    columns = np.rint(1000 * np.random.default_rng(1).random((40, 3)))
    columns[:, 2] = 7
    deals = Deals(np.arange(40) < 15, keys(40), keys(40), 0)
    z = studentised(columns.copy(), deals)(deals.batch(1, 4000))
    assert z.shape == (3, 4000)
    assert z[:2].mean(1) == pytest.approx(0, abs=0.06) and z[:2].std(1) == pytest.approx(1, abs=0.05)
    assert (z[2] == 0).all()
    by_hand = (columns[:15, 0].sum() - 15 * columns[:, 0].mean()) / np.sqrt(15 * 25 / 39 * columns[:, 0].var())
    assert studentised(columns.copy(), deals)(deals.compared[:, None])[0, 0] == pytest.approx(by_hand)


def test_a_family_that_is_large_is_no_difference_of_what_all_rows_share() -> None:
    # Every row has the same: only how many rows are compared changes from deal to deal.
    family = np.repeat(np.arange(20), np.arange(20) % 2 + 2)
    compared = family < 10
    deals = Deals(compared, keys(len(family)), keys(20, 2)[family], 0)
    z = studentised(np.full((len(family), 1), 12.0), deals)(deals.batch(1, 50))
    assert (z == 0).all()
