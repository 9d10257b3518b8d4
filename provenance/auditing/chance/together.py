"""Several p-values judged together, so that chance breaks any rule of an audit only as often as one rule should be.

Holm (1979): the least of m p-values is held against alpha / m, the next against alpha / (m - 1), and so on up to the
first that is not below its level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from provenance.auditing.chance.drawing import ALPHA


@dataclass(frozen=True)
class Judged:
    """A p-value among those that it is judged with: ``adjusted`` for their number ``together``.

    ``level``: what the p-value itself is held against.
    """

    adjusted: float
    level: float
    together: int

    @property
    def is_significant(self) -> bool:
        """Whether chance alone is no explanation."""
        return self.adjusted <= ALPHA


def judged_together(ps: Sequence[float]) -> list[Judged]:
    """Each p-value, judged with the others."""
    adjusted, many = holm(ps), len(ps)
    order = np.argsort(ps, kind="stable")
    passed = int((adjusted <= ALPHA).sum())
    levels = np.empty(many)
    # What comes after the first that fails is held against that one's level.
    levels[order] = ALPHA / (many - np.minimum(np.arange(many), passed))
    return [Judged(float(one), float(level), many) for one, level in zip(adjusted, levels, strict=True)]


def holm(ps: Sequence[float]) -> npt.NDArray[np.float64]:
    """Holm's adjusted p-values, in the order of ``ps``."""
    found = np.asarray(ps, np.float64)
    order = np.argsort(found, kind="stable")
    adjusted = np.empty(len(found))
    steps = found[order] * (len(found) - np.arange(len(found)))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(found) else steps
    return adjusted
