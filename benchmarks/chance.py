"""False alarms and power of the measures that are held against chance, on real texts.

It needs the folder of sets that `benchmarks.chance_sets` makes, in the environment variable PROVENANCE_CHANCE_SETS; at
scale 1, 200 random halves of each set and 100 splits of each case. Splits are seeded by their number: the same command
gives the same table.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.chance_cases import CASES, FIELD_CASES, outside
from benchmarks.chance_splits import RULES, Outcome, halves, judged, rows_of
from benchmarks.processes import BenchmarkError
from benchmarks.results import Result, Settings

SETS = ("questions", "prose", "chat", "code", "questions_de", "questions_zh")
# Each question of the first set stands for itself.
SETS_OF_FAMILIES = ("prose", "chat", "code")
_ROWS = 200
_HALVES, _SPLITS, _FIELDS = 200, 100, 500
_VARIABLE = "PROVENANCE_CHANCE_SETS"
_WORKERS = 2


def run(settings: Settings) -> Result:
    folder = Path(os.environ.get(_VARIABLE, ""))
    if not all((folder / f"{name}.jsonl").is_file() for name in SETS):
        raise BenchmarkError(f"{_VARIABLE} names no folder of sets; make one: python -m benchmarks.chance_sets")
    halved, splits = settings.scaled(_HALVES), settings.scaled(_SPLITS)
    with ProcessPoolExecutor(_WORKERS) as workers:
        clean = [
            _row(f"{name}, {design}", _all(workers, partial(_clean, folder, name, design == "families"), halved))
            for design, names in (("rows", SETS), ("families", SETS_OF_FAMILIES))
            for name in names
        ]
        done = [
            _row(case.what, _all(workers, partial(_done, folder, place), splits), case.sees)
            for place, case in enumerate(CASES)
        ]
    fields = [_field_row(place, settings.scaled(_FIELDS)) for place in range(len(FIELD_CASES))]
    return Result(
        f"False alarms and power: {_ROWS} rows in each half",
        ("what", *RULES, "any"),
        [*clean, *done, *fields],
        notes=[
            f"The first {len(clean)} lines are {halved} clean halves each: per cent with p ≤ 1%, one by one; `any`: "
            f"any rule at 1% after Holm. 1% is known to ±{_error(0.01, halved):.1f}.",
            f"The next {len(done)} are {splits} splits each in which something was done: per cent in which the rule is "
            "broken, by p after Holm and its bar; bold is what should see it. "
            f"50% is known to ±{_error(0.5, splits):.0f}, 95% to ±{_error(0.95, splits):.0f}.",
            f"The last are {settings.scaled(_FIELDS)} draws of a field each: the changed value is found; `any`: "
            "another one is (where a common value is lost, the shares of the others do rise). "
            "Seeds are the numbers of splits, from 0.",
        ],
    )


def _clean(folder: Path, name: str, by_family: bool, number: int) -> Outcome:
    pick = np.random.default_rng([number, _ROWS])
    return judged(halves(rows_of(folder, name), _ROWS, pick, by_family=by_family), number)


def _done(folder: Path, place: int, number: int) -> Outcome:
    return judged(CASES[place].make(folder, np.random.default_rng([number, place, 7])), number)


def _all(workers: ProcessPoolExecutor, one: Callable[[int], Outcome], count: int) -> list[Outcome]:
    return list(workers.map(one, range(count), chunksize=5))


def _row(what: str, found: Sequence[Outcome], sees: tuple[str, ...] | None = None) -> list[str]:
    """A line of the table; ``sees`` is None of clean halves."""
    if sees is None:
        cells = [_per_cent(each.low[name] for each in found) for name in RULES]
        return [what, *cells, _per_cent(any(each.significant.values()) for each in found)]
    cells = [
        f"**{_per_cent(each.broken[name] for each in found)}**"
        if name in sees
        else _per_cent(each.broken[name] for each in found)
        for name in RULES
    ]
    return [what, *cells, _per_cent(any(each.broken.values()) for each in found)]


def _field_row(place: int, draws: int) -> list[str]:
    found = [outside(FIELD_CASES[place], np.random.default_rng([number, place])) for number in range(draws)]
    nothing = ["–"] * (len(RULES) - 1)
    return [
        FIELD_CASES[place].what,
        *nothing,
        f"**{_per_cent(each['found'] for each in found)}**",
        _per_cent(each["others"] for each in found),
    ]


def _per_cent(found: Iterable[bool]) -> str:
    return f"{100 * np.mean(list(found)):.3g}"


def _error(share: float, count: int) -> float:
    """Two standard deviations of a share, in per cent."""
    return 200 * math.sqrt(share * (1 - share) / count)
