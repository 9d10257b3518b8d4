"""Each benchmark runs, at a size at which its figures mean nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


BENCHMARKS = [
    *("ids", "add", "sidecar", "births", "recording", "asking", "questions"),
    *("history", "diff", "measures", "memory", "audit", "proofs", "explorer", "report", "exports"),
]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_benchmark_prints_its_table_and_ratios(name: str, isolated: Path) -> None:
    arguments = [name, "--scale", "0.0005", "--folder", str(isolated), "--venvs", str(isolated / "venvs")]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("| --- |") >= 1
    # No other tool is installed there, so there is nothing to set the recorder against.
    assert ("not installed" if name in ("recording", "asking") else "| target |") in done.stdout
    assert list(isolated.glob("benchmark-*")) == []
