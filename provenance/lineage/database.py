"""DuckDB as the place where tables larger than memory are joined and sorted."""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TypeAlias

import duckdb
import pyarrow as pa

from provenance.files import folder_of_process
from provenance.jobs import allowed
from provenance.lineage.stored_files import let_read, name_of
from provenance.room import no_room

_MEMORY_LIMIT = "512MB"
# The first, where DuckDB knows beforehand how much room there is.
_SAID_OF_A_FULL_DISK = ("'max_temp_directory_size'", "No space left on device")
_PATTERN_SIGNS = "*?["
_RAISED_BY_STORAGE = re.compile(r"^(?:[a-z.]*[.])?RepositoryError: (.*)$", re.MULTILINE)


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
            "threads": str(allowed()),
        }
    )
    try:
        # Progress is ours to show. A kernel without ipywidgets refuses the setting, and then shows no bar either.
        with suppress(duckdb.Error):
            connection.execute("SET enable_progress_bar = false")
        # Without it, there is no file on storage either.
        if "fsspec" in sys.modules:
            let_read(connection)
        yield connection
    except duckdb.Error as error:
        _raise_if_full(error)
        raise
    finally:
        connection.close()


def said_by(error: Exception) -> str:
    """What an error of DuckDB's says, in one line; where a file on storage could not be read, why.

    Raises:
        OSError: it says that there was no room to spill to, for which no file that was read is to blame.
    """
    _raise_if_full(error)
    return refused_by_storage(error) or str(error).strip().split("\n")[0]


def _raise_if_full(error: Exception) -> None:
    if any(said in str(error) for said in _SAID_OF_A_FULL_DISK):
        raise no_room() from error


def refused_by_storage(error: Exception) -> str | None:
    """Why a file on storage could not be read; None where that is not the matter."""
    found = _RAISED_BY_STORAGE.search(str(error))
    return found and found[1]


# Opens a database when it is first asked for, and gives the same one again.
Database: TypeAlias = Callable[[], duckdb.DuckDBPyConnection]


@contextmanager
def database_on_demand(workspace: Path) -> Iterator[Database]:
    """As `scratch_database`, which takes a while to open, for what may do without."""
    with ExitStack() as stack:
        yield cache(lambda: stack.enter_context(scratch_database(workspace)))


def count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """The single number that ``query`` gives."""
    row = connection.execute(query).fetchall()
    return int(row[0][0])


def stream(
    connection: duckdb.DuckDBPyConnection, query: str, batch_rows: int, parameters: Mapping[str, object] | None = None
) -> Iterator[pa.RecordBatch]:
    """The rows that ``query`` gives, as Arrow batches; it is asked when the first is wanted."""
    yield from connection.sql(query, params=parameters).to_arrow_reader(batch_rows)


def parquet_rows(*files: Path) -> str:
    """A table expression for the rows of just these Parquet files, whatever characters their names have."""
    return f"read_parquet([{', '.join(text_literal(as_pattern(name_of(file))) for file in files)}])"


def as_pattern(path: str) -> str:
    """``path`` as a glob pattern that fits this one file.

    Where a pattern has a backslash, DuckDB takes it for a separator of folders, and nothing escapes it: such a file
    goes by the name of a link to it, which lasts as long as this process.
    """
    if "\\" in path and any(sign in path for sign in _PATTERN_SIGNS):
        path = _link_to(os.path.abspath(path))
    return "".join(f"[{character}]" if character in _PATTERN_SIGNS else character for character in path)


@cache
def _link_to(path: str) -> str:
    link = folder_of_process() / f"{secrets.token_hex(8)}.parquet"
    link.symlink_to(path)
    return str(link)


def text_literal(value: str) -> str:
    """``value`` as an SQL string literal, for the few statements that take no parameters (views, file names)."""
    return "'" + value.replace("'", "''") + "'"
