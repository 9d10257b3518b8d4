"""Requests and bytes of questions about what is only on object storage: an S3 server on loopback counts them.

Each question is a command in a fresh clone, without anything pulled, and nothing may come to be there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.adding import make_repository
from benchmarks.object_storage import BUCKET, CREDENTIALS, ObjectStorage, Request, object_storage
from benchmarks.processes import BenchmarkError, measure, measure_task
from benchmarks.results import Result, Settings, Target
from benchmarks.workloads import text_rows, write_jsonl

_SAMPLES, _ROWS, _PARTS = 1_000_000, 100_000, 16
# A JVM starts for each question.
_LEAST_FOR_SPARK = 0.01
_GRAPH, _TEXTS = "data.jsonl", "texts.jsonl"
_SIDECAR = f"{_GRAPH}.lineage.parquet"
_ON_SPARK = ("--engine", "spark")
_QUERY = ("query", "SELECT origin, sum(rows) FROM samples GROUP BY 1")
_AUDIT = ("audit", _GRAPH)
_IMPACT = ("impact", "source:source-0")
_VERIFY = ("verify", _TEXTS)
_SHOW = ("show", f"{_TEXTS}:7", "--text")
# What is asked in one clone, one after the other.
_ASKED: Sequence[Sequence[Sequence[str]]] = (
    (_QUERY,),
    (("log", _GRAPH),),
    (_AUDIT, _AUDIT),
    (_IMPACT, _IMPACT),
    (_VERIFY,),
    (_SHOW, _SHOW),
)
_ASKED_OF_SPARK = ((*_AUDIT, *_ON_SPARK), (*_IMPACT, *_ON_SPARK), (*_VERIFY, *_ON_SPARK))


def run(settings: Settings) -> Result:
    made, samples, rows = settings.folder / "made", settings.scaled(_SAMPLES), settings.scaled(_ROWS)
    os.environ.update(CREDENTIALS)
    with object_storage(settings.folder) as server:
        _push(made, server, samples, rows)
        sidecar = sum(part.stat().st_size for part in (made / _SIDECAR).iterdir())
        asked = [*_ASKED]
        if settings.scale >= _LEAST_FOR_SPARK and shutil.which("java"):
            asked += [(question,) for question in _ASKED_OF_SPARK]
        lines, bytes_of = [], dict[Sequence[str], int]()
        for questions in asked:
            with _cloned(made, server) as clone:
                for number, question in enumerate(questions):
                    found = _ask(question, clone, server)
                    sent = sum(each.bytes for each in found)
                    bytes_of.setdefault(question, sent)
                    name = f"`{' '.join(question)}`{', again' if number else ''}"
                    lines.append([name, f"{len(found):,}", f"{sent / 1e6:,.1f}"])
    return Result(
        f"Questions about what is on object storage: {samples:,} samples in {_PARTS} parts, {rows:,} rows of text",
        ("command", "requests", "MB sent"),
        lines,
        [
            Target("bytes of `query` / bytes of the sidecar", bytes_of[_QUERY] / sidecar, 0.1),
            Target("bytes of `audit` / bytes of the sidecar", bytes_of[_AUDIT] / sidecar, 0.6),
        ],
        [
            f"The sidecar of the reference graph has {sidecar / 1e6:,.1f} MB, the rows of text "
            f"{(made / _TEXTS).stat().st_size / 1e6:,.1f} MB. No object was copied to the clones."
        ],
    )


def _push(folder: Path, server: ObjectStorage, samples: int, rows: int) -> None:
    """Make a repository with the reference graph in parts, and rows of text, and push it to the server."""
    make_repository(folder)
    for command in (("config", "user.email", "benchmark@localhost"), ("config", "user.name", "benchmark")):
        _run(folder, "git", *command)
    _dvc(folder, "remote", "add", "--default", "lake", f"s3://{BUCKET}/dvc")
    _dvc(folder, "remote", "modify", "lake", "endpointurl", server.url)
    # The graph is one of ids alone; its data is asked for nothing.
    (folder / _GRAPH).write_text("{}\n", encoding="utf-8")
    measure_task("write_parted_graph", folder / _SIDECAR, samples, _PARTS, folder=folder)
    _dvc(folder, "add", "--quiet", _GRAPH, _SIDECAR)
    write_jsonl(folder / _TEXTS, text_rows(rows))
    stated = ("--origin", "real", "--source", "web", "--parts", str(_PARTS))
    measure([sys.executable, "-m", "provenance", "add", _TEXTS, *stated], folder)
    _run(folder, "git", "add", "--all")
    _run(folder, "git", "commit", "--quiet", "--message=all")
    _dvc(folder, "push", "--quiet")


@contextmanager
def _cloned(made: Path, server: ObjectStorage) -> Iterator[Path]:
    """A clone into which nothing was pulled, until the block ends; nothing of the server's may be there then."""
    clone = made.parent / "clone"
    _run(made, "git", "clone", "--quiet", str(made), str(clone))
    yield clone
    objects = {each.path[-33:].replace("/", "") for each in server.requests() if each.method == "PUT"}
    for file in clone.rglob("*"):
        if file.is_file() and ".git" not in file.parts and _md5(file) in objects:
            raise BenchmarkError(f"{file.relative_to(clone)} was copied from the remote")
    shutil.rmtree(clone)


def _ask(question: Sequence[str], clone: Path, server: ObjectStorage) -> list[Request]:
    with server.noted() as requests:
        measure([sys.executable, "-m", "provenance", *question, "--quiet"], clone)
    return requests


def _md5(file: Path) -> str:
    return hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()


def _dvc(folder: Path, *arguments: str) -> None:
    _run(folder, sys.executable, "-m", "dvc", *arguments)


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode:
        raise BenchmarkError(f"{' '.join(command)}: {done.stderr.strip()}")
