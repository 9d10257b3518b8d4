"""Repositories with sidecars in parts."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
from support.project import Project

from provenance.lineage.sidecar import open_sidecar, record_batches, write_sidecar

PARTS = 8


def table(sidecar: Path) -> pa.Table:
    opened = open_sidecar(sidecar)
    columns = pa.parquet.read_schema(opened.files[0]).names
    batches = list(record_batches(opened, columns, 1000))
    return pa.Table.from_batches(batches).combine_chunks()


def shard(project: Project) -> None:
    """Turn every sidecar in the workspace into one of parts, and have DVC record it."""
    for path in sorted(project.root.glob("**/*.lineage.parquet")):
        if not {".dvc", ".git"} & set(path.parts) and path.is_file():
            single, before = open_sidecar(path), table(path)
            write_sidecar(path, single.header, before.to_batches(), single.digest_size, PARTS)
            assert table(path) == before
    project.run("dvc", "commit", "--force", "--quiet")
