"""False alarms and power of the measures that are held against chance, on real texts.

It needs the folder of sets that `benchmarks.chance_sets` makes, in the environment variable PROVENANCE_CHANCE_SETS; at
scale 1, 200 random halves of each set and 100 splits of each case. Splits are seeded by their number, from ``--seed``
on: the same command gives the same table.
"""

from __future__ import annotations

import math
import os
import sys
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
SETS_OF_FAMILIES = ("prose", "chat", "code", "replies")
# Of enough rows for large halves.
LARGE_SETS = ("questions", "prose", "chat", "code")
_ROWS, _MANY_ROWS = 200, 1_000
_HALVES, _SPLITS, _FIELDS = 200, 100, 1_000
_VARIABLE = "PROVENANCE_CHANCE_SETS"
_WORKERS = 2


def run(settings: Settings) -> Result:
    folder = Path(os.environ.get(_VARIABLE, ""))
    if not all((folder / f"{name}.jsonl").is_file() for name in (*SETS, *SETS_OF_FAMILIES)):
        raise BenchmarkError(f"{_VARIABLE} names no folder of sets; make one: python -m benchmarks.chance_sets")
    halved, splits = settings.scaled(_HALVES), settings.scaled(_SPLITS)
    numbers = range(settings.seed, settings.seed + halved)
    draws = range(settings.seed, settings.seed + settings.scaled(_FIELDS))
    fields = [_field_row(place, draws) for place in range(len(FIELD_CASES))]
    with ProcessPoolExecutor(_WORKERS) as workers:

        def undisturbed(rows: int, by_family: bool, names: Sequence[str]) -> list[list[str]]:
            whole = "families" if by_family else "rows"
            ways = {f"{name}, {rows:,} {whole}": partial(_clean, folder, name, rows, by_family) for name in names}
            return [_row(what, _all(workers, one, numbers)) for what, one in ways.items()]

        clean = undisturbed(_ROWS, False, SETS) + undisturbed(_ROWS, True, SETS_OF_FAMILIES)
        done = [
            _row(case.what, _all(workers, partial(_done, folder, place), numbers[:splits]), case.sees)
            for place, case in enumerate(CASES)
        ]
        # What takes longest comes last, as lines are printed as soon as they are there.
        clean += undisturbed(_MANY_ROWS, False, LARGE_SETS)
    return Result(
        "False alarms and power",
        ("what", *RULES, "any"),
        [*clean, *done, *fields],
        notes=[
            f"The first {len(clean)} lines are {halved} clean halves each, of so many rows, or families of so many in "
            "all: per cent with p ≤ 1%, one by one; `any`: any rule at 1% after Holm. "
            f"1% is known to ±{_error(0.01, halved):.1f}.",
            f"The next {len(done)} are {splits} splits each in which something was done: per cent in which the rule is "
            "broken, by p after Holm and its bar; bold is what should see it. "
            f"50% is known to ±{_error(0.5, splits):.0f}, 95% to ±{_error(0.95, splits):.0f}.",
            f"The last are {len(draws):,} draws of a field each: the changed value is found; `any`: "
            "another one is (where a common value is lost, the shares of the others do rise). "
            f"90% is known to ±{_error(0.9, len(draws)):.1f}. Seeds are the numbers of splits, from {settings.seed}.",
        ],
    )


def _clean(folder: Path, name: str, rows: int, by_family: bool, number: int) -> Outcome:
    pick = np.random.default_rng([number, rows])
    return judged(halves(rows_of(folder, name), rows, pick, by_family=by_family), number)


def _done(folder: Path, place: int, number: int) -> Outcome:
    return judged(CASES[place].make(folder, np.random.default_rng([number, place, 7])), number)


def _all(workers: ProcessPoolExecutor, one: Callable[[int], Outcome], numbers: Sequence[int]) -> list[Outcome]:
    return list(workers.map(one, numbers, chunksize=5))


def _row(what: str, found: Sequence[Outcome], sees: tuple[str, ...] | None = None) -> list[str]:
    """A line of the table; ``sees`` is None of clean halves."""
    if sees is None:
        cells = [_per_cent(each.low[name] for each in found) for name in RULES]
        return _said([what, *cells, _per_cent(any(each.significant.values()) for each in found)])
    cells = [
        f"**{_per_cent(each.broken[name] for each in found)}**"
        if name in sees
        else _per_cent(each.broken[name] for each in found)
        for name in RULES
    ]
    return _said([what, *cells, _per_cent(any(each.broken.values()) for each in found)])


def _field_row(place: int, numbers: Sequence[int]) -> list[str]:
    found = [outside(FIELD_CASES[place], np.random.default_rng([number, place])) for number in numbers]
    nothing = ["–"] * (len(RULES) - 1)
    return _said(
        [
            FIELD_CASES[place].what,
            *nothing,
            f"**{_per_cent(each['found'] for each in found)}**",
            _per_cent(each["others"] for each in found),
        ]
    )


def _said(cells: list[str]) -> list[str]:
    """The line, which took minutes, as soon as it is there."""
    print("chance:", *cells, sep=" | ", file=sys.stderr, flush=True)
    return cells


def _per_cent(found: Iterable[bool]) -> str:
    return f"{100 * np.mean(list(found)):.3g}"


def _error(share: float, count: int) -> float:
    """Two standard deviations of a share, in per cent."""
    return 200 * math.sqrt(share * (1 - share) / count)
