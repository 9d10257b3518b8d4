from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from provenance.auditing.chance.deals import Deals
from provenance.auditing.chance.hashing import mixed, salt_of
from provenance.auditing.texts.telling_apart import Effect, auc, told_apart

Columns = np.ndarray[tuple[int, int], np.dtype[np.float64]]


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


def by_hand(columns: Columns, labels: np.ndarray, family: np.ndarray, fold: np.ndarray) -> tuple[float, float]:
    """2 AUC - 1 of a ridge discriminant that was made of the other folds, and its standard error (Obuchowski 1997)."""
    scaled = (columns - columns.mean(0)) / columns.std(0)
    areas, weights, variances = [], [], []
    for each in range(5):
        rest, here = scaled[fold != each], scaled[fold == each]
        own, others = rest[labels[fold != each]], rest[~labels[fold != each]]
        spreads = rest.T @ rest / len(rest) + 10 * np.eye(columns.shape[1])
        scores = here @ (np.linalg.inv(spreads) @ (own.mean(0) - others.mean(0)))
        mine, theirs = scores[labels[fold == each]], scores[~labels[fold == each]]
        wins = (mine[:, None] > theirs).astype(float) + (mine[:, None] == theirs) / 2
        area = stats.mannwhitneyu(mine, theirs).statistic / wins.size
        variance = 0.0
        for beats, side in ((wins.mean(1), True), (wins.mean(0), False)):
            of = family[(fold == each) & (labels == side)]
            sums = [sum(beats[of == one] - area) for one in set(of.tolist())]
            variance += sum(part**2 for part in sums) / len(of) ** 2
        areas.append(area)
        weights.append(min(len(mine), len(theirs)))
        variances.append(variance)
    share = np.array(weights) / sum(weights)
    return float(2 * share @ areas - 1), float(2 * np.sqrt(share**2 @ variances))


@pytest.mark.parametrize("families", [240, 60])
def test_effect_and_interval_are_those_of_the_textbook(families: int) -> None:
    pick = np.random.default_rng(7)
    columns = pick.normal(size=(240, 6))
    columns[:80, 2] += 0.8
    # Families are wholly in one group.
    labels = np.arange(240) < 80
    family = np.where(labels, np.arange(240) % (families // 3), families // 3 + np.arange(240) % (families * 2 // 3))
    groups = keys(families, 2)[family]
    found = told_apart(columns, groups, Deals(labels, keys(240), groups, 0), 3)
    fold = (mixed(groups, salt_of(3, "fold")) % np.uint64(5)).astype(int)
    size, error = by_hand(columns, labels, family, fold)
    assert (found.size, found.low, found.high) == pytest.approx(
        (size, size - 1.96 * error, size + 1.96 * error), abs=1e-4
    )


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
