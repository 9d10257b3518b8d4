"""Rows that were carried over unchanged: the births they may have had, and how many rows had each.

The rule is that of `carried_rows`; here it is given what the datasets that were read have. A sample that has one birth
there, as nearly all have, is counted without it.
"""

from __future__ import annotations

from collections.abc import Sequence

from provenance.lineage.births import Dependency
from provenance.lineage.carried_rows import carried_sql, repeated_sql
from provenance.lineage.marks import Out, tell_apart
from provenance.lineage.row_bounds import HAS_ROWS_SQL
from provenance.lineage.schema import BIRTH_NAMES
from provenance.lineage.tables import RECORD_COLUMNS, Tables

# Of two records, ``r`` and ``k``, of one sample.
SAME_BIRTH_SQL = " AND ".join(f"r.{name} IS NOT DISTINCT FROM k.{name}" for name in BIRTH_NAMES)
_UNITS = """
    INSERT INTO units SELECT s.number, k.sample_id, k.mark, s.low, s.high,
        s.rows - sum(s.low) OVER (PARTITION BY s.sample_id)
    FROM shares s JOIN unit_keys k ON k.key = s.sample_id"""


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


def share_carried(tables: Tables, out: Out, dependencies: Sequence[Dependency]) -> None:
    """Count the rows of ``several``, samples that may have been born in several ways, in their ``records``.

    Those are counted apart that name where they were.
    """
    execute = tables.connection.execute
    execute(
        "CREATE TABLE named_places AS SELECT sample_id, list_position($paths, path) - 1 AS place, sum(rows) AS rows, "
        "bool_or(again) AS again FROM unchanged SEMI JOIN several USING (sample_id) WHERE list_contains($paths, path) "
        "GROUP BY 1, 2",
        {"paths": [known.path for known in tables.known]},
    )
    execute(
        f"CREATE TABLE held AS SELECT k.place, k.sample_id, k.rows, k.possible_rows, k.marks, r.number FROM "
        f"several_known k JOIN records r ON r.sample_id = k.sample_id AND r.carried AND "
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
