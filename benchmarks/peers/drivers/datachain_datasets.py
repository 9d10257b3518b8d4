"""datachain: each level is a dataset with parents as a column of ours; its own lineage is between whole datasets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.peers.interface import Recording
from benchmarks.peers.workload import Level

_SCHEMA = {"id": str, "parents": list[str], "model": str, "prompt": str, "level": int, "cost": float}


def prepare(folder: Path) -> Recording:
    # Both are read when it is imported.
    os.environ |= {"DATACHAIN_ROOT_DIR": str(folder / "datachain"), "DATACHAIN_NO_ANALYTICS": "1"}
    import datachain  # type: ignore[import-not-found]

    def record(levels: list[Level]) -> None:
        for number, level in enumerate(levels):
            datachain.read_records(list(_records(level)), schema=_SCHEMA).save(f"level-{number}")

    return Recording(record, ["datachain/**/*"])


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
