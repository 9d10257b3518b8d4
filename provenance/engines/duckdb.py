"""Set questions answered by DuckDB over the sidecars' Parquet files: nothing is copied, and memory is bounded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from provenance.engines.answers import (
    AmbiguousSamples,
    Bearing,
    Bounds,
    Cell,
    Conflict,
    Conflicts,
    Dangling,
    Disagreement,
    Disputed,
    ParentUses,
    PooledCell,
    PooledValue,
    Repeats,
    Retained,
    RowBirths,
    RowsOfActivity,
    Spent,
    ValueAmounts,
)
from provenance.engines.duckdb_births import CountedBirths
from provenance.engines.duckdb_disagreements import disagreements
from provenance.engines.duckdb_pooling import pooled_cells, pooled_values_sql
from provenance.engines.duckdb_units import possible_sql, rests_sql
from provenance.engines.duckdb_vocabulary import VocabularySQL, in_doubt_sql
from provenance.engines.interface import MOST_SHOWN, Among, Spending, Unit
from provenance.engines.samples_view import BEST_BIRTH_FIRST, create_samples_view
from provenance.lineage.database import scratch_database, stream
from provenance.lineage.id_ranges import EVERY_ID, IdRange
from provenance.lineage.record_rows import record_rows
from provenance.lineage.records import Origin
from provenance.lineage.row_bounds import COUNTS_SQL, HAS_ROWS_SQL, ROWS_SQL
from provenance.lineage.rules import made_by_model_sql
from provenance.lineage.sidecar import Sidecar
from provenance.lineage.vocabulary import Vocabulary
from provenance.lineage.words import AMBIGUOUS

_MOST_ROWS_FIRST = "ORDER BY rows DESC, sample_id LIMIT ?"
_FITTING = f"""
    SELECT lower(hex(sample_id)), sum(rows)::BIGINT AS certain, min(kind) AS kind
    FROM samples WHERE sidecar = ? AND {HAS_ROWS_SQL} AND {{condition}}
    GROUP BY sample_id ORDER BY certain DESC, sum(possible_rows) DESC NULLS LAST, sample_id LIMIT ?"""
_REPEATED = f"""
    SELECT lower(hex(sample_id)), sum({ROWS_SQL})::BIGINT AS rows FROM samples
    WHERE sidecar = ? AND {COUNTS_SQL} GROUP BY sample_id HAVING sum({ROWS_SQL}) > 1 {_MOST_ROWS_FIRST}"""
# Samples in rows, of known origin by a birth that may be theirs, of which any birth has another known origin. Which
# those may be is found first: of nearly all samples, lists need not be made then.
_CONFLICTS = f"""
    SELECT sample_id, rows, origin, array_to_string(list_filter(origins, lambda other: other <> origin), ', ') AS others
    FROM (
        SELECT sample_id, sum({ROWS_SQL})::BIGINT AS rows,
            list_sort(list(DISTINCT origin) FILTER (origin <> '{Origin.UNKNOWN}')) AS origins,
            arg_min(origin, place) FILTER ({HAS_ROWS_SQL} AND origin <> '{Origin.UNKNOWN}') AS origin
        FROM samples WHERE sidecar = $place AND sample_id IN (
            SELECT sample_id FROM samples WHERE sidecar = $place AND origin <> '{Origin.UNKNOWN}'
            GROUP BY sample_id HAVING min(origin) <> max(origin))
        GROUP BY sample_id)
    WHERE origin IS NOT NULL"""
_DISPUTED = f"""
    SELECT sample_id, sum(rows)::BIGINT AS rows, coalesce(sum(possible_rows), 0)::BIGINT AS possible_rows
    FROM samples WHERE sidecar = $place AND origin = '{Origin.REAL}' AND (rows > 0 OR possible_rows > 0)
        AND sample_id IN (SELECT sample_id FROM samples WHERE {made_by_model_sql()})
    GROUP BY sample_id"""
_DANGLING = "FROM samples WHERE sidecar = $place AND content_bytes IS NULL"
_MADE_FROM_THESE = f"""
    SELECT DISTINCT place, sample_id, rows, possible_rows
    FROM (SELECT place, sample_id, rows, possible_rows, unnest(parents) AS parent
        FROM samples WHERE sidecar = $place AND {HAS_ROWS_SQL})
    WHERE parent IN (SELECT sample_id {_DANGLING})"""
# Of a sample's ambiguous rows as many are certain as no other of its births can have.
_CHILDREN = f"""
    WITH children AS (
        SELECT sample_id, sum(rows)::BIGINT AS rows, coalesce(sum(possible_rows), 0)::BIGINT AS possible
        FROM ({_MADE_FROM_THESE}) GROUP BY sample_id)
    SELECT sample_id, rows + greatest(0, rest - (all_possible - possible)) AS rows,
        rows + least(rest, possible) AS at_most_rows
    FROM children JOIN (
        SELECT sample_id, coalesce(sum(ambiguous_rows), 0)::BIGINT AS rest,
            coalesce(sum(possible_rows), 0)::BIGINT AS all_possible
        FROM samples WHERE sidecar = $place AND sample_id IN (SELECT sample_id FROM children) GROUP BY sample_id)
        USING (sample_id)"""
_RETAINED = """
    WITH previous AS (
        SELECT sample_id, sum(rows)::BIGINT AS rows FROM {previous} WHERE rows > 0 AND origin = 'real' GROUP BY 1),
    now AS (
        SELECT sample_id, sum(rows::BIGINT + coalesce(ambiguous_rows, 0))::BIGINT AS rows
        FROM samples WHERE sidecar = $place AND (rows > 0 OR ambiguous_rows > 0) GROUP BY 1)
    SELECT sample_id, p.rows AS rows, least(p.rows, coalesce(n.rows, 0)) AS retained
    FROM previous p LEFT JOIN now n USING (sample_id)"""
_ORIGIN = f"CASE WHEN {in_doubt_sql('origin')} THEN '{AMBIGUOUS}' ELSE origin END AS origin"
# Of ambiguous rows as many are of an origin as births of the others cannot have.
_BY_ORIGIN = f"""
    WITH possible AS (
        SELECT sidecar, sample_id, marks, {_ORIGIN}, sum(possible_rows)::BIGINT AS possible
        FROM {possible_sql("samples")} GROUP BY ALL),
    rests AS {rests_sql("samples")},
    settled AS (
        SELECT sidecar, origin,
            greatest(0, rest - sum(possible) OVER (PARTITION BY sidecar, sample_id, marks) + possible) AS rows
        FROM possible JOIN rests USING (sidecar, sample_id, marks)),
    every AS (
        SELECT sidecar, {_ORIGIN}, rows::BIGINT AS rows FROM samples WHERE rows > 0
        UNION ALL SELECT * FROM settled WHERE origin <> '{AMBIGUOUS}'
        UNION ALL SELECT sidecar, '{AMBIGUOUS}', -rows FROM settled WHERE origin <> '{AMBIGUOUS}'
        UNION ALL SELECT sidecar, '{AMBIGUOUS}', rest FROM rests)
    SELECT sidecar, origin, sum(rows)::BIGINT AS counted FROM every GROUP BY ALL HAVING counted > 0
    ORDER BY sidecar, counted DESC, origin"""
# Each sample of a dataset once, however many births it has.
_SAMPLES = f"""(
    SELECT sample_id, max(content_bytes) AS content_bytes, max(tokens) AS tokens,
        CASE WHEN min(origin) = max(origin) THEN min(origin) ELSE '{Origin.UNKNOWN}' END AS origin
    FROM samples WHERE sidecar = {{place}} AND {HAS_ROWS_SQL} GROUP BY sample_id)"""
_BY_VALUE = f"""
    SELECT value, count(*)::BIGINT, coalesce(sum(content_bytes), 0)::BIGINT, sum(tokens::BIGINT)::BIGINT,
        count(tokens)::BIGINT
    FROM row_values JOIN {_SAMPLES} USING (sample_id) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?"""


@contextmanager
def duckdb_engine(
    sidecars: Sequence[Sidecar],
    vocabulary: Vocabulary,
    folder: Path,
    *,
    within: IdRange = EVERY_ID,
    threads: int | None = None,
) -> Iterator[DuckDBEngine]:
    """An `Engine` over ``sidecars`` with their merged vocabulary; what is too large for memory goes to ``folder``.

    ``within``: only records of samples in this range are asked. ``threads``: None: as many as there are cores.
    """
    with scratch_database(folder) as connection:
        if threads is not None:
            connection.execute(f"SET threads = {threads}")
        create_samples_view(connection, sidecars, vocabulary, within=within)
        yield DuckDBEngine(connection, sidecars, vocabulary)


class DuckDBEngine:
    """An `Engine`; made by `duckdb_engine`."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, sidecars: Sequence[Sidecar], vocabulary: Vocabulary
    ) -> None:
        self._connection = connection
        self._sidecars = sidecars
        self._words = VocabularySQL(vocabulary)
        self._questions: dict[int, DuckDBQuestions] = {}

    def of(self, place: int) -> DuckDBQuestions:
        if place not in self._questions:
            size = self._sidecars[place].digest_size
            self._questions[place] = DuckDBQuestions(self._connection, place, size, self._words)
        return self._questions[place]

    def births(self, sample_id: bytes) -> list[Mapping[str, Any]]:
        query = f"SELECT * FROM samples WHERE sample_id = ? ORDER BY {BEST_BIRTH_FIRST}"
        return [*self._connection.sql(query, params=[sample_id]).to_arrow_table().to_pylist()]

    def rows_by_origin(self) -> list[tuple[int, str, int]]:
        return self._connection.execute(_BY_ORIGIN).fetchall()

    def pooled(self, places: Sequence[int], unit: Unit) -> list[PooledCell]:
        if not places:
            return []
        return pooled_cells(self._connection, places, unit, self._words)

    def pooled_values(self, values: Mapping[int, Iterator[pa.RecordBatch]], unit: Unit, most: int) -> list[PooledValue]:
        execute = self._connection.execute
        execute("CREATE OR REPLACE TEMP TABLE pooled_values (place BIGINT, sample_id BLOB, value VARCHAR)")
        for place, batches in values.items():
            with self._registered("row_values", batches, _values_schema(self._sidecars[place].digest_size)):
                execute("INSERT INTO pooled_values SELECT ?, sample_id, value FROM row_values", [place])
        query = pooled_values_sql(unit)
        found = execute(query, {"places": list(values), "most": most}).fetchall()
        return [PooledValue(*row) for row in found]

    @contextmanager
    def _registered(self, name: str, batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[None]:
        with _registered(self._connection, name, batches, schema):
            yield


class DuckDBQuestions:
    """The `Questions` about one dataset."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, place: int, digest_size: int, words: VocabularySQL
    ) -> None:
        self._connection = connection
        self._place = place
        self._digest_size = digest_size
        self._words = words
        self._births = CountedBirths(connection, place, words)

    def cells(self) -> list[Cell]:
        return self._births.cells()

    def ambiguous(self) -> list[AmbiguousSamples]:
        return self._births.ambiguous()

    def row_births(self, batch_rows: int) -> RowBirths:
        return self._births.row_births(batch_rows)

    def spent(self) -> list[Spent]:
        return self._births.spent()

    def spent_on_rows(self, what: Spending, made_by: str | None = None) -> Bounds | None:
        return self._births.spent_on_rows(what, made_by)

    def parent_uses(self, number: int = MOST_SHOWN) -> ParentUses:
        return self._births.parent_uses(number)

    def most_rows_where(self, where: Sequence[Among], number: int = MOST_SHOWN) -> list[Bearing]:
        condition, values = self._words.condition(where)
        return self._bearing(_FITTING.format(condition=condition), [self._place, *values, number])

    def some_where(self, where: Sequence[Among], number: int) -> list[str]:
        condition, values = self._words.condition(where)
        found = self._connection.execute(
            f"SELECT DISTINCT lower(hex(sample_id)) FROM samples WHERE sidecar = ? AND {HAS_ROWS_SQL} AND "
            f"{condition} ORDER BY 1 LIMIT ?",
            [self._place, *values, number],
        ).fetchall()
        return [sample_id for (sample_id,) in found]

    def repeats(self, number: int = MOST_SHOWN) -> Repeats:
        rows, samples, most = self._one(
            "SELECT coalesce(sum(rows), 0)::BIGINT, count(*), coalesce(max(rows), 0) FROM ("
            f"SELECT sum({ROWS_SQL})::BIGINT AS rows FROM samples WHERE sidecar = $place AND {COUNTS_SQL} "
            "GROUP BY sample_id)"
        )
        repeated = self._bearing(_REPEATED, [self._place, number]) if most > 1 else []
        return Repeats(rows, samples, tuple(repeated))

    def rows_by_activity(self) -> list[RowsOfActivity]:
        found = self._connection.execute(
            "SELECT activity, sum(rows)::BIGINT, lower(hex(min(sample_id))) FROM samples WHERE sidecar = ? "
            f"AND rows > 0 AND activity IS NOT NULL AND origin <> '{Origin.UNKNOWN}' GROUP BY 1 ORDER BY 1",
            [self._place],
        ).fetchall()
        return [RowsOfActivity(self._words.activity(number), *others) for number, *others in found]

    def conflicts(self, number: int = MOST_SHOWN) -> Conflicts:
        found = self._connection.execute(
            "SELECT count(*) OVER (), sum(rows::BIGINT) OVER ()::BIGINT, lower(hex(sample_id)), rows, origin, others "
            f"FROM ({_CONFLICTS}) ORDER BY rows DESC, sample_id LIMIT $number",
            {"place": self._place, "number": max(1, number)},
        ).fetchall()
        samples, rows = found[0][:2] if found else (0, 0)
        return Conflicts(samples, rows, tuple(Conflict(*row) for _, _, *row in found[:number]))

    def disputed(self, number: int = MOST_SHOWN) -> Disputed:
        samples, rows, possible_rows = self._one(
            "SELECT count(*) FILTER (rows > 0), coalesce(sum(rows), 0)::BIGINT, "
            f"coalesce(sum(possible_rows), 0)::BIGINT FROM ({_DISPUTED})"
        )
        most = self._bearing(
            f"SELECT lower(hex(sample_id)), rows FROM ({_DISPUTED}) WHERE rows > 0 "
            "ORDER BY rows DESC, sample_id LIMIT $number",
            {"place": self._place, "number": number},
        )
        return Disputed(samples, rows, possible_rows, tuple(most))

    def disagreements(self, others: Sequence[int], own: Collection[int]) -> list[Disagreement]:
        return disagreements(self._connection, self._place, others, own)

    def dangling(self, number: int = MOST_SHOWN) -> Dangling:
        (samples,) = self._one(f"SELECT count(*) {_DANGLING}")
        if not samples:
            return Dangling(0, 0, 0, ())
        rows, at_most_rows = self._one(
            f"SELECT coalesce(sum(rows), 0)::BIGINT, coalesce(sum(at_most_rows), 0)::BIGINT FROM ({_CHILDREN})"
        )
        children = self._bearing(
            f"SELECT lower(hex(sample_id)), rows FROM ({_CHILDREN}) ORDER BY rows DESC, at_most_rows DESC, sample_id "
            "LIMIT $number",
            {"place": self._place, "number": number},
        )
        return Dangling(samples, rows, at_most_rows, tuple(children))

    def retained(self, previous: Sidecar, number: int = MOST_SHOWN) -> Retained:
        compared = _RETAINED.format(previous=record_rows(previous))
        rows, retained = self._one(
            f"SELECT coalesce(sum(rows), 0)::BIGINT, coalesce(sum(retained), 0)::BIGINT FROM ({compared})"
        )
        gone = self._bearing(
            f"SELECT lower(hex(sample_id)), rows - retained FROM ({compared}) WHERE retained < rows "
            "ORDER BY 2 DESC, 1 LIMIT $number",
            {"place": self._place, "number": number},
        )
        return Retained(rows, retained, tuple(gone))

    def by_value(self, values: Iterator[pa.RecordBatch], most: int) -> list[ValueAmounts]:
        with _registered(self._connection, "row_values", values, _values_schema(self._digest_size)):
            found = self._connection.execute(_BY_VALUE.format(place=self._place), [most]).fetchall()
        return [ValueAmounts(*row) for row in found]

    def origins(self, sample_ids: Iterator[pa.RecordBatch], batch_rows: int) -> Iterator[pa.RecordBatch]:
        codes = " ".join(f"WHEN '{origin}' THEN {code}" for code, origin in enumerate(Origin))
        query = (
            f"SELECT (CASE coalesce(born.origin, '{Origin.UNKNOWN}') {codes} END)::UTINYINT AS code FROM row_ids "
            f"LEFT JOIN {_SAMPLES.format(place=self._place)} born USING (sample_id) ORDER BY row"
        )
        schema = pa.schema([("row", pa.int64()), ("sample_id", pa.binary(self._digest_size))])
        with _registered(self._connection, "row_ids", _numbered(sample_ids, schema), schema):
            yield from stream(self._connection, query, batch_rows)

    def _one(self, query: str) -> tuple[Any, ...]:
        (row,) = self._connection.execute(query, {"place": self._place}).fetchall()
        return tuple(row)

    def _bearing(self, query: str, parameters: Any) -> list[Bearing]:
        return [Bearing(*row) for row in self._connection.execute(query, parameters).fetchall()]


@contextmanager
def _registered(
    connection: duckdb.DuckDBPyConnection, name: str, batches: Iterator[pa.RecordBatch], schema: pa.Schema
) -> Iterator[None]:
    """``batches`` as the view ``name``, which can be read once."""
    connection.register(name, pa.RecordBatchReader.from_batches(schema, batches))
    try:
        yield
    finally:
        connection.unregister(name)


def _values_schema(digest_size: int) -> pa.Schema:
    return pa.schema([("sample_id", pa.binary(digest_size)), ("value", pa.large_string())])


def _numbered(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    before = 0
    for batch in batches:
        rows = np.arange(before, before + batch.num_rows)
        before += batch.num_rows
        yield pa.record_batch([pa.array(rows), batch["sample_id"]], schema=schema)
