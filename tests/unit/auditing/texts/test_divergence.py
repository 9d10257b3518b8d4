from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from provenance.auditing.texts.divergence import contributions, divergence

COUNTS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=20).filter(
    lambda pairs: any(one for one, _ in pairs) and any(other for _, other in pairs)
)


@given(pairs=COUNTS)
def test_agrees_with_scipy(pairs: list[tuple[int, int]]) -> None:
    one, other = (np.array(counts, np.int64) for counts in zip(*pairs, strict=True))
    # scipy gives the distance, which is the root of the divergence.
    assert divergence(one, other) == pytest.approx(float(jensenshannon(one, other, base=2)) ** 2, abs=1e-9)
    assert divergence(one, other) == pytest.approx(divergence(other, one), abs=1e-12)
    assert (contributions(one, other) >= 0).all()


def test_its_ends() -> None:
    assert divergence(np.array([3, 1]), np.array([30, 10])) == 0
    assert divergence(np.array([3, 0]), np.array([0, 10])) == 1
    # Shares that do not add up to 1 in binary must not lead beyond the end.
    assert all(divergence(np.array([1] * n + [0]), np.array([0] * n + [1])) <= 1 for n in range(1, 300))
