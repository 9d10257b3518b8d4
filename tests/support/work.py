"""How much work something is, in calls: the same on a busy machine and on an idle one, as seconds are not."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from itertools import count
from types import FrameType


def calls(work: Callable[[], object]) -> int:
    """How many functions ``work`` calls, Python's and C's, in this thread and in those it starts.

    What is imported or compiled only once counts too, so ``work`` is best done once before it is counted.
    """
    counted = count()

    def profile(_frame: FrameType, event: str, _argument: object) -> None:
        if event in ("call", "c_call"):
            next(counted)

    before = sys.getprofile()
    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
        threading.setprofile(before)
    return next(counted)


def growth(work: Callable[[int], object], small: int, large: int) -> float:
    """How many times as many calls ``work(large)`` makes as ``work(small)``, once names are known."""
    work(large)
    return calls(lambda: work(large)) / calls(lambda: work(small))
