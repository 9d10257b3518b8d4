"""Do a dataset's rows number what its sidecar says, sample by sample? Compared range by range of their ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import nsmallest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from provenance.identity import SampleBatch
from provenance.jobs import allowed, at_once
from provenance.lineage.id_ranges import RECORDS_AT_ONCE, IdRange, bits_for, ranges
from provenance.lineage.problems import Problem
from provenance.lineage.row_bounds import ROWS_SQL
from provenance.lineage.samples_in_range import samples_of, whole_ids
from provenance.lineage.sidecar import Sidecar
from provenance.lineage.sorted_records import SortedRecords
from provenance.lineage.sorting import SortedSamples
from provenance.lineage.words import COUNTED_NAMES

if TYPE_CHECKING:
    import duckdb

# A file that was replaced as a whole differs in every row: the first ones and the number are what helps.
MOST_ROWS_NAMED = 20
# The rows and samples of each dataset are in the view ``rows``; the samples that the view ``records`` has rows of.
_STATED = f"""
    CREATE TABLE stated AS SELECT sample_id, sum({ROWS_SQL})::BIGINT AS rows FROM records GROUP BY 1
    HAVING sum(rows) > 0 OR count(ambiguous_rows) > 0"""
_STRANGERS = "FROM rows WHERE sample_id NOT IN (SELECT sample_id FROM stated)"
_DIFFERING = f"""
    SELECT lower(hex(sample_id)), coalesce(d.rows, 0), r.rows FROM stated r
    LEFT JOIN (SELECT sample_id, count(*) AS rows FROM rows GROUP BY 1) d USING (sample_id)
    WHERE coalesce(d.rows, 0) <> r.rows ORDER BY 1 LIMIT {MOST_ROWS_NAMED}"""

# Where a row is: in a directory, its file; the row in the file, None where the file is a sample.
Place = Callable[[int], tuple[str | None, int | None]]


@dataclass(frozen=True)
class DifferingRows:
    """Rows without a record, the first of them by their numbers; and samples in another number of rows than stated.

    Those of all rows and records, or of ranges of ids: these can be put together. ``strangers``: row and sample;
    ``differing``: sample, rows in the data, rows in the sidecar.
    """

    strangers: tuple[tuple[int, str], ...] = ()
    number: int = 0
    differing: tuple[tuple[str, int, int], ...] = ()

    def with_those(self, more: DifferingRows) -> DifferingRows:
        return DifferingRows(
            tuple(nsmallest(MOST_ROWS_NAMED, (*self.strangers, *more.strangers))),
            self.number + more.number,
            tuple(nsmallest(MOST_ROWS_NAMED, (*self.differing, *more.differing))),
        )

    def said(self, name: str, place: Place) -> list[Problem]:
        """In words, of the dataset that is called ``name``."""
        problems = []
        for number, sample in self.strangers:
            file, row = place(number)
            path = name if file is None else f"{name}/{file}"
            problems.append(Problem(path, row, f"its sample {sample[:12]} has no record in the sidecar"))
        more = self.number - len(self.strangers)
        if more > 0:
            problems.append(Problem(name, None, f"{more} more rows have no record in the sidecar"))
        return problems + [
            Problem(name, None, f"sample {sample[:12]} is in {has} rows, but the sidecar has it in {stated}")
            for sample, has, stated in self.differing
        ]


def differing_rows(connection: duckdb.DuckDBPyConnection) -> DifferingRows:
    """Which of the ``rows`` and ``records``, two views, differ; makes the table ``stated``."""
    from provenance.lineage.database import count

    connection.execute(_STATED)
    strangers = connection.execute(
        f"SELECT row, lower(hex(sample_id)) {_STRANGERS} ORDER BY row LIMIT {MOST_ROWS_NAMED}"
    ).fetchall()
    number = count(connection, f"SELECT count(*) {_STRANGERS}")
    differing = connection.execute(_DIFFERING).fetchall()
    return DifferingRows(tuple(map(tuple, strangers)), number, tuple(map(tuple, differing)))


def rows_differ(
    rows: Iterable[SampleBatch],
    sidecar: Sidecar,
    file: Path,
    jobs: int | None = None,
    records_at_once: int = RECORDS_AT_ONCE,
) -> bool:
    """Whether any sample is in another number of ``rows`` than ``sidecar`` states.

    The ids of both are of one length. ``file`` is made for what does not stay in memory. ``jobs`` threads (None: as
    many as are allowed) work on ranges of their own, all of them on about ``records_at_once``.

    Raises:
        DataError: a row cannot be read.
        SidecarError: the records cannot be read, or are not in the order of their ids.
    """
    jobs = jobs or allowed()
    samples, records = SortedSamples(file, sidecar.digest_size), SortedRecords(sidecar)
    samples.take(rows)

    def differ(each: IdRange) -> bool:
        return samples_differ(samples.within(each), records, each)

    bits = bits_for(samples.rows + sidecar.records, records_at_once // jobs)
    # All of them, so that records out of order are noticed wherever they are.
    return any([*at_once(differ, ranges(bits), jobs)])


def samples_differ(there: Any, records: SortedRecords, each: IdRange) -> bool:
    """Whether the samples that are ``there`` (ids and rows, in the order of the ids) are not what ``records`` state."""
    stated = samples_of(records.read(each, COUNTED_NAMES))
    have_rows = stated.rows > 0
    same_ids = np.array_equal(whole_ids(stated.ids[have_rows]), there["sample_id"])
    return not (same_ids and np.array_equal(stated.rows[have_rows], there["rows"]))
