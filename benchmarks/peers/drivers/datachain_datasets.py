"""datachain: each level is a dataset with parents as a column of ours; its own lineage is between whole datasets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.peers.interface import Asking, Recording
from benchmarks.peers.workload import LEVELS, Level, Sample

_SCHEMA = {"id": str, "parents": list[str], "model": str, "prompt": str, "level": int, "cost": float}


def prepare(folder: Path) -> Recording:
    datachain = _open(folder)

    def record(levels: list[Level]) -> None:
        for number, level in enumerate(levels):
            datachain.read_records(list(_records(level)), schema=_SCHEMA).save(f"level-{number}")

    return Recording(record, ["datachain/**/*"])


def open_asking(folder: Path) -> Asking:
    datachain = _open(folder)

    def ancestors(sample: Sample, _: int) -> int:
        found: set[str] = set()
        frontier = {sample.id}
        for number in range(sample.level, 0, -1):
            chosen = datachain.read_dataset(f"level-{number}").filter(datachain.C("id").in_(list(frontier)))
            frontier = {parent for (parents,) in chosen.to_list("parents") for parent in parents}
            found |= frontier
        return len(found)

    def descendants(sample: Sample, _: int) -> int:
        found: set[str] = set()
        frontier = {sample.id}
        for number in range(sample.level + 1, LEVELS):
            rows = datachain.read_dataset(f"level-{number}").to_list("id", "parents")
            frontier = {name for name, parents in rows if not frontier.isdisjoint(parents)}
            found |= frontier
        return len(found)

    return Asking(ancestors, descendants)


def _open(folder: Path) -> Any:
    # Both are read when it is imported.
    os.environ |= {"DATACHAIN_ROOT_DIR": str(folder / "datachain"), "DATACHAIN_NO_ANALYTICS": "1"}
    import datachain  # type: ignore[import-not-found]

    return datachain


def _records(level: Level) -> Iterator[dict[str, Any]]:
    for sample in level:
        yield {
            "id": sample.id,
            "parents": list(sample.parent_ids),
            "model": sample.model,
            "prompt": sample.prompt,
            "level": sample.level,
            "cost": sample.cost,
        }
