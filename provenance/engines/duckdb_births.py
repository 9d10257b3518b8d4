"""One dataset's rows by how they were born, counted by DuckDB: for certain, possibly, and what the calls took.

Only samples with ambiguous rows are looked at one by one; all others are sums over records.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import Any

import duckdb

from provenance.engines.answers import (
    AmbiguousSamples,
    Bearing,
    BornAlike,
    Bounds,
    Cell,
    Option,
    ParentUses,
    RowBirths,
    Spent,
)
from provenance.engines.duckdb_units import possible_sql, rests_sql
from provenance.engines.duckdb_vocabulary import VocabularySQL, in_doubt_sql
from provenance.lineage.database import stream
from provenance.lineage.rules import STATED_SQL, made_by_model_sql
from provenance.lineage.words import DOUBTS, doubts_of

_SAID = (
    "origin, kind, agent, source, license, depth, evidence, chain_evidence, verdict, verifier, real_rooted, "
    "coalesce(doubts, 0) AS doubts"
)
_WITH_USAGE = "(input_tokens IS NOT NULL AND output_tokens IS NOT NULL)"
_BORN = f"{_SAID}, activity, currency, amount IS NOT NULL AS costed, {_WITH_USAGE} AS with_usage"
_LICENSE_IN_DOUBT = in_doubt_sql("license")
_LICENSE_BIT = 1 << DOUBTS.index("license")
# Names of stages and licences are looked up for groups, as for each record they would cost more than all the rest.
_NAMED = (
    f"origin, kind, agent, source, CASE WHEN NOT {_LICENSE_IN_DOUBT} THEN effective_license(license, source) END "
    "AS license, depth, evidence, chain_evidence, verdict, verifier, real_rooted, "
    f"CASE WHEN {_LICENSE_IN_DOUBT} THEN doubts | {_LICENSE_BIT} ELSE doubts END AS doubts, "
    "activity, {stage} AS stage, currency, costed, with_usage"
)
_CALLED = "(SELECT *, {amount} AS amount, {currency} AS currency FROM samples WHERE sidecar = $place)"
_CELLS = f"""
    SELECT {_NAMED}, rows, bytes, tokens, rows_with_tokens
    FROM (
        SELECT {_BORN}, sum(rows)::BIGINT AS rows, coalesce(sum(content_bytes * rows), 0)::BIGINT AS bytes,
            sum(tokens::BIGINT * rows)::BIGINT AS tokens,
            coalesce(sum(rows) FILTER (tokens IS NOT NULL), 0)::BIGINT AS rows_with_tokens
        FROM {_CALLED} WHERE rows > 0 GROUP BY ALL)"""
_OPTIONS = f"""
    CREATE OR REPLACE TEMP TABLE options AS
    SELECT *, dense_rank() OVER (ORDER BY {{columns}}) AS number
    FROM (
        SELECT sample_id, marks, any_value(content_bytes) AS bytes, any_value(tokens)::BIGINT AS sample_tokens,
            sum(possible_rows)::BIGINT AS possible, {_BORN}
        FROM {possible_sql(_CALLED)} GROUP BY ALL)"""
_BORN_COLUMNS = 17
_COLUMNS = (
    "origin, kind, agent, source, license, depth, evidence, chain_evidence, verdict, verifier, real_rooted, doubts, "
    "activity, currency, costed, with_usage"
)
_ALIKE = f"""
    SELECT rest, numbers, possible, count(*), coalesce(sum(bytes), 0)::BIGINT, sum(sample_tokens)::BIGINT,
        count(sample_tokens)
    FROM (
        SELECT sample_id, marks, any_value(rest) AS rest, list(number ORDER BY number) AS numbers,
            list(possible ORDER BY number) AS possible, any_value(bytes) AS bytes,
            any_value(sample_tokens) AS sample_tokens
        FROM options JOIN {rests_sql("(FROM samples WHERE sidecar = $place)")} USING (sample_id, marks)
        WHERE hash(sample_id) % $parts = $part GROUP BY sample_id, marks)
    GROUP BY ALL"""
# Numbered once for all, as to rank each record among all others would sort them by all that they say.
_WAYS = f"""
    CREATE OR REPLACE TEMP TABLE ways AS
    SELECT *, (row_number() OVER (ORDER BY {{columns}}) - 1)::UINTEGER AS way
    FROM (SELECT DISTINCT {_BORN} FROM {_CALLED} WHERE rows > 0 OR possible_rows > 0)"""
_OF_WAY = f"JOIN ways ON {' AND '.join(f'b.{name} IS NOT DISTINCT FROM ways.{name}' for name in _COLUMNS.split(', '))}"
_CERTAIN_BIRTHS = f"""
    SELECT sample_id, way, rows::UINTEGER AS rows
    FROM (SELECT sample_id, rows, {_BORN} FROM {_CALLED} WHERE rows > 0) b {_OF_WAY}"""
_POSSIBLE_BIRTHS = f"""
    SELECT sample_id, marks AS unit, way, possible, rest
    FROM (
        SELECT sample_id, marks, sum(possible_rows)::UINTEGER AS possible, {_BORN}
        FROM {possible_sql(_CALLED)} GROUP BY ALL) b
    {_OF_WAY}
    JOIN (SELECT sample_id, marks, rest::UINTEGER AS rest FROM {rests_sql("(FROM samples WHERE sidecar = $place)")})
        USING (sample_id, marks)
    ORDER BY sample_id, unit, way"""
# Lists that are being gathered stay in memory.
_OPTIONS_AT_ONCE = 1 << 20
_SPENT = f"""
    SELECT currency, coalesce(sum(calls) FILTER (amount IS NOT NULL), 0)::BIGINT, sum(calls * amount),
        sum(calls * input_tokens)::BIGINT, sum(calls * output_tokens)::BIGINT
    FROM (SELECT * REPLACE (coalesce(calls, 1)::BIGINT AS calls) FROM {_CALLED}) GROUP BY ALL ORDER BY 1"""
# Of what the dataset's own stage recorded row by row, while all are there, no two rows are one row that came twice.
_CERTAIN_CALLS = "CASE WHEN {stage} = $made_by AND calls = low AND possible = 0 THEN low ELSE 1 END"
# Of a record: what one call took, the rows that are certain and that may be, and the calls that may stand behind these.
_LEFT = f"""
    SELECT sample_id, activity, {{taken}} AS taken, rows::BIGINT AS low, coalesce(possible_rows, 0)::BIGINT AS possible,
        coalesce(calls, 1)::BIGINT AS calls
    FROM {_CALLED} WHERE rows > 0 OR possible_rows > 0"""
# Rows of the rest are calls of their own, at least the cheapest of these and at most the dearest; or the result of one
# that is counted already. Units are taken in order until there are as many as the rest.
_ON_ROWS = f"""
    WITH records AS ({_LEFT}),
    rests AS (SELECT sample_id, ambiguous_rows::BIGINT AS rest FROM samples
        WHERE sidecar = $place AND ambiguous_rows > 0),
    units AS (
        SELECT sample_id, rest, coalesce(taken, 0) AS taken, possible,
            CASE WHEN low > 0 THEN 0 ELSE coalesce(taken, 0)::DOUBLE / possible END AS least_each,
            low = 0 AS is_call_of_its_own,
            least(calls, low + possible) - least(calls, low) AS more_calls
        FROM records JOIN rests USING (sample_id) WHERE possible > 0),
    in_order AS (
        SELECT *, sum(possible) OVER (PARTITION BY sample_id ORDER BY least_each, possible
                ROWS UNBOUNDED PRECEDING) - possible AS before_cheap,
            sum(more_calls) OVER (PARTITION BY sample_id ORDER BY taken DESC, more_calls
                ROWS UNBOUNDED PRECEDING) - more_calls AS before_dear
        FROM units),
    divided AS (SELECT *, greatest(0, least(possible, rest - before_cheap)) AS cheap FROM in_order)
    SELECT
        (SELECT count(taken) FROM records),
        (SELECT coalesce(sum(taken * {_CERTAIN_CALLS}) FILTER (low > 0), 0) FROM records),
        (SELECT coalesce(sum(taken * least(calls, low)), 0) FROM records),
        coalesce(sum(taken) FILTER (is_call_of_its_own AND cheap = possible), 0),
        coalesce(sum(least_each * cheap) FILTER (cheap < possible), 0),
        coalesce(sum(taken * greatest(0, least(more_calls, rest - before_dear))), 0)
    FROM divided"""
# In decimal places: a part of a call's cost is not exact.
_PLACES_OF_PARTS = Decimal("1e-10")
_HAS_PARENTS = f"({made_by_model_sql()} AND {STATED_SQL} AND len(parents) > 0)"
# Rows whose births agree in their parents are no less certain for being ambiguous otherwise.
_USES = f"""
    WITH rests AS (SELECT sample_id, ambiguous_rows::BIGINT AS rest FROM samples
        WHERE sidecar = $place AND ambiguous_rows > 0),
    open AS (
        SELECT rest, parents, sum(possible) OVER (PARTITION BY sample_id) AS every, possible
        FROM (
            SELECT sample_id, CASE WHEN {_HAS_PARENTS} THEN list_sort(list_distinct(parents)) ELSE [] END AS parents,
                sum(possible_rows)::BIGINT AS possible
            FROM samples WHERE sidecar = $place AND possible_rows > 0 GROUP BY ALL)
        JOIN rests USING (sample_id)),
    settled AS (SELECT parents, greatest(0, rest - every + possible)::BIGINT AS rows FROM open),
    children AS (
        SELECT list_distinct(parents) AS parents, rows::BIGINT AS rows FROM samples
        WHERE sidecar = $place AND rows > 0 AND {_HAS_PARENTS}
        UNION ALL SELECT * FROM settled WHERE rows > 0),
    uses AS (
        SELECT parent, sum(rows)::BIGINT AS uses FROM (SELECT unnest(parents) AS parent, rows FROM children)
        GROUP BY parent)"""
_HOW_MUCH_USED = f"""
    {_USES} SELECT count(*), coalesce(sum(uses), 0)::BIGINT, coalesce(sum(uses * ln(uses)), 0),
        (SELECT coalesce(sum(rest), 0)::BIGINT FROM rests) - (SELECT coalesce(sum(rows), 0)::BIGINT FROM settled)
    FROM uses"""
_MOST_USED = f"{_USES} SELECT lower(hex(parent)), uses FROM uses ORDER BY uses DESC, parent LIMIT $number"
_TAKEN = {
    "cost": "amount",
    "reported_cost": "cost",
    "input_tokens": "input_tokens::BIGINT",
    "output_tokens": "output_tokens::BIGINT",
}


class CountedBirths:
    """What `Questions` asks about the births of one dataset."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, place: int, words: VocabularySQL) -> None:
        self._connection = connection
        self._place = place
        self._words = words
        # Asked by several who show or judge it, and looked at record by record.
        self._spent_on_rows: dict[tuple[str, str | None], Bounds | None] = {}

    def cells(self) -> list[Cell]:
        rows = self._ask(_CELLS)
        return [Cell(*self._born(row[:_BORN_COLUMNS]), *row[_BORN_COLUMNS:]) for row in rows]

    def ambiguous(self) -> list[AmbiguousSamples]:
        self._ask(_OPTIONS, columns=_COLUMNS)
        options = self._options()
        amounts: dict[tuple[Any, ...], list[Any]] = {}
        for alike, counted in self._alike():
            known = amounts.setdefault(alike, [0, 0, None, 0])
            for number, amount in enumerate(counted):
                known[number] = amount if known[number] is None else known[number] + (amount or 0)
        self._connection.execute("DROP TABLE options")
        return [
            AmbiguousSamples(
                rest,
                tuple(
                    Option(*(*options[number], possible))
                    for number, possible in zip(numbers, possible_rows, strict=True)
                ),
                *counted,
            )
            for (rest, numbers, possible_rows), counted in sorted(amounts.items())
        ]

    def row_births(self, batch_rows: int) -> RowBirths:
        self._ask(_WAYS, columns=_COLUMNS)
        ways = self._ask(f"SELECT {_NAMED} FROM ways ORDER BY way")
        certain, possible = (
            stream(self._connection, self._with_words(query), batch_rows, {"place": self._place})
            for query in (_CERTAIN_BIRTHS, _POSSIBLE_BIRTHS)
        )
        return RowBirths(tuple(BornAlike(*self._born(row)) for row in ways), certain, possible)

    def _options(self) -> dict[int, tuple[Any, ...]]:
        query = f"SELECT number, {_NAMED} FROM (SELECT DISTINCT number, {_COLUMNS} FROM options)"
        return {number: self._born(row) for number, *row in self._ask(query)}

    def _alike(self) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        ((options,),) = self._connection.execute("SELECT count(*) FROM options").fetchall()
        parts = options // _OPTIONS_AT_ONCE + 1
        for part in range(parts):
            parameters = {"place": self._place, "parts": parts, "part": part}
            for rest, numbers, possible, *counted in self._connection.execute(_ALIKE, parameters).fetchall():
                yield (rest, tuple(numbers), tuple(possible)), tuple(counted)

    def spent(self) -> list[Spent]:
        return self._spent

    @cached_property
    def _spent(self) -> list[Spent]:
        return [Spent(*row) for row in self._ask(_SPENT)]

    def spent_on_rows(self, what: str, made_by: str | None) -> Bounds | None:
        asked = what, made_by
        if asked not in self._spent_on_rows:
            text = self._with_words(_ON_ROWS, taken=_TAKEN[what])
            parameters = {"place": self._place, "made_by": made_by}
            ((known, certain, most, cheapest, of_parts, dearest),) = self._connection.execute(
                text, parameters
            ).fetchall()
            highest = Decimal(most) + Decimal(dearest)
            lowest = Decimal(certain) + Decimal(cheapest) + Decimal(of_parts).quantize(_PLACES_OF_PARTS)
            self._spent_on_rows[asked] = Bounds(min(lowest, highest), highest) if known else None
        return self._spent_on_rows[asked]

    def parent_uses(self, number: int) -> ParentUses:
        ((parents, uses, by_logarithm, ambiguous_rows),) = self._ask(_HOW_MUCH_USED)
        parameters = {"place": self._place, "number": number}
        most = [Bearing(*row) for row in self._connection.execute(_MOST_USED, parameters).fetchall()]
        return ParentUses(parents, uses, by_logarithm, tuple(most), ambiguous_rows)

    def _ask(self, query: str, **parts: str) -> list[tuple[Any, ...]]:
        text = self._with_words(query, **parts)
        parameters = {"place": self._place} if "$place" in text else {}
        return self._connection.execute(text, parameters).fetchall()

    def _with_words(self, query: str, **parts: str) -> str:
        return query.format(stage=self._words.stage_of_activity, **self._words.pricing, **parts)

    def _born(self, row: Any) -> tuple[Any, ...]:
        """The values of a `BornAlike`."""
        origin, kind, agent, source, *others, doubts, activity, stage, currency, costed, with_usage = row
        model, name = self._words.model(agent), self._words.source(source)
        return (
            *(origin, kind, agent, model, name, *others, doubts_of(doubts)),
            *(activity, stage, currency, costed, with_usage),
        )
