"""Rows of one sample told apart by what they have besides the content: their marks.

Counts say how many rows of a sample came along, not which; the rows' other columns often do. Where a script leaves
these alone, the rule of `carried_rows` holds of rows of one sample and one mark (a *unit*) as it does of a sample, and
says more. Whether it left them alone nobody knows, but it shows:

- Each row of the out has a mark that a dataset which was read has of its sample. Else columns were added, dropped or
  rewritten, and samples are counted for this stage.
- That each row hits a mark of its sample is no coincidence: had marks been dealt out anew, it would happen in one of a
  million cases or fewer. Few rows, or rows of which each sample has every mark, do not show that.

Samples of which a dataset that was read knows several births but no marks are counted, whatever the others are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.errors import DataError
from provenance.identity import Identity, Scan
from provenance.identity.marks import marks_of
from provenance.lineage.births import Dependency
from provenance.lineage.database import count, parquet_rows, stream
from provenance.lineage.dependency_rows import rows_of
from provenance.lineage.tables import Tables
from provenance.lineage.words import MARK_BYTES

# A list of marks is in memory as a whole, and those of a row group are together.
MOST_MARKS = 512
# How likely it may be that marks which were dealt out anew seem to have been left alone.
CHANCE = 1e-6
_ROWS_AT_ONCE = 1 << 16
_MARKS_SCHEMA = pa.schema([("row", pa.int64()), ("mark", pa.binary(MARK_BYTES))])

# Where a dataset that was read has rows of a sample: how many births these may have, and whether it knows their marks.
_PLACES = """
    CREATE TABLE birth_places AS SELECT place, sample_id, count(*) AS births, count(marks) = count(*) AS has_marks,
        any_value(number) AS number
    FROM held WHERE rows > 0 OR possible_rows > 0 GROUP BY ALL"""
# Rows that were stated, or name where they were, are counted apart: which rows these are is not known here.
_TOLD = """
    CREATE TABLE told AS SELECT sample_id FROM several SEMI JOIN holding USING (sample_id)
    ANTI JOIN named_places USING (sample_id) ANTI JOIN accounted USING (sample_id)
    ANTI JOIN (SELECT sample_id FROM birth_places
        WHERE NOT has_marks AND (births > 1 OR NOT list_contains($readable::BIGINT[], place))) USING (sample_id)"""
_KNOWN_UNITS = """
    CREATE TABLE unit_held AS SELECT place, sample_id, m.mark::BLOB AS mark, m.rows::BIGINT AS rows,
        m.possible_rows::BIGINT AS possible_rows, m.ambiguous_rows::BIGINT AS ambiguous_rows, number
    FROM (SELECT place, sample_id, number, unnest(marks) AS m FROM held SEMI JOIN told USING (sample_id))"""
_READ_UNITS = """
    INSERT INTO unit_held SELECT {place}, r.sample_id, m.mark, count(*), NULL, NULL, any_value(b.number)
    FROM {marks} m JOIN {rows} r USING (row) JOIN birth_places b ON b.place = {place} AND b.sample_id = r.sample_id
    WHERE m.mark IS NOT NULL GROUP BY r.sample_id, m.mark"""
_AVAILABLE = """
    CREATE TABLE unit_holding AS SELECT place, sample_id, mark, sum(rows) + coalesce(max(ambiguous_rows), 0) AS
        available
    FROM unit_held GROUP BY ALL"""
_WANTED = """
    CREATE TABLE unit_wanted AS SELECT sample_id, mark, count(*) AS rows FROM rows JOIN {marks} USING (row)
    GROUP BY ALL"""
# Data that is no longer what its sidecar says, and samples of too many marks.
_NOT_TOLD = f"""
    DELETE FROM told WHERE sample_id IN (
        SELECT h.sample_id FROM holding h LEFT JOIN (
            SELECT place, sample_id, sum(available) AS available FROM unit_holding GROUP BY ALL) u
            ON u.place = h.place AND u.sample_id = h.sample_id
        WHERE u.available IS DISTINCT FROM h.available
        UNION ALL SELECT sample_id FROM unit_wanted GROUP BY 1 HAVING count(*) > {MOST_MARKS})"""
_STRANGERS = """
    SELECT count(*) FROM unit_wanted w SEMI JOIN told t ON t.sample_id = w.sample_id
    ANTI JOIN unit_holding h ON h.sample_id = w.sample_id AND h.mark = w.mark"""
_LOG_OF_CHANCE = """
    WITH every AS (SELECT sample_id, mark FROM unit_holding SEMI JOIN told USING (sample_id)),
    own AS (SELECT sample_id, count(DISTINCT mark) AS marks FROM every GROUP BY 1)
    SELECT coalesce(sum(ln(own.marks / (SELECT count(DISTINCT mark) FROM every)::DOUBLE)), 0)
    FROM unit_wanted JOIN own USING (sample_id)"""
# A unit goes by the sample's id with its mark behind it, so that the rule of `carried_rows` takes it for a sample.
_BY_UNITS = """
    CREATE TABLE unit_keys AS
        SELECT sample_id, mark, sample_id || mark AS key FROM unit_wanted SEMI JOIN told USING (sample_id);
    CREATE TABLE held_units AS
        SELECT u.place, k.key AS sample_id, u.rows, u.possible_rows, u.number
        FROM unit_held u JOIN unit_keys k USING (sample_id, mark)
        UNION ALL SELECT place, sample_id, rows, possible_rows, number FROM held ANTI JOIN told USING (sample_id);
    CREATE TABLE holding_units AS
        SELECT u.place, k.key AS sample_id, u.available FROM unit_holding u JOIN unit_keys k USING (sample_id, mark)
        UNION ALL SELECT place, sample_id, available FROM holding ANTI JOIN told USING (sample_id);
    CREATE TABLE wanted_units AS
        SELECT k.key AS sample_id, u.rows FROM unit_wanted u JOIN unit_keys k USING (sample_id, mark)
        UNION ALL SELECT sample_id, rows FROM wanted ANTI JOIN told USING (sample_id)"""


# Of the dataset itself: samples of which nothing is stated anew are as they were.
_AS_BEFORE = """
    INSERT INTO units SELECT number, sample_id, m.mark, m.rows, m.rows + coalesce(m.possible_rows, 0),
        coalesce(m.ambiguous_rows, 0)
    FROM (SELECT number, sample_id, unnest(marks) AS m FROM held
        WHERE sample_id NOT IN (SELECT sample_id FROM records WHERE NOT carried))"""


@dataclass(frozen=True)
class Out:
    """The dataset that is being completed: its file, and its rows, which were scanned."""

    data: Path
    identity: Identity
    rows: Scan

    @property
    def may_have_marks(self) -> bool:
        """Whether rows have anything besides their content."""
        return bool(self.rows.beside) and not self.rows.samples_are_files


def tell_apart(tables: Tables, out: Out, dependencies: Sequence[Dependency]) -> bool:
    """Whether carried rows can be told apart by their marks; then makes `held_units` and the like of `held`.

    Nothing is read unless a sample has several births.
    """
    execute = tables.connection.execute
    if tables.is_restated:
        execute(_AS_BEFORE)
    if tables.is_restated or not out.may_have_marks:
        return False
    at = _readable(tables, dependencies)
    execute(_PLACES)
    execute(_TOLD, {"readable": [*at]})
    if not count(tables.connection, "SELECT count(*) FROM told"):
        return False
    tables.require_rows("rows of samples with several births are told apart by their other columns")
    own = write_own_marks(tables, out, "rows SEMI JOIN told USING (sample_id)", "carried")
    execute(_WANTED.format(marks=parquet_rows(own)))
    execute(_KNOWN_UNITS)
    to_read = "SELECT DISTINCT place FROM birth_places SEMI JOIN told USING (sample_id) WHERE NOT has_marks ORDER BY 1"
    for (place,) in execute(to_read).fetchall():
        _read_units(tables, at[place], int(place))
    return take_units(tables.connection)


def take_units(connection: duckdb.DuckDBPyConnection) -> bool:
    """Make `held_units`, `holding_units` and `wanted_units` of what is known of units; False: columns were changed.

    Of the tables `held`, `holding` and `wanted` of `carried_rows`, what is ``told`` apart (sample_id) is replaced by
    ``unit_held`` (the same columns as `held`, and mark, ambiguous_rows) and ``unit_wanted`` (sample_id, mark, rows).
    """
    connection.execute(_AVAILABLE)
    connection.execute(_NOT_TOLD)
    if not _were_left_alone(connection):
        return False
    connection.execute(_BY_UNITS)
    return True


def _readable(tables: Tables, dependencies: Sequence[Dependency]) -> Mapping[int, Dependency]:
    """The datasets that were read of which the rows are at hand, by their places."""
    by_path = {dependency.path: dependency for dependency in reversed(dependencies)}
    found = {}
    for place, known in enumerate(tables.known):
        dependency = by_path.get(known.path)
        if dependency is not None and dependency.data is not None and dependency.data.exists():
            found[place] = dependency
    return found


def _read_units(tables: Tables, dependency: Dependency, place: int) -> None:
    """Enter the units of the dataset at ``place`` whose samples have one birth there."""
    assert dependency.data is not None
    try:
        rows, file = rows_of(tables, dependency)
        if rows.samples_are_files:
            return
        units = f"(SELECT sample_id FROM birth_places SEMI JOIN told USING (sample_id) WHERE place = {place} AND "
        units += "NOT has_marks)"
        wanted = f"{parquet_rows(file)} SEMI JOIN {units} USING (sample_id)"
        marks = _write_marks(tables, dependency.data, dependency.identity, rows, wanted, f"read-{place}")
    except DataError:
        return  # its samples have fewer rows in units than in its sidecar, and are counted
    tables.connection.execute(_READ_UNITS.format(place=place, marks=parquet_rows(marks), rows=parquet_rows(file)))


def write_own_marks(tables: Tables, out: Out, wanted: str, name: str) -> Path:
    """The file of the marks of the out's rows in ``wanted``, which follows FROM."""
    return _write_marks(tables, out.data, out.identity, out.rows, wanted, name)


def _write_marks(tables: Tables, data: Path, identity: Identity, rows: Scan, wanted: str, name: str) -> Path:
    file = tables.folder / f"marks-{name}.parquet"
    batches = stream(tables.connection, f"SELECT row FROM {wanted} ORDER BY row", _ROWS_AT_ONCE)
    numbers = (batch["row"].to_numpy().astype(np.int64) for batch in batches)
    with pq.ParquetWriter(file, _MARKS_SCHEMA, compression="lz4", use_dictionary=False) as writer:
        for found, marks in marks_of(data, identity, rows.selection, numbers):
            writer.write_batch(pa.record_batch([pa.array(found), marks], schema=_MARKS_SCHEMA))
    return file


def _were_left_alone(connection: duckdb.DuckDBPyConnection) -> bool:
    if count(connection, _STRANGERS):
        return False
    ((chance,),) = connection.execute(_LOG_OF_CHANCE).fetchall()
    return float(chance) <= log(CHANCE)
