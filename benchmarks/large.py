"""`python -m benchmarks.large STEP…`: one dataset of many short rows, from its data to every question, on one machine.

Each step is a command of its own, in one folder (``--folder``) that the steps share, so that a long run can be taken up
again. What a step took is printed as a line of a table, and kept in ``figures.jsonl``. At 100 million rows the folder
takes some 20 GB, and all steps about two hours; `rows` in the folder's `size.json` is what the first step was given.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.adding import make_repository
from benchmarks.large_rows import shard_name
from benchmarks.processes import CHECKOUT, BenchmarkError

_SHARD_ROWS = 2_000_000
_PART_SAMPLES = 1_000_000
_PROVENANCE = (sys.executable, "-m", "provenance")
_DVC = (sys.executable, "-m", "dvc")
_BASE, _MIX = "data/base", "data/mix"
_SELECTOR = "source:crawl-7"
_STAGE = f"""stages:
  mix:
    cmd: {{python}} -m provenance run --parts {{parts}} -- {{python}} -m benchmarks.large_rows mix {_BASE} {_MIX}
    deps: [{_BASE}, {_BASE}.lineage.parquet]
    outs: [{_MIX}, {_MIX}.lineage.parquet]
"""
_POLLED = 0.2


@dataclass(frozen=True)
class Figures:
    """What a command and all processes that it started took together.

    ``own``: MiB of memory of their own at the worst moment; ``mapped``: MiB of pages of files that they had mapped at
    their worst, which the system takes back when it needs them; ``made``: bytes that the step left.
    """

    step: str
    rows: int
    wall: float
    cpu: float
    own: float
    mapped: float
    made: int
    load: float

    def line(self) -> str:
        spent = (f"{self.wall:,.1f}", f"{self.cpu:,.1f}", f"{self.own:,.0f}", f"{self.mapped:,.0f}")
        return f"| {self.step} | {self.rows:,} | {' | '.join(spent)} | {self.made / 1e6:,.0f} | {self.load:.1f} |"


@dataclass(frozen=True)
class _Large:
    folder: Path

    @property
    def rows(self) -> int:
        return int(json.loads((self.folder / "size.json").read_text())["rows"])

    def add(self) -> list[str]:
        parts = 1 << max(0, (self.rows // _PART_SAMPLES - 1).bit_length())
        stated = ("--origin", "real", "--source", "crawl-7", "--license", "CC-BY-4.0")
        return [*_PROVENANCE, "add", "-q", _BASE, *stated, "--parts", str(parts)]

    @property
    def asked(self) -> str:
        """The dataset that questions are about: the mix, if it was made."""
        return _MIX if (self.folder / _MIX).exists() else _BASE

    def sample(self) -> str:
        """The last row of the first shard; of the mix, it was made from others."""
        return f"{self.asked}/{shard_name(0)}:{self._rows_of(self.asked, 0)}"

    def _rows_of(self, dataset: str, shard: int) -> int:
        from pyarrow.parquet import read_metadata

        return int(read_metadata(self.folder / dataset / shard_name(shard)).num_rows)

    def commands(self) -> Mapping[str, Callable[[], list[str]]]:
        """The measured steps: what each runs."""

        def ask(*words: str) -> Callable[[], list[str]]:
            return lambda: [*_PROVENANCE, *words]

        count = "SELECT origin, count(*) AS samples, sum(rows) AS rows FROM samples GROUP BY 1"
        return {
            "add": self.add,
            "verify-base": ask("verify", _BASE),
            "repro": lambda: [*_DVC, "repro", "-q", "mix"],
            "show": lambda: [*_PROVENANCE, "show", self.sample()],
            "index": ask("index"),
            "trace": lambda: [*_PROVENANCE, "trace", self.sample()],
            "trace-again": lambda: [*_PROVENANCE, "trace", self.sample()],
            "impact": ask("impact", _SELECTOR),
            "impact-row": ask("impact", f"sample:{_BASE}/{shard_name(0)}:11"),
            "query": ask("query", count),
            "status": ask("status"),
            "audit": ask("audit", self.asked, "--policy", "baseline"),
            "verify": ask("verify", self.asked),
            "log": ask("log", self.asked),
            "pages": lambda: [sys.executable, "-m", "benchmarks.large_rows", "pages", self.asked, str(self.rows)],
            "add-more": self.add,
            "diff": ask("diff", "v1", "v2", _BASE),
            "diff-again": ask("diff", "v1", "v2", _BASE),
            "index-more": ask("index"),
        }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large")
    steps = [*_STEPS, *_Large(Path(".")).commands()]
    parser.add_argument("steps", nargs="+", metavar="STEP", choices=steps, help=", ".join(steps))
    parser.add_argument("--folder", type=Path, required=True, help="where to work, the same for all steps")
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the dataset, for the step `data`")
    options = parser.parse_args()
    large = _Large(options.folder.absolute())
    for step in options.steps:
        try:
            _STEPS[step](large, options.rows) if step in _STEPS else _measured(large, step)
        except BenchmarkError as error:
            sys.exit(f"error: {error}")


def _data(large: _Large, rows: int) -> None:
    try:
        large.folder.mkdir(parents=True)
    except FileExistsError:
        raise BenchmarkError(f"{large.folder}: is there already; give another folder, or leave out `data`") from None
    make_repository(large.folder)
    (large.folder / "size.json").write_text(json.dumps({"rows": rows}))
    _run(large, [*_DVC, "config", "cache.type", "hardlink,symlink"])
    _run(large, [sys.executable, "-m", "benchmarks.large_rows", "base", _BASE, str(rows), str(_SHARD_ROWS)])
    stage = _STAGE.format(python=sys.executable, parts=1 << max(0, (rows // _PART_SAMPLES - 1).bit_length()))
    (large.folder / "dvc.yaml").write_text(stage)


def _commit(large: _Large, rows: int) -> None:
    _run(large, ["git", "add", "--all"])
    _run(large, ["git", "commit", "-q", "-m", "first"])
    _run(large, ["git", "tag", "v1"])


def _more(large: _Large, rows: int) -> None:
    """One row in a hundred is new, in a shard of its own."""
    count = large.rows
    _run(large, [sys.executable, "-m", "benchmarks.large_rows", "more", _BASE, str(count), str(count // 100)])


def _commit_more(large: _Large, rows: int) -> None:
    _run(large, ["git", "commit", "-q", "-a", "-m", "second"])
    _run(large, ["git", "tag", "v2"])


_STEPS: Mapping[str, Callable[[_Large, int], None]] = {
    "data": _data,
    "commit": _commit,
    "more": _more,
    "commit-more": _commit_more,
}


def _run(large: _Large, command: Sequence[str]) -> None:
    subprocess.run(command, cwd=large.folder, check=True, env=_environment())


def _environment() -> dict[str, str]:
    author = {
        "GIT_AUTHOR_NAME": "b",
        "GIT_AUTHOR_EMAIL": "b@b",
        "GIT_COMMITTER_NAME": "b",
        "GIT_COMMITTER_EMAIL": "b@b",
    }
    return {**os.environ, **author, "DVC_NO_ANALYTICS": "1", "PYTHONPATH": str(CHECKOUT)}


def _measured(large: _Large, step: str) -> None:
    command = large.commands()[step]()
    before = _bytes_under(large.folder)
    os.sync()
    started = time.perf_counter()
    with (large.folder / f"{step}.out").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=large.folder, env=_environment(), stdout=output, stderr=subprocess.STDOUT
        )
        memory = _Memory(process.pid)
        with memory:
            _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    figures = Figures(
        step,
        large.rows,
        wall,
        usage.ru_utime + usage.ru_stime,
        memory.own,
        memory.mapped,
        _bytes_under(large.folder) - before,
        os.getloadavg()[0],
    )
    with (large.folder / "figures.jsonl").open("a") as kept:
        kept.write(json.dumps({**asdict(figures), "status": process.returncode}) + "\n")
    print(figures.line(), flush=True)
    if process.returncode not in (0, 1):
        said = (large.folder / f"{step}.out").read_text(errors="replace")[-2000:]
        raise BenchmarkError(f"{step}: exit code {process.returncode}: {said}")


class _Memory(threading.Thread):
    """Watches the memory of a process and all that it starts. Files under `/proc`: Linux only."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.own = self.mapped = 0.0
        self._pid, self._ended = pid, threading.Event()

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *exception: Any) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(_POLLED):
            found = [_memory_of(pid) for pid in _family(self._pid)]
            self.own = max(self.own, sum(own for own, _ in found))
            self.mapped = max(self.mapped, sum(mapped for _, mapped in found))


def _family(pid: int) -> list[int]:
    try:
        children = [
            int(child)
            for listed in Path(f"/proc/{pid}/task").glob("*/children")
            for child in listed.read_text().split()
        ]
    except OSError:
        return [pid]
    return [pid, *(each for child in children for each in _family(child))]


def _memory_of(pid: int) -> tuple[float, float]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    kib = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if "Rss" in name}
    return (kib.get("RssAnon", 0) + kib.get("RssShmem", 0)) / 1024, kib.get("RssFile", 0) / 1024


def _bytes_under(folder: Path) -> int:
    """Of all files, each once however often it is linked."""
    found: dict[int, int] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            stat = os.lstat(os.path.join(parent, name))
            found[stat.st_ino] = stat.st_blocks * 512
    return sum(found.values())


if __name__ == "__main__":
    main()
