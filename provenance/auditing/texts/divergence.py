"""Jensen-Shannon divergence of two distributions that are given as counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]


def divergence(one: Counts, other: Counts) -> float:
    """The Jensen-Shannon divergence in bits, from 0 (the same shares) to 1 (nothing in common).

    H((P + Q) / 2) - (H(P) + H(Q)) / 2, with H the entropy in bits (Lin 1991). Both have at least one count.
    """
    return min(float(contributions(one, other).sum()), 1.0)


def contributions(one: Counts, other: Counts) -> npt.NDArray[np.float64]:
    """What each value adds to the divergence; none takes away from it."""
    shares = [counts / counts.sum() for counts in (one, other)]
    middle = (shares[0] + shares[1]) / 2
    total = np.zeros(len(middle))
    for share in shares:
        present = share > 0
        total[present] += share[present] * np.log2(share[present] / middle[present]) / 2
    # Rounding may leave a negative nothing, of which no root or comparison should hear.
    return np.maximum(total, 0.0)
