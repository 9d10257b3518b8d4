"""Which marks a sidecar keeps: those of samples with several births, where they say all that is known of the rows.

The next stage that reads the dataset tells these rows apart by them. Of a sample with one birth nothing is kept: its
rows are read again where they meet those of another birth.
"""

from __future__ import annotations

from provenance.lineage.births import RecordedBirths
from provenance.lineage.carrying import SAME_BIRTH_SQL
from provenance.lineage.database import count, parquet_rows
from provenance.lineage.explaining import born_sql
from provenance.lineage.marks import MOST_MARKS, Out, write_own_marks
from provenance.lineage.tables import Tables

# Of samples with other births, only those rows are known one by one.
_ALL_STATED = """
    CREATE TABLE all_stated AS SELECT sample_id FROM records WHERE high > 0 GROUP BY 1
    HAVING count(*) > 1 AND bool_and(NOT carried AND low = high)"""
_STATED_UNITS = """
    INSERT INTO units SELECT s.number, s.sample_id, m.mark, count(*), count(*), 0
    FROM stated_rows s JOIN {marks} m USING (row) GROUP BY s.number, s.sample_id, m.mark"""
_KEPT = f"""
    CREATE TABLE kept_marks AS
    WITH told AS (
        SELECT r.sample_id FROM records r
        LEFT JOIN (SELECT number, sum(low) AS low, sum(high) AS high FROM units GROUP BY 1) u USING (number)
        WHERE r.sample_id IN (SELECT sample_id FROM units) GROUP BY 1
        HAVING count(*) FILTER (r.high > 0) > 1
            AND bool_and(r.low = coalesce(u.low, 0) AND r.high = coalesce(u.high, 0))),
    fitting AS (
        SELECT sample_id FROM units SEMI JOIN told USING (sample_id) GROUP BY 1
        HAVING count(*) = count(mark) AND count(DISTINCT mark) <= {MOST_MARKS})
    SELECT number, sample_id, mark, low, high, rest FROM units SEMI JOIN fitting USING (sample_id) WHERE high > 0"""
_LISTED = """
    CREATE VIEW listed_marks AS
    SELECT number, list(struct_pack(mark := mark, rows := low::UINTEGER, possible_rows :=
            nullif(high - low, 0)::UINTEGER, ambiguous_rows := nullif(rest, 0)::UINTEGER) ORDER BY mark) AS marks
    FROM kept_marks GROUP BY number"""


def keep_marks(tables: Tables, out: Out | None, births: RecordedBirths | None) -> None:
    """Make ``kept_marks`` (as ``units``) of what is known of carried rows, and of those whose ``births`` are stated.

    The view ``listed_marks`` has them by the number of their record, as a sidecar does.
    """
    if births is not None and out is not None and out.may_have_marks:
        _add_stated(tables, out, births)
    tables.connection.execute(_KEPT)
    tables.connection.execute(_LISTED)


def _add_stated(tables: Tables, out: Out, births: RecordedBirths) -> None:
    execute = tables.connection.execute
    execute(_ALL_STATED)
    if not count(tables.connection, "SELECT count(*) FROM all_stated"):
        return
    execute(
        f"CREATE TABLE stated_rows AS SELECT k.row, r.number, r.sample_id FROM ({born_sql(tables, births)}) k "
        f"JOIN records r ON r.sample_id = k.sample_id AND NOT r.carried AND {SAME_BIRTH_SQL} "
        "WHERE r.sample_id IN (SELECT sample_id FROM all_stated)"
    )
    marks = write_own_marks(tables, out, "stated_rows", "stated")
    execute(_STATED_UNITS.format(marks=parquet_rows(marks)))
