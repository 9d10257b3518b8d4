from __future__ import annotations

import numpy as np
import pytest

from provenance.auditing.measures import NotMeasured
from provenance.auditing.texts.pools import SPLITS, Difference, coded, difference, segments
from provenance.auditing.texts.words import Integers


def differ(values: np.ndarray[tuple[int], np.dtype[np.float64]], compared: int, seed: int) -> Difference:
    """The difference of the mean of ``values``, of which the first ``compared`` are compared."""
    ones: Integers = np.ones(len(values), np.int64)
    found = difference(lambda rows: float(values[rows].mean()), ones, compared, seed)
    assert isinstance(found, Difference)
    return found


def test_sets_are_of_one_size_and_halves_share_no_row() -> None:
    sizes: Integers = np.random.default_rng(1).integers(1, 9, 300)
    seen: list[Integers] = []

    def remember(rows: Integers) -> float:
        seen.append(rows)
        return 1.0

    found = difference(remember, sizes, 100, 0)
    assert isinstance(found, Difference)
    assert found.size == min(sizes[:100].sum(), sizes[100:].sum() // 2)
    for rows in seen:
        assert found.size - 8 <= sizes[rows].sum() <= found.size
    *halves, own = seen
    assert own.tolist() == list(range(len(own)))
    assert len(halves) == 2 * SPLITS
    for one, other in zip(halves[::2], halves[1::2], strict=True):
        assert not set(one.tolist()) & set(other.tolist())
        assert min(one.min(), other.min()) >= 100


def test_chance_is_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(2).normal(10, 3, 4000)
    found = differ(values, 1000, 0)
    # Of the means of two samples of 1,000: the difference has the standard deviation 3 * sqrt(2 / 1000).
    assert found.as_values()["null_sd"] == pytest.approx(3 * np.sqrt(2 / 1000) / 10, rel=0.2)
    assert found.size == 1000


def test_a_difference_that_is_none_is_found_at_most_once_in_a_hundred_times() -> None:
    found = 0
    for seed in range(400):
        values = np.random.default_rng(seed).normal(10, 3, 300)
        found += bool(differ(values, 100, seed).as_values()["beyond_null"])
    assert found <= 10  # of 400 at 1%, more than 10 are seen in less than 0.3% of cases


def test_a_difference_that_is_one_is_found_in_both_directions() -> None:
    values = np.random.default_rng(3).normal(10, 1, 600)
    for shift in (-2, 2):
        moved = values + shift * (np.arange(600) < 200)
        found = differ(moved, 200, 0).as_values()
        assert found["beyond_null"] is True
        assert found["relative_difference"] == pytest.approx(shift / 10, abs=0.03)
        assert found["significant_difference"] == found["relative_difference"]


def test_without_a_finding_the_significant_difference_is_nothing() -> None:
    found = differ(np.random.default_rng(4).normal(10, 1, 600), 200, 0).as_values()
    assert (found["beyond_null"], found["significant_difference"]) == (False, 0.0)
    assert found["relative_difference"] != 0


def test_of_a_reference_of_nothing_no_part_can_be_told() -> None:
    values = Difference(0.5, 0.0, np.zeros(SPLITS), 100).as_values()
    assert values["beyond_null"] is True
    assert (values["relative_difference"], values["significant_difference"]) == (None, None)


def test_what_rounding_leaves_is_no_difference() -> None:
    # As where all rows bear one template: every half has the same figure, whose mean is off by a bit.
    values = Difference(0.6, 0.6 - 1.2e-16, np.zeros(SPLITS), 100).as_values()
    assert values["relative_difference"] != 0
    assert (values["beyond_null"], values["significant_difference"]) == (False, 0.0)
    assert Difference(0.6, 0.6001, np.zeros(SPLITS), 100).as_values()["beyond_null"] is True


def test_too_few_rows_of_the_reference_measure_nothing() -> None:
    sizes: Integers = np.array([10] * 50 + [1000] * 25, np.int64)
    assert isinstance(difference(lambda rows: 1.0, sizes, 50, 0), NotMeasured)


def test_compared_rows_longer_than_half_of_the_reference_measure_nothing() -> None:
    sizes: Integers = np.array([100_000] * 20 + [10] * 100, np.int64)
    assert isinstance(difference(lambda rows: 1.0, sizes, 20, 0), NotMeasured)


def test_codes_and_segments() -> None:
    codes, distinct = coded(np.array([7, 3, 7, 9], np.uint64))
    assert (codes.tolist(), distinct) == ([1, 0, 1, 2], 3)
    assert segments(np.array([5, 0, 9]), np.array([2, 3, 0])).tolist() == [5, 6, 0, 1, 2]
    assert segments(np.array([], np.int64), np.array([], np.int64)).tolist() == []
