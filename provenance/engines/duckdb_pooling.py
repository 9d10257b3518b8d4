"""Several datasets together, by DuckDB: what they amount to, and what of it is unique.

A sample that has several births in a dataset counts once as what these agree in; where they differ, that is in doubt.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from provenance.engines.answers import PooledCell
from provenance.engines.duckdb_vocabulary import VocabularySQL, in_doubt_sql
from provenance.engines.interface import Unit
from provenance.lineage.records import Origin
from provenance.lineage.row_bounds import HAS_ROWS_SQL

_AMOUNT = {"rows": "1::BIGINT", "bytes": "coalesce(content_bytes, 0)::BIGINT", "tokens": "tokens::BIGINT"}
_COLUMNS = ("origin", "kind", "agent", "source", "license", "depth", "evidence")
_LISTED = ", ".join(_COLUMNS)
_IS_FIRST = "row_number() OVER (PARTITION BY sample_id ORDER BY list_position($places::BIGINT[], sidecar)) = 1"


def _in_doubt(column: str) -> str:
    """SQL of a sample's records together: these differ in ``column``, or one is in doubt about it."""
    agree = f"(count({column}) = 0 OR (count({column}) = count(*) AND min({column}) = max({column})))"
    return f"(NOT {agree} OR bool_or({in_doubt_sql(column)}))"


def _bits(flags: Sequence[str]) -> str:
    return " + ".join(f"({flag})::INTEGER * {1 << place}" for place, flag in enumerate(flags))


_AGREED = ", ".join(
    f"CASE WHEN NOT {_in_doubt(column)} THEN min({column}) "
    f"{f'ELSE {chr(39)}{Origin.UNKNOWN}{chr(39)}' if column == 'origin' else ''} END AS {column}"
    for column in _COLUMNS
)
# Of one record, of which no sample has another: its rows, and the sample. Of several records of a sample: the rows of
# each that are certain; and the sample with its other rows, as what all records agree in.
_POOLED = f"""
    WITH records AS (
        SELECT sidecar, sample_id, {_LISTED}, doubts, rows::BIGINT AS rows,
            coalesce(ambiguous_rows, 0)::BIGINT AS rest, {{amount}} AS one
        FROM samples WHERE {HAS_ROWS_SQL} AND list_contains($places::BIGINT[], sidecar)),
    several AS (SELECT sidecar, sample_id FROM records GROUP BY ALL HAVING count(*) > 1),
    lines AS (
        SELECT sidecar, sample_id, {_LISTED}, {_bits([in_doubt_sql(column) for column in _COLUMNS])} AS doubts,
            rows * one AS amount, one
        FROM records ANTI JOIN several USING (sidecar, sample_id)
        UNION ALL
        SELECT sidecar, NULL, {_LISTED}, {_bits([in_doubt_sql(column) for column in _COLUMNS])}, rows * one, NULL
        FROM records SEMI JOIN several USING (sidecar, sample_id) WHERE rows > 0
        UNION ALL
        SELECT sidecar, sample_id, {_AGREED}, {_bits([_in_doubt(column) for column in _COLUMNS])},
            sum(rest) * any_value(one), any_value(one)
        FROM (SELECT * REPLACE (effective_license(license, source) AS license)
            FROM records SEMI JOIN several USING (sidecar, sample_id))
        GROUP BY sidecar, sample_id)
    SELECT * REPLACE (
        CASE WHEN doubts & {1 << _COLUMNS.index("license")} = 0 THEN effective_license(license, source) END AS license)
    FROM (
        SELECT sidecar, {_LISTED}, coalesce(sum(amount), 0)::BIGINT AS amount,
            coalesce(sum(one) FILTER (is_first), 0)::BIGINT AS unique_amount,
            coalesce(sum(one), 0)::BIGINT AS distinct_amount, doubts
        FROM (SELECT *, {{is_first}} AS is_first FROM lines) GROUP BY ALL)"""
_POOLED_VALUES = f"""
    SELECT place, value, sum(amount)::BIGINT, coalesce(sum(amount) FILTER (is_first), 0)::BIGINT
    FROM (
        SELECT place, value, {{amount}} AS amount, row_number() OVER (
            PARTITION BY sample_id ORDER BY list_position($places::BIGINT[], place), value) = 1 AS is_first
        FROM pooled_values JOIN (
            SELECT sidecar AS place, sample_id, max(content_bytes) AS content_bytes, max(tokens) AS tokens
            FROM samples WHERE {HAS_ROWS_SQL} GROUP BY 1, 2) USING (place, sample_id))
    GROUP BY place, value ORDER BY place, value LIMIT $most"""


def pooled_cells(
    connection: duckdb.DuckDBPyConnection, places: Sequence[int], unit: Unit, words: VocabularySQL
) -> list[PooledCell]:
    """See `Engine.pooled`; ``places`` are not none."""
    # Of a sample that is counted by its several records, none of these is the first.
    is_first = "sample_id IS NOT NULL" if len(places) == 1 else f"sample_id IS NOT NULL AND {_IS_FIRST}"
    query = _POOLED.format(amount=_AMOUNT[unit], is_first=is_first)
    cells = [
        PooledCell(*(place, origin, kind, words.model(agent), words.source(source), *others, _named(doubts)))
        for place, origin, kind, agent, source, *others, doubts in connection.execute(
            query, {"places": list(places)}
        ).fetchall()
    ]
    return sorted(cells, key=repr)


def pooled_values_sql(unit: Unit) -> str:
    """SQL for `Engine.pooled_values`, from the table ``pooled_values``."""
    return _POOLED_VALUES.format(amount=_AMOUNT[unit])


def _named(doubts: int) -> tuple[str, ...]:
    return tuple(column for place, column in enumerate(_COLUMNS) if doubts >> place & 1)
