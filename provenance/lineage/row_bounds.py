"""Rows of a sample that was born in several ways: what a sidecar states of them, and what follows.

Each record has rows that were certainly born its way (``rows``) and rows that may have been (``possible_rows``, p); the
sample's first record has the number of rows that its records share in this way (``ambiguous_rows``, r). So the rows of
a sample are the sum of ``rows``, and r. For records G of a sample that have something in common, and all its other
records, the rows of G are

- at least: the sum of ``rows`` in G, and what of r is more than the p of the others,
- at most: the sum of ``rows`` in G, and what of r the p of G can be.

The form is the narrowest, and so the only one, that says what is known: p is never 0, never more than r, and r never
more than the p of all other records of the sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from provenance.plurals import counted

if TYPE_CHECKING:
    import duckdb

    from provenance.lineage.id_ranges import IdRange
    from provenance.lineage.sidecar import Sidecar

Array = npt.NDArray[np.int64]
Chosen = npt.NDArray[np.bool_]

# Of a record: what the sum over the records of a sample, or of a file, takes.
ROWS_SQL = "(rows + coalesce(ambiguous_rows, 0))"
# Of a record: whether rows of the dataset were, or may have been, born this way.
HAS_ROWS_SQL = "(rows > 0 OR possible_rows > 0)"
# The same, or it has the ambiguous rows of its sample's other births.
COUNTS_SQL = "(rows > 0 OR possible_rows > 0 OR ambiguous_rows > 0)"

# The rows of records by their marks, where these are known: of the view ``in_range``, a line for each mark of a record.
_UNITS_SQL = """(
    SELECT * EXCLUDE (m), m.mark AS mark, coalesce(m.possible_rows, 0)::BIGINT AS possible,
        coalesce(m.ambiguous_rows, 0)::BIGINT AS shared
    FROM (SELECT sample_id, unnest(marks) AS m FROM in_range))"""

# Of a record: whether any of the rest can be wrong of it.
_SAYS_MORE = " OR ".join(
    f"{name} IS NOT NULL" for name in ("possible_rows", "ambiguous_rows", "calls", "doubts", "marks")
)
# What must not be; and of what there are some, and a query that counts these in the view ``in_range``, which has the
# place of each record in its file, and all records of a sample or none.
_MISSTATED = {
    ("0 stands for possible or ambiguous rows, calls or doubts, or 1 for calls, where null belongs", "record"): """
        SELECT count(*) FROM in_range WHERE possible_rows = 0 OR ambiguous_rows = 0 OR calls < 2 OR doubts = 0""",
    ("ambiguous rows stand on another record than the first of their sample", "record"): """
        SELECT count(DISTINCT a.place) FROM (SELECT sample_id, place FROM in_range WHERE ambiguous_rows IS NOT NULL) a
        JOIN in_range r ON r.sample_id = a.sample_id AND r.place < a.place""",
    ("possible and ambiguous rows do not fit each other", "sample"): """
        SELECT count(*) FROM (SELECT coalesce(sum(ambiguous_rows), 0) AS shared,
                coalesce(sum(possible_rows), 0) AS possible, coalesce(max(possible_rows), 0) AS most
            FROM in_range WHERE possible_rows IS NOT NULL OR ambiguous_rows IS NOT NULL GROUP BY sample_id)
        WHERE most > shared OR shared > possible - most""",
    ("rows by marks do not add up to those of the record", "record"): """
        SELECT count(*) FROM in_range WHERE marks IS NOT NULL AND (rows, coalesce(possible_rows, 0)) IS DISTINCT FROM (
            coalesce(list_sum(list_transform(marks, lambda each: each.rows)), 0),
            coalesce(list_sum(list_transform(marks, lambda each: coalesce(each.possible_rows, 0))), 0))""",
    ("ambiguous rows by marks do not fit the possible ones, or do not add up to those of the sample", "sample"): f"""
        SELECT count(*) FROM (
            SELECT sample_id, bool_or(most > shared OR least <> shared OR shared > possible - most) AS unfit,
                sum(shared) AS every
            FROM (SELECT sample_id, mark, max(shared) AS shared, min(shared) AS least, sum(possible) AS possible,
                    max(possible) AS most
                FROM {_UNITS_SQL} GROUP BY ALL) GROUP BY 1)
        JOIN (SELECT sample_id, coalesce(sum(ambiguous_rows), 0) AS stated FROM in_range
            WHERE sample_id IN (SELECT sample_id FROM in_range WHERE marks IS NOT NULL) GROUP BY 1) USING (sample_id)
        WHERE unfit OR every <> stated""",
}


def misstated(connection: duckdb.DuckDBPyConnection, sidecar: Sidecar, ranges: Sequence[IdRange]) -> Counter[str]:
    """What does not keep the form in the records of ``sidecar``, and of how many things; `misstated_in_words` says it.

    It is asked of one of the ``ranges`` after the other, whose records are the view ``records`` too; and not at all
    where none of these has more than certain rows.
    """
    from provenance.lineage.database import count
    from provenance.lineage.record_rows import in_ranges

    found = Counter[str]()
    if count(connection, f"SELECT count(*) FROM (FROM records WHERE {_SAYS_MORE} LIMIT 1)"):
        for _ in in_ranges(connection, sidecar, ranges):
            found.update({said: count(connection, query) for (said, _), query in _MISSTATED.items()})
    return found


def misstated_in_words(found: Counter[str]) -> list[str]:
    return [f"{said} ({counted(found[said], thing)})" for said, thing in _MISSTATED if found[said]]


@dataclass(frozen=True)
class BirthRows:
    """The records of some samples, those of one sample together: sample n has ``starts[n]`` to ``starts[n + 1]``.

    ``rows`` and ``possible`` count by record, ``shared``, the ambiguous rows, by sample; int64.
    """

    starts: Array
    rows: Array
    possible: Array
    shared: Array

    @property
    def total(self) -> Array:
        """The rows of each sample."""
        return self._sum(self.rows) + self.shared

    @cached_property
    def are_single(self) -> bool:
        """Whether each sample has one record, as nearly all have: much is simple then."""
        return len(self.rows) == len(self.shared) and bool(np.all(self.starts[1:] - self.starts[:-1] == 1))

    def records_of(self, samples: Array) -> Array:
        """The places of the records of ``samples`` (places too), those of one sample after those of another."""
        if self.are_single:
            return samples
        sizes = self.sizes(samples)
        before = np.cumsum(sizes) - sizes
        records: Array = np.arange(int(sizes.sum())) + np.repeat(self.starts[samples] - before, sizes)
        return records

    def sizes(self, samples: Array) -> Array:
        """How many records each of ``samples`` has."""
        sizes: Array = self.starts[samples + 1] - self.starts[samples]
        return sizes

    def only(self, samples: Array) -> BirthRows:
        """The same of some samples."""
        records = self.records_of(samples)
        starts = np.append(0, np.cumsum(self.sizes(samples)))
        return BirthRows(starts, self.rows[records], self.possible[records], self.shared[samples])

    def bounds(self, chosen: Chosen) -> tuple[Array, Array]:
        """For each sample, how many rows have a birth that is ``chosen`` (by record): at least, and at most."""
        certain = self._sum(np.where(chosen, self.rows, 0))
        inside, outside = (self._sum(np.where(some, self.possible, 0)) for some in (chosen, ~chosen))
        return certain + np.maximum(0, self.shared - outside), certain + np.minimum(self.shared, inside)

    def without(self, gone: Chosen) -> BirthRows:
        """What is known after each row that may have a birth that is ``gone`` (by record) has been taken out.

        As many rows of a sample went as may be of such a birth, and those that stay are the others': of these, as many
        may have gone along as lie between the two bounds.
        """
        least, most = self.bounds(gone)
        left = self.total - most
        along, room = (np.repeat(each, np.diff(self.starts)) for each in (most - least, left))
        low = np.where(gone, 0, np.maximum(0, self.rows - along))
        high = np.where(gone, 0, np.minimum(room, self.rows + self.possible))
        return self._narrowest(left, low, high)

    def some(self, left: Array) -> BirthRows:
        """What is known of ``left`` of each sample's rows, which were picked without regard to their birth."""
        if self.are_single:
            return BirthRows(self.starts, left.copy(), np.zeros_like(left), np.zeros_like(left))
        along, room = (np.repeat(each, np.diff(self.starts)) for each in (self.total - left, left))
        low, high = np.maximum(0, self.rows - along), np.minimum(room, self.rows + self.possible)
        return self._narrowest(left, low, high)

    def _narrowest(self, total: Array, low: Array, high: Array) -> BirthRows:
        """``total`` rows by sample, of each record at least ``low`` and at most ``high``."""
        lows, highs, all_rows = (
            np.repeat(each, np.diff(self.starts)) for each in (self._sum(low), self._sum(high), total)
        )
        rows = np.maximum(low, all_rows - (highs - high))
        most = np.minimum(high, all_rows - (lows - low))
        return BirthRows(self.starts, rows, most - rows, total - self._sum(rows))

    def _sum(self, values: npt.NDArray[np.generic]) -> Array:
        # Not reduceat: it takes a sample without records for one with the next record.
        sums = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
        found: Array = sums[self.starts[1:]] - sums[self.starts[:-1]]
        return found


def starts_of(is_first: Chosen) -> Array:
    """`BirthRows.starts`, by whether each record is the first of its sample."""
    return np.append(np.flatnonzero(is_first), len(is_first)).astype(np.int64)


def rows_of_births(
    records: Sequence[Mapping[str, Any]], births: Sequence[Sequence[Mapping[str, Any]]]
) -> list[dict[str, int]]:
    """The rows of each of ``births``, some of the ``records`` of one sample in several sidecars, over all of these.

    As a record states them: certain ones, those that are possible beyond, and, at the first, all that are shared.
    """
    shared, possible = Counter[int](), Counter[int]()
    for record in records:
        shared[record["sidecar"]] += record["ambiguous_rows"] or 0
        possible[record["sidecar"]] += record["possible_rows"] or 0
    found = []
    for same in births:
        inside = Counter[int]()
        for record in same:
            inside[record["sidecar"]] += record["possible_rows"] or 0
        certain = sum(record["rows"] for record in same)
        least = sum(max(0, shared[place] - (possible[place] - own)) for place, own in inside.items())
        most = sum(min(shared[place], own) for place, own in inside.items())
        found.append({"rows": certain + least, "possible_rows": most - least, "ambiguous_rows": 0})
    found[0]["ambiguous_rows"] = shared.total()
    return found
