"""What a benchmark found: a table, and targets that were met or missed; all printed as Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("dvc-provenance", "dvc", "duckdb", "orjson", "pyarrow", "xxhash")


@dataclass(frozen=True)
class Target:
    """A ratio (or a figure with ``unit``) of this run and the bound that it should keep."""

    what: str
    observed: float
    bound: float
    at_least: bool = False
    unit: str = "×"

    @property
    def is_met(self) -> bool:
        return self.observed >= self.bound if self.at_least else self.observed <= self.bound

    def line(self) -> str:
        """One line of Markdown, with by how much the target was missed."""
        sign = "≥" if self.at_least else "≤"
        outcome = "met" if self.is_met else f"**missed** by {abs(self.observed - self.bound) / self.bound:.0%}"
        return f"| {self.what} | {self.observed:.2f} {self.unit} | {sign} {self.bound:.3g} {self.unit} | {outcome} |"


@dataclass(frozen=True)
class Result:
    """``columns`` and ``rows``: a table, cells as text. ``notes``: what a reader must know beside it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    targets: Sequence[Target] = ()
    notes: Sequence[str] = ()

    def markdown(self) -> str:
        lines = [f"### {self.title}", "", _row(self.columns), _row(["---"] * len(self.columns)), *map(_row, self.rows)]
        if self.targets:
            lines += ["", "| ratio | observed | target | |", "|---|---|---|---|", *(t.line() for t in self.targets)]
        for note in self.notes:
            lines += ["", note]
        return "\n".join([*lines, ""])


@dataclass(frozen=True)
class Settings:
    """``folder``: an existing one, on a disk with room. ``scale``: 1 is the documented size. ``venvs``: the peers'.

    ``seed``: the first of those that are drawn with.
    """

    folder: Path
    scale: float
    venvs: Path
    seed: int = 0

    def scaled(self, size: int) -> int:
        return max(1, round(size * self.scale))


Benchmark = Callable[[Settings], Result]


def machine() -> str:
    """Date, processor, memory, load, and the versions in use, in two lines."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {platform.system()} {platform.machine()}, {_processor()}, "
        f"{os.cpu_count()} cores, {memory:.0f} GiB; load averages {load}\n"
        f"Python {platform.python_version()}, {versions}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or "unknown processor"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
