"""The records of sidecars as DuckDB reads them: table expressions over the files that each has, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from provenance.lineage.database import parquet_rows
from provenance.lineage.sidecar import Sidecar


class RecordRows(NamedTuple):
    """Records of several sidecars: a table expression; its expressions for the ``sidecar``, by its place in the list
    from 0, and for the ``place`` of a record in its sidecar, from 0."""

    rows: str
    sidecar: str
    place: str


def record_rows(sidecar: Sidecar) -> str:
    """A table expression for the records of ``sidecar``."""
    return parquet_rows(*sidecar.files)


def placed_records(sidecar: Sidecar) -> str:
    """The same with the ``place`` of each record, from 0."""
    found = records_of([sidecar])
    return f"(SELECT *, {found.place} AS place FROM {found.rows})"


def records_of(sidecars: Sequence[Sidecar]) -> RecordRows:
    """The records of all ``sidecars``, of which there is at least one."""
    rows = parquet_rows(*(file for sidecar in sidecars for file in sidecar.files))
    if all(len(sidecar.files) == 1 for sidecar in sidecars):
        return RecordRows(rows, "file_index::BIGINT", "file_row_number::BIGINT")
    of_file = [number for number, sidecar in enumerate(sidecars) for _ in sidecar.files]
    before = [start for sidecar in sidecars for start in accumulate(sidecar.counts[:-1], initial=0)]
    return RecordRows(
        rows,
        f"({of_file}::BIGINT[])[file_index::BIGINT + 1]",
        f"(({before}::BIGINT[])[file_index::BIGINT + 1] + file_row_number::BIGINT)",
    )
