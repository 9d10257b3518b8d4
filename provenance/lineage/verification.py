"""Does a sidecar still tell the truth about its dataset?

Three things are checked: the sidecar in itself (order, closure, counts), the dataset's rows against it, and the
dataset's bytes against the hash the sidecar was bound to.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import duckdb

from provenance.errors import DataError
from provenance.identity import Identity, Scan, scan
from provenance.lineage import sidecar_checks
from provenance.lineage.database import count, parquet_rows, scratch_database
from provenance.lineage.id_ranges import IdRange, ranges_for
from provenance.lineage.manifest import altered_parts
from provenance.lineage.record_rows import placed_records
from provenance.lineage.row_bounds import ROWS_SQL, misstated
from provenance.lineage.row_checks import rows_differ
from provenance.lineage.sidecar import Sidecar, open_sidecar
from provenance.lineage.tables import write_rows

# A file that was replaced as a whole differs in every row: the first ones and the number are what helps.
MOST_ROWS_NAMED = 20
# With this the problem begins that an ancestor has no record.
NOT_CLOSED = "it is not closed"


@dataclass(frozen=True)
class Problem:
    """One thing that does not hold. ``row`` counts from 1; None: the dataset or the sidecar as a whole.

    In a directory, ``path`` is that of the file, and ``row`` counts in it; None where each file is a sample.
    """

    path: str
    row: int | None
    problem: str


def verify(
    data: Path, sidecar: Path, identity: Identity, *, name: str, md5: str | None, workspace: Path
) -> list[Problem]:
    """Check the sidecar file against the dataset file; an empty list if all holds.

    Args:
        identity: the identity settings of the sidecar's header, with the dataset's column types.
        name: how problems call the dataset.
        md5: DVC's hash of ``data`` as it is now; None leaves the bytes unchecked.

    Raises:
        SidecarError: the sidecar cannot be read at all.
    """
    opened = open_sidecar(sidecar)
    folder = Path(mkdtemp(prefix="verify-", dir=workspace))
    try:
        with scratch_database(folder) as connection:
            connection.execute(f"CREATE VIEW records AS FROM {placed_records(opened)}")
            ranges = ranges_for(opened.records)
            texts = [f"its part {part} is not as its manifest states it" for part in altered_parts(sidecar)]
            texts += _of_sidecar(connection, opened, ranges)
            texts += sidecar_checks.contradictions(connection, opened.header, ranges)
            problems = [Problem(f"{name} (sidecar)", None, text) for text in texts]
            try:
                if identity.digest_size != opened.digest_size or rows_differ(
                    scan(data, identity), opened, folder / "samples"
                ):
                    problems += _of_rows(connection, scan(data, identity), name, folder / "rows.parquet")
            except DataError as error:
                return [*problems, Problem(error.renamed(data, name).path, error.row, error.problem)]
            expected = opened.header.dataset.md5
            if md5 is not None and expected is not None and md5 != expected:
                problems.append(
                    Problem(name, None, f"its md5 is {md5}, but the sidecar was made for a file of md5 {expected}")
                )
            return problems
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _of_sidecar(connection: duckdb.DuckDBPyConnection, sidecar: Sidecar, ranges: Sequence[IdRange]) -> list[str]:
    problems = []
    total = count(connection, f"SELECT coalesce(sum({ROWS_SQL}), 0) FROM records")
    if (problem := sidecar.miscounted(total)) is not None:
        problems.append(problem)
    dangling = count(
        connection,
        "SELECT count(*) FROM (SELECT DISTINCT unnest(parents) AS sample_id FROM records) ANTI JOIN records "
        "USING (sample_id)",
    )
    if dangling:
        problems.append(f"{NOT_CLOSED}: {dangling} parents have no record in it")
    problems += misstated(connection, ranges)
    for column, described in (
        ("activity", sidecar.header.activities),
        ("agent", sidecar.header.agents),
        ("source", sidecar.header.sources),
    ):
        if count(connection, f"SELECT count(*) FROM records WHERE {column} >= {len(described)}"):
            problems.append(
                f"records name {'a' if column == 'source' else 'an'} {column} that its header does not describe"
            )
    return problems


def _of_rows(connection: duckdb.DuckDBPyConnection, rows: Scan, name: str, scratch: Path) -> list[Problem]:
    """Which rows and samples differ. ``scratch`` is made for the ids of all rows."""
    write_rows(rows, scratch)
    connection.execute(f"CREATE VIEW rows AS SELECT * FROM {parquet_rows(scratch)}")
    connection.execute(
        f"CREATE TABLE stated AS SELECT sample_id, sum({ROWS_SQL})::BIGINT AS rows FROM records GROUP BY 1 "
        "HAVING sum(rows) > 0 OR count(ambiguous_rows) > 0"
    )
    strangers = "FROM rows WHERE sample_id NOT IN (SELECT sample_id FROM stated)"
    found = connection.execute(
        f"SELECT row, lower(hex(sample_id)) {strangers} ORDER BY row LIMIT {MOST_ROWS_NAMED}"
    ).fetchall()
    problems = []
    for number, sample in found:
        file, row = rows.place(number)
        path = name if file is None else f"{name}/{file}"
        problems.append(Problem(path, row, f"its sample {sample[:12]} has no record in the sidecar"))
    more = count(connection, f"SELECT count(*) {strangers}") - len(found)
    if more > 0:
        problems.append(Problem(name, None, f"{more} more rows have no record in the sidecar"))
    differing = connection.execute(
        "SELECT lower(hex(sample_id)), coalesce(d.rows, 0), r.rows FROM stated r "
        "LEFT JOIN (SELECT sample_id, count(*) AS rows FROM rows GROUP BY 1) d USING (sample_id) "
        f"WHERE coalesce(d.rows, 0) <> r.rows ORDER BY 1 LIMIT {MOST_ROWS_NAMED}"
    ).fetchall()
    problems += [
        Problem(name, None, f"sample {sample[:12]} is in {has} rows, but the sidecar has it in {stated}")
        for sample, has, stated in differing
    ]
    return problems
