"""What the counting of arrangements needs."""

from __future__ import annotations

import math


def log_choose(many: int, picked: int) -> float:
    """The natural logarithm of how many ways there are to pick ``picked`` of ``many``."""
    return math.lgamma(many + 1) - math.lgamma(picked + 1) - math.lgamma(many - picked + 1)
