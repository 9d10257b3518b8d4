"""`python -m benchmarks.peers.ask DRIVER WIDTH`: ask what was recorded in the working directory; prints JSON.

Asked are the ancestors of the last sample and the descendants of the first, which one in twenty samples was made from.
The first question also opens what is stored, and builds what the tool needs to answer; imports are not timed. Runs in
the tool's own venv: nothing but the standard library may be imported here.
"""

from __future__ import annotations

import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.peers.interface import OpenAsking
from benchmarks.peers.workload import make_levels

_REPEATS = 3


def main(driver: str, width: str) -> None:
    levels = make_levels(int(width))
    leaf, hub = (levels[-1][-1], len(levels[-1]) - 1), (levels[0][0], 0)
    module = importlib.import_module(f"benchmarks.peers.drivers.{driver}")
    if hasattr(module, "before_asking"):
        module.before_asking(Path.cwd())
    open_asking: OpenAsking = module.open_asking
    started = time.perf_counter()
    asking = open_asking(Path.cwd())
    ancestors = asking.ancestors(*leaf)
    first = time.perf_counter() - started
    found = {
        "first": first,
        "ancestors": ancestors,
        "ancestors_seconds": _median(lambda: asking.ancestors(*leaf)),
        "descendants": asking.descendants(*hub),
        "descendants_seconds": _median(lambda: asking.descendants(*hub)),
    }
    print(json.dumps(found), flush=True)


def _median(ask: Callable[[], int]) -> float:
    taken = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


if __name__ == "__main__":
    main(*sys.argv[1:])
