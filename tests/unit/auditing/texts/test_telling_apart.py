from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from provenance.auditing.chance.deals import Deals
from provenance.auditing.chance.hashing import mixed
from provenance.auditing.texts.telling_apart import Effect, auc, told_apart


def keys(count: int, salt: int = 1) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return mixed(np.arange(count, dtype=np.uint64), salt)


def effect(
    columns: np.ndarray[tuple[int, int], np.dtype[np.float64]], compared: int, families: int | None = None
) -> Effect:
    rows = len(columns)
    ids = keys(rows)
    groups = ids if families is None else keys(families, 2)[np.arange(rows) % families]
    return told_apart(columns, groups, Deals(np.arange(rows) < compared, ids, groups, 0), 0)


def test_auc_is_that_of_mann_and_whitney() -> None:
    pick = np.random.default_rng(0)
    own, others = pick.normal(0.3, 1, 40).round(1), pick.normal(0, 1, 50).round(1)
    assert auc(own, others) == pytest.approx(stats.mannwhitneyu(own, others).statistic / 2000)


def test_rows_of_one_kind_are_not_told_apart() -> None:
    found = [effect(np.random.default_rng(seed).normal(size=(400, 20)), 150) for seed in range(40)]
    assert np.mean([each.size for each in found]) == pytest.approx(0, abs=0.03)
    assert np.mean([each.low <= 0 <= each.high for each in found]) > 0.75


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_the_effect_is_at_most_the_share_of_rows_of_another_kind(share: float) -> None:
    columns = np.random.default_rng(1).normal(size=(1500, 20))
    columns[: int(500 * share), 3] += 20
    found = effect(columns, 500)
    assert found.size == pytest.approx(share, abs=0.06)
    assert found.low <= share <= found.high


def test_in_pairs_a_child_is_set_against_its_own_parent() -> None:
    # A topic of each pair hides a shift that within pairs is plain.
    topics = np.random.default_rng(2).normal(size=(200, 5)) * 10
    columns = np.concatenate([topics, topics]) + np.random.default_rng(3).normal(size=(400, 5)) * 0.1
    columns[:200, 0] += 0.5
    paired, unpaired = effect(columns, 200, families=200), effect(columns, 200)
    assert paired.size > 0.95 and unpaired.size < 0.2


def test_nothing_to_tell_apart_by_is_no_effect() -> None:
    assert effect(np.zeros((60, 0)), 20).size == 0
    assert effect(np.ones((60, 2)), 20).size == 0
