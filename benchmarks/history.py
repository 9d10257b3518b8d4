"""`provenance log` of a dataset and of a row over many commits: whole commands, with nothing noted and again."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.processes import Measured, measure, measure_task
from benchmarks.results import Result, Settings, Target

_COMMITS, _DATASETS, _SAMPLES = 200, 50, 200
# Datasets that a commit changes, the first of them each time.
_CHANGED = 10
_COLD_SECONDS, _WARM_SECONDS = 2.0, 0.3
_REPEATS = 5


def run(settings: Settings) -> Result:
    """Build the repository, then time `log` of a dataset and of a row, `git log` and a bare interpreter."""
    commits = settings.scaled(_COMMITS)
    folder = settings.folder / "repository"
    _build(folder, commits)
    command, row_command = (
        [sys.executable, "-m", "provenance", "log", what, "--json"] for what in (_path(0), _newest_sample(folder))
    )
    cold, row_cold = (
        min((_cold(each, folder) for _ in range(_REPEATS)), key=lambda measured: measured.wall)
        for each in (command, row_command)
    )
    row_warm = _fastest(row_command, folder)
    _cold(command, folder)
    warm = _fastest(command, folder)
    git = _fastest(["git", "log", "--format=%H", "--", f"{_path(0)}.dvc"], folder)
    python = _fastest([sys.executable, "-c", "pass"], folder)
    rows = [
        [name, f"{measured.wall:.2f}", f"{measured.cpu:.2f}", f"{measured.peak:.0f}"]
        for name, measured in (
            ("`provenance log`, nothing noted yet", cold),
            ("`provenance log`, again", warm),
            ("`provenance log` of a row, nothing noted yet", row_cold),
            ("`provenance log` of a row, again", row_warm),
            ("`git log` of the dataset's .dvc file (no composition)", git),
            ("a bare Python", python),
        )
    ]
    return Result(
        f"Log of one of {_DATASETS} datasets that all {commits} commits changed",
        ("whole command", "wall s", "CPU s", "peak MiB"),
        rows,
        (
            Target("log, nothing noted yet", cold.wall, _COLD_SECONDS, unit="s"),
            Target("log, again", warm.wall, _WARM_SECONDS, unit="s"),
        ),
        (
            f"Each commit changes {_CHANGED} datasets, with sidecars of {_SAMPLES} samples and more; half of them are "
            f"outs of stages, half have .dvc files. The fastest of {_REPEATS} runs each.",
        ),
    )


def _fastest(command: list[str], folder: Path) -> Measured:
    return min((measure(command, folder) for _ in range(_REPEATS)), key=lambda measured: measured.wall)


def _cold(command: list[str], folder: Path) -> Measured:
    shutil.rmtree(folder / ".dvc/tmp/provenance", ignore_errors=True)
    return measure(command, folder)


def _newest_sample(folder: Path) -> str:
    """The id of a sample in the newest version of the dataset."""
    query = f"SELECT sample_id FROM samples WHERE dataset = '{_path(0)}' AND rows > 0 ORDER BY 1 LIMIT 1"
    command = [sys.executable, "-m", "provenance", "query", query, "--csv"]
    answer = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return answer.stdout.split()[1].strip('"')


def _path(number: int) -> str:
    return f"data/{number:02}.jsonl"


def _is_stage(number: int) -> bool:
    return number % 2 == 1


def _build(folder: Path, commits: int) -> None:
    folder.mkdir()
    _git(folder, "init", "--quiet", "--initial-branch=main")
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], cwd=folder, check=True)
    sidecars = _sidecars(folder, commits)
    fed = b"".join(_commands(folder, commits, sidecars))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input=fed, check=True)
    _git(folder, "reset", "--quiet", "--hard", "main")
    _git(folder, "gc", "--quiet")


def _sidecars(folder: Path, commits: int) -> list[tuple[str, int]]:
    """A sidecar in DVC's cache for each commit, as its hash and size; the commit's datasets share it."""
    found = []
    made = folder.parent / "sidecars"
    made.mkdir()
    measure_task("write_small_sidecars", made, _SAMPLES, commits, folder=folder)
    for number in range(commits):
        file = made / f"{number}.parquet"
        content = file.read_bytes()
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        place = folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, place)
        found.append((md5, len(content)))
    return found


def _commands(folder: Path, commits: int, sidecars: list[tuple[str, int]]) -> Iterator[bytes]:
    """What `git fast-import` takes; data is only named, never there: a log does not read it."""
    kept = {name: (folder / name).read_bytes() for name in (".dvc/config", ".dvc/.gitignore", ".dvcignore")}
    newest = dict.fromkeys(range(_DATASETS), 0)
    for commit in range(commits):
        first = commit * (_CHANGED - 1)
        changed = [0, *(1 + (first + step) % (_DATASETS - 1) for step in range(_CHANGED - 1))]
        newest |= dict.fromkeys(range(_DATASETS) if commit == 0 else changed, commit)
        files = kept if commit == 0 else {}
        outs = {path: out for number in newest for path, out in _outs(number, newest[number], sidecars)}
        single = [n for n in newest if not _is_stage(n) and newest[n] == commit]
        dvc_files = {
            f"{path}.dvc": f"outs:\n- {outs[path]}  path: {path.rpartition('/')[2]}\n"
            for number in single
            for path in (_path(number), f"{_path(number)}.lineage.parquet")
        }
        texts = dvc_files | {"dvc.yaml": _pipeline(), "dvc.lock": _lock(outs)}
        message = f"commit {commit}"
        yield f"commit refs/heads/main\ncommitter B <b@example.org> {1_700_000_000 + commit * 3600} +0000\n".encode()
        yield f"data {len(message)}\n{message}\n".encode()
        for name, content in {**files, **{name: text.encode() for name, text in texts.items()}}.items():
            yield f"M 100644 inline {name}\ndata {len(content)}\n".encode() + content + b"\n"


def _outs(number: int, commit: int, sidecars: list[tuple[str, int]]) -> Iterator[tuple[str, str]]:
    """The dataset and its sidecar, each with what DVC records of it, as YAML after `- `."""
    data = hashlib.md5(f"{number} {commit}".encode(), usedforsecurity=False).hexdigest()
    for path, md5, size in ((_path(number), data, 1000), (f"{_path(number)}.lineage.parquet", *sidecars[commit])):
        yield path, f"md5: {md5}\n  size: {size}\n  hash: md5\n"


def _stages() -> Iterator[tuple[str, list[str]]]:
    for number in filter(_is_stage, range(_DATASETS)):
        yield f"make-{number}", [_path(number), f"{_path(number)}.lineage.parquet"]


def _pipeline() -> str:
    stages = "".join(
        f"  {name}:\n    cmd: make {name}\n    outs:\n" + "".join(f"    - {path}\n" for path in paths)
        for name, paths in _stages()
    )
    return f"stages:\n{stages}"


def _lock(outs: dict[str, str]) -> str:
    stages = "".join(
        f"  {name}:\n    cmd: make {name}\n    outs:\n"
        + "".join(
            f"    - path: {path}\n      {outs[path].replace(chr(10) + '  ', chr(10) + '      ')}" for path in paths
        )
        for name, paths in _stages()
    )
    return f"schema: '2.0'\nstages:\n{stages}"


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)
