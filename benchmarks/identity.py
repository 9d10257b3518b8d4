"""Sample ids: CPU against MD5 of the same bytes, against loops that a user would write, and against a bare read.

With the native kernel, where it is built, and without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import WITH_KERNEL, WITHOUT_KERNEL, Measured, measure_task
from benchmarks.results import Result, Settings, Target
from benchmarks.workloads import Rows, chat_rows, text_rows, write_jsonl

_ROWS = 1_000_000
_REPEATS = 2
_KERNEL, _PURE = "**sample ids**, native kernel", "**sample ids**, without it"


@dataclass(frozen=True)
class _Content:
    """Rows whose content is ``column``.

    How often the CPU of their file's MD5 (``jsonl``), or of a bare read (``parquet``), ids may take: with the kernel,
    and without.
    """

    name: str
    column: str
    rows: Rows
    jsonl: tuple[float, float]
    parquet: tuple[float, float]


_CONTENT = (
    _Content("text", "text", text_rows, (1.3, 2.5), (1.8, 2.8)),
    _Content("chat", "messages", chat_rows, (1.6, 3.5), (2.2, 3.8)),
)
# Ids by the kernel take at most this much of what orjson and xxhash take, row by row.
_MOST_OF_ORJSON = 0.5


def run(settings: Settings) -> Result:
    count = settings.scaled(_ROWS)
    rows: list[list[str]] = []
    targets: list[Target] = []
    jsonl, parquet = settings.folder / "rows.jsonl", settings.folder / "rows.parquet"
    for content in _CONTENT:
        write_jsonl(jsonl, content.rows(count))
        measure_task("convert_to_parquet", parquet, jsonl, folder=settings.folder)
        for found, ratios in (_of_jsonl(jsonl, content, count), _of_parquet(parquet, content, count)):
            rows += found
            targets += ratios
    return Result(
        f"Sample ids, {count:,} rows of each kind",
        ("rows", "what", "CPU s", "CPU / base", "wall s", "rows / CPU s", "peak MiB"),
        rows,
        targets,
        [
            f"Start-up is not counted. Of {_REPEATS} runs, the one that took least CPU. Base: MD5 of the file for "
            "JSONL, a bare read of the content column for Parquet."
        ],
    )


def _of_jsonl(file: Path, content: _Content, count: int) -> tuple[list[list[str]], list[Target]]:
    tasks = {
        "MD5 of the file": "md5_of_file",
        "`json` + MD5, row by row": "naive_ids",
        "orjson + xxhash, row by row": "orjson_ids",
    }
    found = {what: measure_task(task, file, folder=file.parent, repeats=_REPEATS) for what, task in tasks.items()}
    md5, naive, orjson = found.values()
    ids = _ids(file)
    rows = [_row(f"{content.name}, JSONL", what, one, md5, count) for what, one in (found | ids).items()]
    what = f"JSONL ids ({content.name})"
    targets = list(_targets(f"{what} / MD5 of the file", ids, md5, content.jsonl))
    faster = _cpu(naive) / _cpu(ids[_PURE])
    targets.append(Target(f"naive `json` + MD5 ({content.name}) / JSONL ids", faster, 3.0, at_least=True))
    if _KERNEL in ids:
        ratio = _cpu(ids[_KERNEL]) / _cpu(orjson)
        targets.append(Target(f"{what} / orjson and xxhash, with the kernel", ratio, _MOST_OF_ORJSON))
    return rows, targets


def _of_parquet(file: Path, content: _Content, count: int) -> tuple[list[list[str]], list[Target]]:
    bare = measure_task("read_parquet", file, content.column, folder=file.parent, repeats=_REPEATS)
    ids = _ids(file)
    rows = [
        _row(f"{content.name}, Parquet", what, one, bare, count) for what, one in ({"bare read": bare} | ids).items()
    ]
    return rows, list(_targets(f"Parquet ids ({content.name}) / bare read", ids, bare, content.parquet))


def _ids(file: Path) -> dict[str, Measured]:
    """Sample ids of the file, in both ways where there are both."""
    ways = {_KERNEL: WITH_KERNEL, _PURE: WITHOUT_KERNEL}
    if not measure_task("has_kernel", folder=file.parent).said["kernel"]:
        del ways[_KERNEL]
    return {
        what: measure_task("sample_ids", file, folder=file.parent, repeats=_REPEATS, more=more)
        for what, more in ways.items()
    }


def _targets(what: str, ids: dict[str, Measured], base: Measured, bounds: tuple[float, float]) -> Iterator[Target]:
    for way, bound, words in zip((_KERNEL, _PURE), bounds, ("with the kernel", "without it"), strict=True):
        if way in ids:
            yield Target(f"{what}, {words}", _cpu(ids[way]) / _cpu(base), bound)


def _row(kind: str, what: str, one: Measured, base: Measured, count: int) -> list[str]:
    cpu = _cpu(one)
    ratio, wall = cpu / _cpu(base), float(one.said["wall"])
    return [kind, what, f"{cpu:.2f}", f"{ratio:.2f}", f"{wall:.2f}", f"{count / cpu:,.0f}", f"{one.peak:.0f}"]


def _cpu(measured: Measured) -> float:
    """Of the work alone: start-up is the same however many rows there are."""
    return float(measured.said["cpu"])
