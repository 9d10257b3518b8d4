"""Does a sidecar still tell the truth about its dataset?

Three things are checked: the sidecar in itself (order, closure, counts), the dataset's rows against it, and the
dataset's bytes against the hash the sidecar was bound to.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import duckdb

from provenance.errors import DataError
from provenance.identity import Identity, Scan, scan
from provenance.lineage.database import count, parquet_rows, scratch_database
from provenance.lineage.id_ranges import IdRange, ranges_for
from provenance.lineage.manifest import altered_parts
from provenance.lineage.problems import Problem, not_closed, of_altered, of_bytes, of_data, of_sidecar
from provenance.lineage.record_rows import dangling, enter_parents, in_other_parts, placed_records
from provenance.lineage.row_bounds import ROWS_SQL, misstated, misstated_in_words
from provenance.lineage.row_checks import differing_rows, rows_differ
from provenance.lineage.sidecar import IN_OTHER_PARTS, Sidecar, open_sidecar
from provenance.lineage.sidecar_checks import contradictions
from provenance.lineage.tables import write_rows

_DESCRIBED = ("activity", "agent", "source")


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
            texts = of_altered(altered_parts(sidecar))
            found = totals(connection, opened, ranges)
            enter_parents(connection)
            found.dangling = dangling(connection)
            found.in_other_parts = in_other_parts(connection, opened)
            texts += found.said(opened)
            texts += contradictions(connection, opened, ranges)
            problems = of_sidecar(texts, name)
            try:
                if identity.digest_size != opened.digest_size or rows_differ(
                    scan(data, identity), opened, folder / "samples"
                ):
                    problems += _of_rows(connection, scan(data, identity), name, folder / "rows.parquet")
            except DataError as error:
                return [*problems, of_data(error, data, name)]
            return problems + of_bytes(opened, name, md5)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Totals:
    """Of some records, or of all: their rows, parents without a record, what they misstate, and what they name that the
    header does not describe. They can be added up over ranges of ids."""

    rows: int = 0
    dangling: int = 0
    in_other_parts: bool = False
    misstated: Counter[str] = field(default_factory=Counter)
    undescribed: set[str] = field(default_factory=set)

    def add(self, more: Totals) -> None:
        self.rows += more.rows
        self.dangling += more.dangling
        self.in_other_parts |= more.in_other_parts
        self.misstated.update(more.misstated)
        self.undescribed |= more.undescribed

    def said(self, sidecar: Sidecar) -> list[str]:
        """What of it is a problem, in words."""
        problems = [problem for problem in [sidecar.miscounted(self.rows)] if problem is not None]
        if self.dangling:
            problems.append(not_closed(self.dangling))
        if self.in_other_parts:
            problems.append(IN_OTHER_PARTS)
        problems += misstated_in_words(self.misstated)
        return problems + [
            f"records name {'a' if column == 'source' else 'an'} {column} that its header does not describe"
            for column in _DESCRIBED
            if column in self.undescribed
        ]


def totals(connection: duckdb.DuckDBPyConnection, sidecar: Sidecar, ranges: Sequence[IdRange]) -> Totals:
    """Those of the records of ``ranges``, which are the view ``records`` too; but for what is asked of all together."""
    header = sidecar.header
    known = {"activity": header.activities, "agent": header.agents, "source": header.sources}
    return Totals(
        count(connection, f"SELECT coalesce(sum({ROWS_SQL}), 0) FROM records"),
        misstated=misstated(connection, sidecar, ranges),
        undescribed={
            column
            for column in _DESCRIBED
            if count(connection, f"SELECT count(*) FROM records WHERE {column} >= {len(known[column])}")
        },
    )


def _of_rows(connection: duckdb.DuckDBPyConnection, rows: Scan, name: str, scratch: Path) -> list[Problem]:
    """Which rows and samples differ. ``scratch`` is made for the ids of all rows."""
    write_rows(rows, scratch)
    connection.execute(f"CREATE VIEW rows AS SELECT * FROM {parquet_rows(scratch)}")
    return differing_rows(connection).said(name, rows.place)
