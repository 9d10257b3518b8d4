"""Measured child processes: a figure of one never depends on what ran before it in the same interpreter.

This process, which starts them, must stay small and import no large library: Linux counts the memory that it has when
it starts a child as the child's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Measured:
    """One process: seconds on the clock, seconds of CPU (all threads), peak resident memory in MiB.

    ``said``: what its last line of output holds, where it was asked for.
    """

    wall: float
    cpu: float
    peak: float
    said: Mapping[str, Any]


class BenchmarkError(Exception):
    """A measured process failed; the message ends with the last thing that it said."""


# Sample ids with the native kernel, where it is built, and without it.
WITH_KERNEL: Mapping[str, str] = {}
WITHOUT_KERNEL = {"PROVENANCE_NATIVE": "0"}


def measure(
    command: Sequence[str | Path], folder: Path, *, says: bool = False, more: Mapping[str, str] = WITH_KERNEL
) -> Measured:
    """Run ``command`` in ``folder`` and measure it. With ``says``, its last line of output is a JSON object.

    ``more``: variables of its environment.

    Raises:
        BenchmarkError: the process failed.
    """
    os.sync()  # so that it does not pay for what was written before it
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "PYTHONPATH": str(CHECKOUT), **more}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), cwd=folder, env=environment, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            last = _last_line(errors) or f"exit code {process.returncode}"
            raise BenchmarkError(f"{' '.join(map(str, command[1:4]))}: {last}")
        said = json.loads(_last_line(output)) if says else {}
    return Measured(wall, usage.ru_utime + usage.ru_stime, _mebibytes(usage.ru_maxrss), said)


def measure_task(
    name: str,
    *arguments: str | Path | int,
    folder: Path,
    repeats: int = 1,
    more: Mapping[str, str] = WITH_KERNEL,
) -> Measured:
    """Run a function of `benchmarks.tasks` in a process of its own; the run that took least CPU of ``repeats``."""
    command = [sys.executable, "-m", "benchmarks.tasks", name, *map(str, arguments)]
    return min(
        (measure(command, folder, says=True, more=more) for _ in range(repeats)), key=lambda measured: measured.cpu
    )


def _last_line(output: Any) -> str:
    output.seek(0)
    lines = output.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""


def _mebibytes(maximum_resident: int) -> float:
    return maximum_resident / (1 << 20 if sys.platform == "darwin" else 1 << 10)
