"""Rows that were carried over unchanged: the births they may have had, and how many rows had each.

The rule is that of `carried_rows`; here it is given what the datasets that were read have. A sample that has one birth
there, as nearly all have, is counted without it.
"""

from __future__ import annotations

from collections.abc import Sequence

from provenance.lineage.births import Dependency
from provenance.lineage.carried_rows import carried_sql, repeated_sql
from provenance.lineage.database import count
from provenance.lineage.marks import Out, tell_apart
from provenance.lineage.row_bounds import HAS_ROWS_SQL
from provenance.lineage.rules import TELLS_OF_A_BIRTH_SQL
from provenance.lineage.schema import BIRTH_NAMES
from provenance.lineage.tables import RECORD_COLUMNS, Tables

# Where no dataset that was read has a row of the sample, it may have been born as an ancestor was.
_MAY_BE_BORN_SO = f"({HAS_ROWS_SQL} OR {TELLS_OF_A_BIRTH_SQL} AND sample_id NOT IN (SELECT sample_id FROM holding))"
# Of two records, ``r`` and ``k``, of one sample.
SAME_BIRTH_SQL = " AND ".join(f"r.{name} IS NOT DISTINCT FROM k.{name}" for name in BIRTH_NAMES)
_UNEXPLAINED = """
    SELECT coalesce(sum(greatest(0, l.rows - coalesce(s.rows, 0))), 0) FROM left_over l
    JOIN (SELECT sample_id FROM records WHERE carried GROUP BY 1 HAVING count(evidence) = 0) USING (sample_id)
    LEFT JOIN (SELECT sample_id, sum(high)::BIGINT AS rows FROM records WHERE {is_restated} AND NOT carried GROUP BY 1
        ) s ON s.sample_id = l.sample_id"""


_UNITS = """
    INSERT INTO units SELECT s.number, k.sample_id, k.mark, s.low, s.high,
        s.rows - sum(s.low) OVER (PARTITION BY s.sample_id)
    FROM shares s JOIN unit_keys k ON k.key = s.sample_id"""


def by_holders(tables: Tables, out: Out, dependencies: Sequence[Dependency]) -> int:
    """Enter the births of rows that are left over; the number of those that nobody explained, there either."""
    execute = tables.connection.execute
    execute(
        "CREATE TABLE holding AS SELECT place, sample_id, sum(rows::BIGINT + coalesce(ambiguous_rows, 0)) AS available "
        "FROM known SEMI JOIN left_over USING (sample_id) GROUP BY ALL HAVING available > 0"
    )
    execute(
        f"CREATE TABLE several AS SELECT sample_id FROM known SEMI JOIN left_over USING (sample_id) "
        f"WHERE {_MAY_BE_BORN_SO} GROUP BY 1 HAVING count(*) > 1"
    )
    execute(
        "INSERT INTO records BY NAME SELECT b.*, CASE WHEN s.sample_id IS NULL THEN l.rows ELSE 0 END AS low, "
        "low AS high, true AS carried, false AS pending "
        f"FROM ({known_births(tables, 'left_over', _MAY_BE_BORN_SO)}) b JOIN left_over l USING (sample_id) "
        "LEFT JOIN several s USING (sample_id)"
    )
    if count(tables.connection, "SELECT count(*) FROM several"):
        _divide(tables, out, dependencies)
    # What is stated of rows that an earlier sidecar knows is not accounted for yet.
    unexplained = count(tables.connection, _UNEXPLAINED.format(is_restated=tables.is_restated))
    tables.account_for("SELECT sample_id, rows FROM left_over SEMI JOIN (FROM records WHERE carried) USING (sample_id)")
    return unexplained


def known_births(tables: Tables, wanted: str, where: str) -> str:
    """SQL for the births that sidecars know of the samples in ``wanted``, once each, with ``held``; see `Tables`."""
    known = f"known SEMI JOIN {wanted} USING (sample_id)"
    return births_once_sql(known, where, is_one=len(tables.known) == 1)


def births_once_sql(known: str, where: str, *, is_one: bool, also: str = "") -> str:
    """SQL for the births in ``known``, records of sidecars, once each, with ``held``.

    ``is_one``: they are of one sidecar. ``also``: further columns, of which the least value is taken.
    """
    is_held = f"coalesce({HAS_ROWS_SQL}, false)"
    if is_one:
        listed, held, grouping = [*RECORD_COLUMNS, also], is_held, ""
    else:
        # The same birth may stand in several sidecars, one of which knows more of its ancestors.
        aggregates = {"real_rooted": "bool_or", "doubts": "min"}
        born = {"sample_id", *BIRTH_NAMES}
        listed = [
            name if name in born else f"{aggregates.get(name, 'max')}({name}) AS {name}" for name in RECORD_COLUMNS
        ]
        listed.append(f"min({also}) AS {also}" if also else "")
        held = f"bool_or({is_held})"
        grouping = f"GROUP BY sample_id, {', '.join(BIRTH_NAMES)}"
    columns = ", ".join([*filter(None, listed), f"{held} AS held"])
    return f"SELECT {columns} FROM {known} WHERE {where} {grouping}"


def _divide(tables: Tables, out: Out, dependencies: Sequence[Dependency]) -> None:
    """Count the rows of samples that may have been born in several ways, those apart that name where they were."""
    execute = tables.connection.execute
    execute(
        "CREATE TABLE named_places AS SELECT sample_id, list_position($paths, path) - 1 AS place, sum(rows) AS rows, "
        "bool_or(again) AS again FROM unchanged SEMI JOIN several USING (sample_id) WHERE list_contains($paths, path) "
        "GROUP BY 1, 2",
        {"paths": [known.path for known in tables.known]},
    )
    execute(
        f"CREATE TABLE held AS SELECT k.place, k.sample_id, k.rows, k.possible_rows, k.marks, r.number FROM known k "
        f"JOIN several s ON s.sample_id = k.sample_id JOIN records r ON r.sample_id = k.sample_id AND r.carried AND "
        f"{SAME_BIRTH_SQL}"
    )
    execute(
        "CREATE TABLE wanted AS SELECT sample_id, l.rows - coalesce(n.rows, 0) AS rows FROM left_over l LEFT JOIN "
        "(SELECT sample_id, sum(rows) AS rows FROM named_places GROUP BY 1) n USING (sample_id) "
        "WHERE l.rows > coalesce(n.rows, 0)"
    )
    tables.are_told_apart = tell_apart(tables, out, dependencies)
    ending = "_units" if tables.are_told_apart else ""
    execute(f"CREATE TABLE repeated AS {repeated_sql(f'holding{ending}', f'wanted{ending}')}")
    _add_shares(tables, f"held{ending}", f"holding{ending}", f"wanted{ending}")
    if tables.are_told_apart:
        execute(_UNITS)
    for (place,) in execute("SELECT DISTINCT place FROM named_places ORDER BY 1").fetchall():
        here = f"WHERE place = {int(place)}"
        execute(f"CREATE OR REPLACE TABLE wanted AS SELECT sample_id, rows FROM named_places {here}")
        execute(f"CREATE OR REPLACE TABLE held_here AS FROM held {here}")
        execute(f"CREATE OR REPLACE TABLE holding_here AS FROM holding {here}")
        execute(
            f"CREATE OR REPLACE TABLE repeated AS {repeated_sql('holding_here', 'wanted')} "
            f"UNION SELECT place FROM named_places {here} AND again"
        )
        _add_shares(tables, "held_here", "holding_here", "wanted")


def _add_shares(tables: Tables, held: str, holding: str, wanted: str) -> None:
    shares = carried_sql(held, holding, "repeated", wanted, ["number"])
    tables.connection.execute(f"CREATE OR REPLACE TABLE shares AS {shares}")
    tables.connection.execute(
        "UPDATE records SET low = records.low + s.low, high = records.high + s.high FROM (SELECT number, sum(low) AS "
        "low, sum(high) AS high FROM shares GROUP BY number) s WHERE s.number = records.number"
    )
