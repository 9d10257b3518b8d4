from __future__ import annotations

import numpy as np
import pytest

from provenance.auditing.texts.families import components


def connected(size: int, pairs: list[tuple[int, int]]) -> list[int]:
    """The least node that each is connected with, one step at a time."""
    label = list(range(size))
    changed = True
    while changed:
        changed = False
        for one, other in pairs:
            low = min(label[one], label[other])
            changed |= label[one] != low or label[other] != low
            label[one] = label[other] = low
    return label


@pytest.mark.parametrize("seed", range(20))
def test_components_are_those_that_are_found_step_by_step(seed: int) -> None:
    pick = np.random.default_rng(seed)
    size = int(pick.integers(1, 60))
    pairs = [tuple(pair) for pair in pick.integers(0, size, (int(pick.integers(0, 60)), 2)).tolist()]
    one, other = (np.array([pair[end] for pair in pairs], np.int64) for end in (0, 1))
    assert components(size, one, other).tolist() == connected(size, pairs)


def test_a_long_chain_is_one_component() -> None:
    order = np.random.default_rng(1).permutation(5000)
    assert (components(5000, order[:-1], order[1:]) == 0).all()
