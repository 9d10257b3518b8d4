"""`kill -9` of a generation at any moment: no finished generation is repeated, and nothing differs but times."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.project import Project

from provenance.capture.recording.journal_lines import fields_of_row, whole_contents
from provenance.lineage.sidecar import open_sidecar

SYNTHETIC = "data/synthetic.jsonl"
ROWS = 6


@pytest.fixture
def collected(demo: Project, tmp_path: Path) -> Project:
    """The demo as it was before the model was asked with the last prompt: DVC knows of no such run."""
    project = Project.at(tmp_path / "repository")
    project.run("git", "clone", "--quiet", str(demo.root), ".")
    project.run("git", "checkout", "--quiet", "before")
    shutil.copytree(demo.root / ".dvc/cache/files", project.root / ".dvc/cache/files")
    project.run("dvc", "checkout", "--quiet", "collect")
    return project


def calls(project: Project) -> int:
    """How many calls of the model were begun so far."""
    file = project.root / ".dvc/tmp/calls"
    return len(file.read_text().splitlines()) if file.exists() else 0


def finished(project: Project) -> int:
    """How many generations are in the journal."""
    journals = (project.root / ".dvc/tmp/provenance/journals").glob("*.jsonl")
    lines = [line for file in journals for line in file.read_bytes().splitlines(keepends=True)]
    contents = [content or b"" for content in whole_contents(lines)]
    return sum(fields_of_row(content) is not None or b'"key"' in content for content in contents)


def kill_generation(project: Project, calls_before: int, delay: float, *, alone: bool) -> None:
    """Run the stage and kill -9 its Python process ``alone``, or DVC and all below it, some time after a call."""
    process = subprocess.Popen(
        ["dvc", "repro", "generate"],
        cwd=project.root,
        env=project.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while calls(project) < calls_before:
        assert process.poll() is None, "the stage ended before it was killed"
        time.sleep(0.01)
    time.sleep(delay)
    if alone:
        below = psutil.Process(process.pid).children(recursive=True)
        for child in below:
            if child.cmdline()[1:2] == ["demo/generate.py"]:
                child.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() != 0


def without_times(project: Project) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    header = open_sidecar(project.root / f"{SYNTHETIC}.lineage.parquet").header.model_dump(mode="json")
    for activity in header["activities"]:
        assert activity.pop("started") <= activity.pop("ended")
    return project.records(SYNTHETIC), header


def test_no_finished_generation_is_repeated(demo: Project, collected: Project) -> None:
    lost = 0
    for calls_before, alone in ((0, False), (1, True), (ROWS // 2 + 1, False)):
        delay = random.uniform(0, 0.5)
        kill_generation(collected, calls_before, delay, alone=alone)
        unfinished = calls(collected) - finished(collected) - lost
        assert unfinished in (0, 1), f"killed {delay} s after call {calls_before}"
        lost += unfinished
        assert not (collected.root / SYNTHETIC).exists()
    collected.run("dvc", "repro", "generate")
    assert calls(collected) == ROWS + lost
    assert (collected.root / SYNTHETIC).read_bytes() == (demo.root / SYNTHETIC).read_bytes()
    assert without_times(collected) == without_times(demo)
    assert not list((collected.root / ".dvc/tmp/provenance/journals").glob("*.jsonl"))
    assert json.loads(collected.run("dvc", "status", "generate", "--json").stdout) == {}
