"""No tool: the least that a columnar file does, all rows held in memory until the end."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.peers.interface import Recording
from benchmarks.peers.workload import Level

_ID = pa.binary(32)


def prepare(folder: Path) -> Recording:
    return Recording(lambda levels: _record(folder / "lineage.parquet", levels), ["lineage.parquet"])


def _record(path: Path, levels: list[Level]) -> None:
    samples = list(chain.from_iterable(levels))
    parents = [[bytes.fromhex(parent) for parent in sample.parent_ids] for sample in samples]
    table = pa.table(
        {
            "id": pa.array([bytes.fromhex(sample.id) for sample in samples], _ID),
            "parents": pa.array(parents, pa.list_(_ID)),
            "model": [sample.model for sample in samples],
            "prompt": [sample.prompt for sample in samples],
            "level": [sample.level for sample in samples],
            "cost": [sample.cost for sample in samples],
        }
    )
    pq.write_table(table, path, compression="zstd")
