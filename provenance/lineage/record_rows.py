"""The records of sidecars as DuckDB reads them: table expressions over the files that each has, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

import duckdb

from provenance.lineage.database import count, parquet_rows
from provenance.lineage.id_ranges import EVERY_ID, IdRange
from provenance.lineage.part_file import PartFile
from provenance.lineage.parts import number_of
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


def placed_records(sidecar: Sidecar, within: IdRange = EVERY_ID) -> str:
    """The same with the ``place`` of each record, from 0; of files that may have samples ``within`` the range."""
    found = records_of([sidecar], within)
    return f"(SELECT *, {found.place} AS place FROM {found.rows})"


def records_of(sidecars: Sequence[Sidecar], within: IdRange = EVERY_ID) -> RecordRows:
    """The records of all ``sidecars``, of which there is at least one.

    Of sidecars in parts, only those are read that may have samples ``within`` the range: what is asked of one range
    after the other must not open all files for each. One file is read in any case.
    """
    every = [
        (number, start, file.path)
        for number, sidecar in enumerate(sidecars)
        for file, start in zip(sidecar.part_files, accumulate(sidecar.counts[:-1], initial=0), strict=True)
        if sidecar.range_of(file).meets(within)
    ]
    files = every or [(0, 0, sidecars[0].files[0])]
    rows = parquet_rows(*(path for _, _, path in files))
    of_file, before = [number for number, _, _ in files], [start for _, start, _ in files]
    if of_file == [*range(len(files))] and not any(before):
        return RecordRows(rows, "file_index::BIGINT", "file_row_number::BIGINT")
    return RecordRows(
        rows,
        f"({of_file}::BIGINT[])[file_index::BIGINT + 1]",
        f"(({before}::BIGINT[])[file_index::BIGINT + 1] + file_row_number::BIGINT)",
    )


def in_ranges(connection: duckdb.DuckDBPyConnection, sidecar: Sidecar, ranges: Iterable[IdRange]) -> Iterator[IdRange]:
    """Each of ``ranges``, in turn, with the view ``in_range`` of those placed records whose samples are in it."""
    for each in ranges:
        rows = placed_records(sidecar, each)
        connection.execute(f"CREATE OR REPLACE TEMP VIEW in_range AS FROM {rows} WHERE {each.sql()}")
        yield each


def in_other_parts(
    connection: duckdb.DuckDBPyConnection, sidecar: Sidecar, some: Sequence[PartFile] | None = None
) -> bool:
    """Whether a part, of all or of ``some``, has ids that do not begin with its number."""
    if sidecar.layout is None:
        return False
    bits, files = sidecar.layout.bits, sidecar.part_files if some is None else some
    rows = parquet_rows(*(file.path for file in files))
    bounds = connection.execute(
        f"SELECT file_index::BIGINT, min(sample_id), max(sample_id) FROM {rows} GROUP BY 1"
    ).fetchall()
    return any(number_of(each, bits) != files[file].number for file, *ids in bounds for each in ids)


def enter_parents(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the view ``parents`` of each ``parent`` that any of the ``records`` names, once."""
    connection.execute("CREATE VIEW parents AS SELECT DISTINCT unnest(parents) AS parent FROM records")


def dangling(connection: duckdb.DuckDBPyConnection) -> int:
    """How many of the ``parents`` have no record among the ``records``."""
    return count(
        connection,
        "SELECT count(*) FROM (SELECT DISTINCT parent AS sample_id FROM parents) ANTI JOIN records USING (sample_id)",
    )
