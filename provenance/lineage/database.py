"""DuckDB as the place where tables larger than memory are joined and sorted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pyarrow as pa

_MEMORY_LIMIT = "512MB"


@contextmanager
def scratch_database(workspace: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database that spills to ``workspace`` beyond a fixed amount of memory.

    It has no network and loads no extensions; it reads files only because we name them.
    """
    connection = duckdb.connect(
        config={
            "memory_limit": _MEMORY_LIMIT,
            "temp_directory": str(workspace / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": "false",
        }
    )
    try:
        # Progress is ours to show. A kernel without ipywidgets refuses the setting, and then shows no bar either.
        with suppress(duckdb.Error):
            connection.execute("SET enable_progress_bar = false")
        yield connection
    finally:
        connection.close()


def count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """The single number that ``query`` gives."""
    row = connection.execute(query).fetchall()
    return int(row[0][0])


def stream(connection: duckdb.DuckDBPyConnection, query: str, batch_rows: int) -> Iterator[pa.RecordBatch]:
    """The rows that ``query`` gives, as Arrow batches."""
    yield from connection.sql(query).to_arrow_reader(batch_rows)


def parquet_rows(*files: Path) -> str:
    """A table expression for the rows of just these Parquet files, whatever characters their names have."""
    return f"read_parquet([{', '.join(text_literal(as_pattern(str(file))) for file in files)}])"


def as_pattern(path: str) -> str:
    """``path`` as a glob pattern that fits this one file."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in path)


def text_literal(value: str) -> str:
    """``value`` as an SQL string literal, for the few statements that take no parameters (views, file names)."""
    return "'" + value.replace("'", "''") + "'"
