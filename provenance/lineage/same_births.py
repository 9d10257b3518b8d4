"""Births of one sample that turn out to be the same once what follows from parents is known: these are one birth.

One row states what another leaves to its parents: both say the same then, and a sidecar has each birth once.
"""

from __future__ import annotations

from provenance.lineage.carried_rows import tightened_sql
from provenance.lineage.database import count
from provenance.lineage.schema import BIRTH_NAMES
from provenance.lineage.tables import Tables

_STATED = "NOT carried AND high > 0"
_FOUND = f"""
    CREATE TABLE same_births AS
    SELECT sample_id, min(number) AS first, list(number) AS numbers, sum(low) AS low, sum(high) AS high,
        nullif(greatest(sum(coalesce(calls, 1)) FILTER ({_STATED}), max(calls)), 1) AS calls,
        bool_or(held) AS held, bool_and(carried) AS carried, min(doubts) AS doubts
    FROM records WHERE sample_id IN (SELECT sample_id FROM records GROUP BY 1 HAVING count(*) > 1)
    GROUP BY sample_id, {", ".join(BIRTH_NAMES)} HAVING count(*) > 1"""
_ENTERED = """
    UPDATE records SET low = s.low, high = s.high, calls = s.calls, held = s.held, carried = s.carried,
        doubts = s.doubts FROM same_births s WHERE s.first = records.number"""
_OTHERS = """
    DELETE FROM records WHERE number IN (
        SELECT number FROM (SELECT unnest(numbers) AS number, first FROM same_births) WHERE number <> first)"""
_BOUNDED = """
    CREATE TABLE bounded_again AS SELECT number, sample_id, low, least(high, m.rows) AS high, m.rows
    FROM records JOIN members m USING (sample_id)
    WHERE high > 0 AND sample_id IN (SELECT sample_id FROM same_births)"""


def make_one(tables: Tables) -> None:
    """Put births that are the same together; their sample's rows divide among those that are left."""
    execute = tables.connection.execute
    execute(_FOUND)
    if not count(tables.connection, "SELECT count(*) FROM same_births"):
        return
    execute(_ENTERED)
    execute(_OTHERS)
    execute(_BOUNDED)
    execute(f"CREATE TABLE divided_again AS {tightened_sql('bounded_again', ['number'])}")
    execute("UPDATE records SET low = d.low, high = d.high FROM divided_again d WHERE d.number = records.number")
    execute("DELETE FROM divided WHERE sample_id IN (SELECT sample_id FROM same_births)")
    execute(
        "INSERT INTO divided SELECT sample_id, any_value(rows) - sum(low) FROM divided_again GROUP BY sample_id "
        "HAVING any_value(rows) > sum(low)"
    )


def forget_marks(tables: Tables) -> None:
    """Of these samples no marks are kept: they were counted by births that are one now."""
    tables.connection.execute("DELETE FROM kept_marks WHERE sample_id IN (SELECT sample_id FROM same_births)")
