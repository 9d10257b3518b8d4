"""Ids and sidecar of a large JSONL file against `dvc add` of the same file, in one run, with peak memory.

    python benchmarks/throughput.py --gigabytes 1

Prints a Markdown table. Times of a shared machine are noisy: compare within one run only.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

WORDS = (
    "lineage",
    "sample",
    "model",
    "prompt",
    "real",
    "synthetic",
    "the",
    "of",
    "a",
    "parent",
    "café",
    "naïve",
    "日本語",
)
SCAN = (
    "import sys; from pathlib import Path; from provenance.identity import Identity, scan; "
    "print(sum(len(batch.sample_ids) for batch in scan(Path(sys.argv[1]), Identity())))"
)
MD5 = (
    "import hashlib, sys; digest = hashlib.md5(usedforsecurity=False); file = open(sys.argv[1], 'rb', 0); "
    "[digest.update(block) for block in iter(lambda: file.read(1 << 20), b'')]"
)


@dataclass(frozen=True)
class Measured:
    """One process: seconds on the clock, seconds of CPU, peak resident memory in MiB."""

    name: str
    wall: float
    cpu: float
    peak: float


def write_rows(path: Path, size: int) -> int:
    """Write about ``size`` bytes of rows (text of about 500 bytes and metadata) to ``path``; the number of rows."""
    pick = random.Random(7)
    sentences = [" ".join(pick.choices(WORDS, k=12)).capitalize() + "." for _ in range(20_000)]
    rows = written = 0
    with path.open("w", encoding="utf-8") as file:
        while written < size:
            text = " ".join(pick.choices(sentences, k=6)) + f" #{rows}"
            row = {"id": rows, "text": text, "score": round(pick.random(), 4), "source": f"web/{pick.randrange(300)}"}
            written += file.write(json.dumps(row, ensure_ascii=False) + "\n")
            rows += 1
    return rows


def run(name: str, command: list[str], folder: Path) -> Measured:
    """Run ``command`` in ``folder`` and measure it; its output is thrown away."""
    os.sync()
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status != 0:
        raise SystemExit(f"{name} failed: {' '.join(command)}")
    return Measured(name, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def repository(folder: Path, data: Path) -> Path:
    """A new DVC repository in ``folder`` that holds a copy of ``data``."""
    folder.mkdir()
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=folder, check=True)
    shutil.copyfile(data, folder / data.name)
    return folder


def measure(folder: Path, size: int) -> Iterator[Measured]:
    data = folder / "data.jsonl"
    rows = write_rows(data, size)
    print(f"{rows:,} rows, {data.stat().st_size / 1e9:.2f} GB\n", file=sys.stderr)
    python = sys.executable
    yield run("md5 of the file", [python, "-c", MD5, str(data)], folder)
    yield run("sample ids", [python, "-c", SCAN, str(data)], folder)
    yield run("`dvc add`", [python, "-m", "dvc", "add", "-q", data.name], repository(folder / "dvc", data))
    added = [python, "-m", "provenance", "add", "-q", data.name, "--origin", "real", "--source", "benchmark"]
    yield run("`provenance add` (ids, sidecar and `dvc add`)", added, repository(folder / "provenance", data))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=1.0, help="size of the file (default: 1)")
    parser.add_argument("--folder", help="where to work: on a disk with room for four times the size")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        results = list(measure(Path(folder), int(options.gigabytes * 1e9)))
    base = next(result for result in results if result.name == "`dvc add`")
    names = ("dvc", "pyarrow", "duckdb", "xxhash")
    print(
        f"Python {platform.python_version()}, {', '.join(f'{n} {version(n)}' for n in names)}; {os.cpu_count()} cores\n"
    )
    print("| | wall s | CPU s | wall / `dvc add` | peak MiB |\n|---|---|---|---|---|")
    for result in results:
        ratio = result.wall / base.wall
        print(f"| {result.name} | {result.wall:.1f} | {result.cpu:.1f} | {ratio:.2f} | {result.peak:.0f} |")
    print(f"\nids and sidecar on top of `dvc add`: {(results[-1].wall - base.wall) / base.wall:.2f} x `dvc add`")


if __name__ == "__main__":
    main()
