"""Each benchmark runs, at a size at which its figures mean nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


BENCHMARKS = [
    *("ids", "add", "sidecar", "births", "recording", "asking", "questions"),
    *("history", "diff", "measures", "memory", "audit", "proofs", "explorer", "report", "exports", "storage"),
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


def test_steps_of_a_large_dataset_are_measured_one_by_one(isolated: Path) -> None:
    """Each may be a run of its own, in the folder of those before."""
    folder = isolated / "large"
    for steps in (["data", "--rows", "2000"], ["add", "repro"], ["trace", "verify"]):
        command = [sys.executable, "-m", "benchmarks.large", *steps, "--folder", str(folder)]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert [line.split("|")[1].strip() for line in done.stdout.splitlines()] == ["trace", "verify"]
    # A sixth of the rows of the mix have two parents, and the last of its first shard is one of these.
    assert (folder / "trace.out").read_text().count("derived_from") == 2
    kept = [json.loads(line) for line in (folder / "figures.jsonl").read_text().splitlines()]
    assert [(each["step"], each["status"]) for each in kept] == [
        (step, 0) for step in ("add", "repro", "trace", "verify")
    ]
    # There is no second version yet.
    command = [sys.executable, "-m", "benchmarks.large", "diff", "--folder", str(folder)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith("error: diff: exit code 2: error: ")
