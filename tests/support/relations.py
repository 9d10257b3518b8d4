"""The statements that Spark is asked, answered by DuckDB: what they say can be tested without Java."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from provenance.engines.relations import as_bigint
from provenance.lineage.database import parquet_rows, scratch_database
from provenance.lineage.sidecar import Sidecar


class DuckDBRelations:
    """`Relations` in a scratch database. ``asked``: every statement, in order."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.asked: list[str] = []

    def records(self, name: str, sidecars: Sequence[Sidecar], columns: Sequence[str]) -> None:
        of_each = [
            f"SELECT {', '.join(as_bigint(columns))}, {number}::BIGINT AS sidecar, file_row_number::BIGINT AS place "
            f"FROM {parquet_rows(sidecar.path)}"
            for number, sidecar in enumerate(sidecars)
        ]
        self._connection.execute(f"CREATE OR REPLACE VIEW {name} AS {' UNION ALL '.join(of_each)}")

    def given(self, name: str, table: pa.Table) -> None:
        self._connection.register("given_now", table)
        self._connection.execute(f"CREATE OR REPLACE TABLE {name} AS FROM given_now")
        self._connection.unregister("given_now")

    def named(self, name: str, sql: str) -> None:
        self.asked.append(sql)
        self._connection.execute(f"CREATE OR REPLACE VIEW {name} AS {sql}")

    def keep(self, name: str, sql: str) -> int:
        self.asked.append(sql)
        self._connection.execute(f"CREATE OR REPLACE TABLE {name} AS {sql}")
        return int(self._connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0])

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        self.asked.append(sql)
        return self._connection.execute(sql).fetchall()

    def ids(self, sql: str) -> Iterator[bytes]:
        return (sample_id for (sample_id,) in self.rows(sql))

    def exploded(self, relation: str, columns: Mapping[str, str]) -> str:
        lists = ", ".join(f"unnest({column}) AS {name}" for column, name in columns.items())
        return f"(SELECT *, {lists} FROM {relation})"


@contextmanager
def duckdb_relations(folder: Path) -> Iterator[DuckDBRelations]:
    with scratch_database(folder) as connection:
        yield DuckDBRelations(connection)
