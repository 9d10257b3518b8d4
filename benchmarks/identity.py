"""Sample ids: CPU against MD5 of the same bytes, against loops that a user would write, and against a bare read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import Measured, measure_task
from benchmarks.results import Result, Settings, Target
from benchmarks.workloads import Rows, chat_rows, text_rows, write_jsonl

_ROWS = 1_000_000
_REPEATS = 2


@dataclass(frozen=True)
class _Content:
    """Rows whose content is ``column``; ``bound``: how often the CPU of their file's MD5 their ids may take."""

    name: str
    column: str
    rows: Rows
    bound: float


_CONTENT = (_Content("text", "text", text_rows, 4.0), _Content("chat", "messages", chat_rows, 6.0))


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
        "**sample ids**": "sample_ids",
    }
    found = {what: measure_task(task, file, folder=file.parent, repeats=_REPEATS) for what, task in tasks.items()}
    md5, naive, _, ids = found.values()
    rows = [_row(f"{content.name}, JSONL", what, one, md5, count) for what, one in found.items()]
    return rows, [
        Target(f"JSONL ids ({content.name}) / MD5 of the file", _cpu(ids) / _cpu(md5), content.bound),
        Target(f"naive `json` + MD5 ({content.name}) / JSONL ids", _cpu(naive) / _cpu(ids), 4.0, at_least=True),
    ]


def _of_parquet(file: Path, content: _Content, count: int) -> tuple[list[list[str]], list[Target]]:
    bare = measure_task("read_parquet", file, content.column, folder=file.parent, repeats=_REPEATS)
    ids = measure_task("sample_ids", file, folder=file.parent, repeats=_REPEATS)
    rows = [
        _row(f"{content.name}, Parquet", what, one, bare, count)
        for what, one in (("bare read", bare), ("**sample ids**", ids))
    ]
    return rows, [Target(f"Parquet ids ({content.name}) / bare read", _cpu(ids) / _cpu(bare), 2.5)]


def _row(kind: str, what: str, one: Measured, base: Measured, count: int) -> list[str]:
    cpu = _cpu(one)
    ratio, wall = cpu / _cpu(base), float(one.said["wall"])
    return [kind, what, f"{cpu:.2f}", f"{ratio:.2f}", f"{wall:.2f}", f"{count / cpu:,.0f}", f"{one.peak:.0f}"]


def _cpu(measured: Measured) -> float:
    """Of the work alone: start-up is the same however many rows there are."""
    return float(measured.said["cpu"])
