"""`provenance add` (ids, sidecar, and all that `dvc add` does) against `dvc add` of the same file."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.processes import WITH_KERNEL, WITHOUT_KERNEL, Measured, measure, measure_task
from benchmarks.results import Result, Settings, Target
from benchmarks.workloads import text_rows, write_jsonl

_ROWS = 1_800_000  # about 1 GB
_KERNEL, _PURE = "`provenance add`, native kernel", "`provenance add`, without it"
PROVENANCE_ADD = ("-m", "provenance", "add", "--quiet", "data.jsonl", "--origin", "real", "--source", "benchmark")


def run(settings: Settings) -> Result:
    folder, count = settings.folder, settings.scaled(_ROWS)
    data = folder / "data.jsonl"
    write_jsonl(data, text_rows(count))
    size = data.stat().st_size / 1e9
    found = {
        "MD5 of the file": measure_task("md5_of_file", data, folder=folder),
        "sample ids": measure_task("sample_ids", data, folder=folder),
        "`dvc add`": _add(folder / "dvc", data, "-m", "dvc", "add", "--quiet", "data.jsonl"),
        _KERNEL: _add(folder / "provenance", data, *PROVENANCE_ADD),
        _PURE: _add(folder / "provenance", data, *PROVENANCE_ADD, more=WITHOUT_KERNEL),
    }
    if not measure_task("has_kernel", folder=folder).said["kernel"]:
        del found[_KERNEL]
    data.unlink()
    dvc = found["`dvc add`"]
    return Result(
        f"Adding {size:.2f} GB of JSONL, {count:,} rows",
        ("what", "wall s", "wall / `dvc add`", "CPU s", "peak MiB"),
        [
            [what, f"{one.wall:.1f}", f"{one.wall / dvc.wall:.2f}", f"{one.cpu:.1f}", f"{one.peak:.0f}"]
            for what, one in found.items()
        ],
        [
            Target(f"ids and sidecar / `dvc add` of the same file (wall), {words}", _beyond(found[way], dvc), bound)
            for way, words, bound in ((_KERNEL, "with the kernel", 0.4), (_PURE, "without it", 1.0))
            if way in found
        ],
        ["Ids and sidecar are what `provenance add` takes beyond `dvc add`, which it runs too."],
    )


def _beyond(whole: Measured, dvc: Measured) -> float:
    return (whole.wall - dvc.wall) / dvc.wall


def _add(folder: Path, data: Path, *arguments: str, more: Mapping[str, str] = WITH_KERNEL) -> Measured:
    make_repository(folder)
    shutil.copyfile(data, folder / "data.jsonl")
    measured = measure([sys.executable, *arguments], folder, more=more)
    shutil.rmtree(folder)
    return measured


def make_repository(folder: Path) -> None:
    """A new git and DVC repository in ``folder``."""
    folder.mkdir(exist_ok=True)
    for command in (["git", "init", "--quiet"], [sys.executable, "-m", "dvc", "init", "--quiet"]):
        subprocess.run(command, cwd=folder, check=True)
