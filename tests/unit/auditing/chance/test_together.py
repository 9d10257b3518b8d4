from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from provenance.auditing.chance.together import holm, judged_together


def stepped(ps: list[float]) -> list[float]:
    """Holm's procedure as his paper has it: the least alpha at which each hypothesis is rejected."""
    adjusted = []
    for p in ps:
        rejected = [a for a in np.arange(0.0001, 1, 0.0001) if is_rejected(p, ps, a)]
        adjusted.append(rejected[0] if rejected else 1.0)
    return adjusted


def is_rejected(p: float, ps: list[float], alpha: float) -> bool:
    for step, each in enumerate(sorted(ps)):
        if each > alpha / (len(ps) - step):
            return False
        if each >= p:
            return True
    return True


def test_holm_agrees_with_his_procedure_step_by_step() -> None:
    pick = np.random.default_rng(0)
    for _ in range(10):
        ps = (pick.random(5) ** 3).tolist()
        assert holm(ps) == pytest.approx(stepped(ps), abs=0.0002)
    assert holm([]).tolist() == []
    assert holm([0.2]).tolist() == [0.2]


def test_holm_is_between_no_correction_and_bonferroni() -> None:
    ps = np.random.default_rng(1).random(20) ** 4
    assert (holm(ps.tolist()) >= ps).all() and (holm(ps.tolist()) <= np.minimum(1, 20 * ps) + 1e-15).all()
    # Never more rejections than the false discovery rate allows.
    assert (holm(ps.tolist()) >= stats.false_discovery_control(ps) - 1e-12).all()


def test_each_p_has_the_level_that_decides_it() -> None:
    judged = judged_together([0.5, 0.0001, 0.0024, 0.02])
    assert [each.is_significant for each in judged] == [False, True, True, False]
    assert [each.level for each in judged] == pytest.approx([0.005, 0.0025, 0.01 / 3, 0.005])
    assert [each.together for each in judged] == [4] * 4
    for p, each in zip([0.5, 0.0001, 0.0024, 0.02], judged, strict=True):
        assert each.is_significant == (p <= each.level)
