"""The rows of the datasets that a stage read, with their ids: each dataset is scanned once, whoever asks."""

from __future__ import annotations

from pathlib import Path

from provenance.identity import Scan, scan
from provenance.lineage.births import Dependency
from provenance.lineage.tables import Tables, write_rows


def scan_of(tables: Tables, dependency: Dependency) -> Scan:
    """What the scan of the dependency's data by its own identity says afterwards.

    Raises:
        DataError: a row cannot be read.
    """
    assert dependency.data is not None
    if tables.look is None or dependency.path in tables.scanned:
        return rows_of(tables, dependency)[0]
    return tables.look(dependency.data, dependency.identity)


def rows_of(tables: Tables, dependency: Dependency) -> tuple[Scan, Path]:
    """The scan of the dependency's data by its own identity, and the file of rows that came of it.

    Raises:
        DataError: a row cannot be read.
    """
    assert dependency.data is not None
    if dependency.path not in tables.scanned:
        rows, file = scan(dependency.data, dependency.identity), tables.folder / f"read-{len(tables.scanned)}.parquet"
        write_rows(rows, file)
        tables.scanned[dependency.path] = rows, file
    return tables.scanned[dependency.path]
