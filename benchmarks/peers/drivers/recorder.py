"""`provenance.record`: a recorder per level, as five stages would have; data and closed sidecars on disk."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

# What is imported when it is first needed: the other tools' imports are not timed either.
import dvc.repo
import git  # noqa: F401
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet

import provenance
import provenance.capture.recording.record
from benchmarks.adding import make_repository
from benchmarks.peers.interface import Asking, Recording
from benchmarks.peers.workload import LEVELS, TEMPLATE, Level, Sample
from provenance.capture.secret_shapes import without_shapes

# Where pandas is installed, Arrow imports it with the first array.
pa.array([1])

# Until the process ends.
_OPEN = ExitStack()
FILES = ("*.lineage.parquet",)


def prepare(folder: Path) -> Recording:
    make_repository(folder)
    # These import more when they are first used.
    with dvc.repo.Repo(str(folder)) as repo:
        assert repo.scm.root_dir
    without_shapes("a-run-of-characters-to-look-for-secrets-in")
    return Recording(_record, FILES)


def before_asking(folder: Path) -> None:
    """Track what was recorded, as its users do before they commit it."""
    levels = [folder / f"level-{number}.jsonl" for number in range(LEVELS)]
    files = [str(file) for level in levels for file in (level, f"{level}.lineage.parquet")]
    subprocess.run([sys.executable, "-m", "dvc", "add", "--quiet", *files], cwd=folder, check=True)


def open_asking(folder: Path) -> Asking:
    ledger = _OPEN.enter_context(provenance.Ledger.open(folder))

    def place(sample: Sample, number: int) -> str:
        return f"level-{sample.level}.jsonl:{number + 1}"

    return Asking(
        lambda sample, number: len(ledger.ancestors(place(sample, number))),
        lambda sample, number: len(ledger.descendants(place(sample, number))),
    )


def _record(levels: list[Level]) -> None:
    with provenance.record("level-0.jsonl", source=provenance.Source(name="real")) as recorder:
        for sample in levels[0]:
            recorder.write({"text": sample.text})
    for number, level in enumerate(levels[1:], start=1):
        model, prompt = provenance.Model(name=level[0].model), provenance.Prompt(name="rewrite", template=TEMPLATE)
        with provenance.record(f"level-{number}.jsonl", model=model, prompt=prompt, kind="rewrite") as recorder:
            for sample in level:
                recorder.write(
                    {"text": sample.text},
                    parents=[f"level-{number - 1}.jsonl:{place + 1}" for place in sample.parents],
                    prompt_variables=sample.prompt_variables,
                    cost=sample.cost,
                )
