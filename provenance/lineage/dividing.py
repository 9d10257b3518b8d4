"""How the rows of a sample divide among its births, once all of these are known.

Most samples have one birth, which all of their rows had. Of the others, each bound is made as narrow as the others
allow. A declaration may state rows that an earlier sidecar already knows: of both statements the one that is believed
counts the row, but sidecars do not say which row was born in which way, so both may be in doubt.
"""

from __future__ import annotations

from provenance.lineage.carried_rows import tightened_sql
from provenance.lineage.database import count
from provenance.lineage.rules import ORDER_OF_BIRTHS, Ascending
from provenance.lineage.schema import BIRTH_NAMES
from provenance.lineage.tables import Tables
from provenance.lineage.words import Evidence

# Where an origin follows from parents that are not known yet it is taken to be a known one.
_KEY = ", ".join(
    f"({criterion.sql()})::INTEGER" for criterion in ORDER_OF_BIRTHS if not isinstance(criterion, Ascending)
)
# Later in one declaration than in another: the last word of the same people counts.
_PAIRS = f"""
    CREATE TABLE contested AS
    WITH keyed AS (SELECT number, sample_id, low, high, carried, evidence, [{_KEY}] AS key FROM records
        WHERE sample_id IN (SELECT sample_id FROM records WHERE NOT carried))
    SELECT s.number AS stated, s.high AS rows, e.number AS earlier, e.high AS earlier_high,
        e.evidence IS DISTINCT FROM '{Evidence.DECLARED}' AND e.key <= s.key AS earlier_believed
    FROM keyed s JOIN keyed e USING (sample_id) WHERE NOT s.carried AND e.carried"""

_SETTLE_STATED = """
    UPDATE records SET low = greatest(0, c.rows - c.above), high = least(c.rows, c.below) FROM (
        SELECT stated, any_value(rows)::BIGINT AS rows,
            coalesce(sum(earlier_high) FILTER (earlier_believed), 0)::BIGINT AS above,
            coalesce(sum(earlier_high) FILTER (NOT earlier_believed), 0)::BIGINT AS below
        FROM contested GROUP BY stated) c
    WHERE c.stated = records.number"""
_SETTLE_EARLIER = """
    UPDATE records SET low = greatest(0, low::BIGINT - c.rows) FROM (
        SELECT earlier, sum(rows)::BIGINT AS rows FROM contested WHERE NOT earlier_believed GROUP BY earlier) c
    WHERE c.earlier = records.number"""

_INHERITED = ("origin", "kind", "license")
# The same statement made again. What it left open has been worked out for the earlier one.
_SAME = " AND ".join(
    f"(s.{name} IS NULL OR s.{name} = e.{name})" if name in _INHERITED else f"s.{name} IS NOT DISTINCT FROM e.{name}"
    for name in BIRTH_NAMES
)


def settle_restated(tables: Tables) -> None:
    """Divide rows between what is stated now, and what an earlier sidecar of the same dataset says of them."""
    execute = tables.connection.execute
    execute(_PAIRS)
    execute(_SETTLE_STATED)
    execute(_SETTLE_EARLIER)
    execute(
        "CREATE TABLE same_again AS SELECT s.number AS stated, e.number AS earlier, e.low, e.high, e.calls FROM "
        "contested c JOIN records s ON s.number = c.stated JOIN records e ON e.number = c.earlier WHERE " + _SAME
    )
    execute(
        "UPDATE records SET low = records.low + a.low, high = records.high + a.high, calls = greatest(records.calls, "
        "a.calls) FROM same_again a WHERE a.stated = records.number"
    )
    execute("DELETE FROM records WHERE number IN (SELECT earlier FROM same_again)")


def divide(tables: Tables) -> None:
    """Give ``records`` their last ``low`` and ``high``, and make ``divided``: what is left ambiguous of each sample.

    A birth that no row can have goes, unless it is an ancestor's, or was observed and another is stated now.
    """
    execute = tables.connection.execute
    execute("CREATE TABLE divided(sample_id BLOB, ambiguous_rows UINTEGER)")
    several = "SELECT sample_id FROM records WHERE high > 0 GROUP BY 1 HAVING count(*) > 1"
    execute(
        "CREATE TABLE bounded AS SELECT r.number, r.sample_id, r.low, least(r.high, m.rows) AS high, m.rows "
        f"FROM records r JOIN members m USING (sample_id) WHERE sample_id IN ({several})"
    )
    if not count(tables.connection, "SELECT count(*) FROM bounded"):
        _remove_impossible(tables)
        return
    execute(f"CREATE TABLE narrowed AS {tightened_sql('bounded', ['number'])}")
    execute("UPDATE records SET low = 0, high = 0 WHERE number IN (SELECT number FROM bounded)")
    execute("UPDATE records SET low = n.low, high = n.high FROM narrowed n WHERE n.number = records.number")
    execute(
        "INSERT INTO divided SELECT sample_id, any_value(rows) - sum(low) AS ambiguous_rows FROM narrowed "
        "GROUP BY sample_id HAVING any_value(rows) > sum(low)"
    )
    _remove_impossible(tables)


def _remove_impossible(tables: Tables) -> None:
    stays = f"evidence = '{Evidence.OBSERVED}'" if tables.is_restated else "false"
    tables.connection.execute(
        f"DELETE FROM records WHERE carried AND high = 0 AND NOT coalesce({stays}, false) AND (number IN (SELECT "
        "number FROM bounded) OR sample_id IN (SELECT sample_id FROM units)) AND sample_id NOT IN (FROM "
        "named_parents)"
    )
