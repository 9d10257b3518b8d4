"""SQL questions: a database of their own, in which there is nothing to read but the sidecars and nothing to write.

Two fences, each enough by itself: the statement must be a question (`sql_guard`), and the database is closed. It knows
no file but the sidecars, no network, no extension and no variable of this process, and its settings are locked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from provenance.errors import QueryError
from provenance.files import scratch_folder
from provenance.ledger.sql.field_values import FIELD_VALUES, create_field_values
from provenance.ledger.sql.guard import require_question
from provenance.ledger.sql.views import create_views
from provenance.lineage.database import as_pattern, said_by, scratch_database, text_literal
from provenance.lineage.stored_files import name_of

if TYPE_CHECKING:
    from provenance.ledger.sidecars import Sidecars

Parameters = Sequence[Any] | Mapping[str, Any]

_BATCH_ROWS = 32_768
_TEMPORARY_SPACE = "20GB"
_NO_FIELD_VALUES = f"{FIELD_VALUES} does not exist"


@dataclass(frozen=True)
class Answer:
    """The rows that a question gives, batch by batch, as they are computed. ``types`` are DuckDB's, in lower case."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    batches: pa.RecordBatchReader


class Questions:
    """Where questions are asked; made by `open_questions`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def ask(self, sql: str, parameters: Parameters = (), *, as_text: bool = False) -> Answer:
        """What ``sql`` gives; ``?`` or ``$name`` in it stand for ``parameters``.

        ``as_text``: every column as text, bytes as hex digits.

        Raises:
            QueryError: it is not one question, or DuckDB refuses it; also while the answer is read.
        """
        # A cursor of its own: answers may be read side by side.
        cursor = self._connection.cursor()
        worker = ThreadPoolExecutor(max_workers=1)
        with _refusals():
            question = require_question(cursor, sql)
            relation = cursor.sql(question, params=parameters or None)
            columns, types = tuple(relation.columns), tuple(kind.id for kind in relation.types)
            if as_text:
                relation = cursor.sql(_in_text(question, types), params=parameters or None)
            reader = _interruptible(cursor, worker, lambda: relation.to_arrow_reader(_BATCH_ROWS))
        schema = pa.schema([field.with_name(name) for field, name in zip(reader.schema, columns, strict=True)])
        batches = _read(cursor, worker, reader, schema)
        return Answer(columns, types, pa.RecordBatchReader.from_batches(schema, batches))


@contextmanager
def open_questions(ledger: Sidecars, fields: Sequence[str] = ()) -> Iterator[Questions]:
    """A place to ask questions of the ledger, and of what rows have in the columns ``fields`` of their data.

    Raises:
        ProvenanceError: these cannot be read; see `create_field_values`.
    """
    with (
        scratch_folder(ledger.repository.temporary, "query") as folder,
        scratch_database(folder) as connection,
    ):
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = true")
        connection.execute("SET python_enable_replacements = false")
        connection.execute(f"SET max_temp_directory_size = '{_TEMPORARY_SPACE}'")
        create_views(connection, ledger)
        files = [name_of(file) for dataset in ledger.recorded for file in dataset.sidecar.files]
        if fields:
            files.append(str(create_field_values(connection, ledger, fields, folder)))
        # DuckDB asks for the pattern before it asks for the file that fits.
        allowed = ", ".join(text_literal(name) for file in files for name in {file, as_pattern(file)})
        connection.execute(f"SET allowed_paths = [{allowed}]::VARCHAR[]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield Questions(connection)


def _in_text(question: str, types: Sequence[str]) -> str:
    # By place, as two columns may have one name; on lines of its own, as the question may end with a comment.
    names = [f"c{number}" for number in range(len(types))]
    columns = [
        f"lower(hex({name})) AS {name}" if kind == "blob" else f"{name}::VARCHAR AS {name}"
        for name, kind in zip(names, types, strict=True)
    ]
    return f"SELECT {', '.join(columns)} FROM (\n{question}\n) AS answer({', '.join(names)})"


def _read(
    cursor: duckdb.DuckDBPyConnection, worker: ThreadPoolExecutor, reader: pa.RecordBatchReader, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    try:
        with _refusals():
            while (batch := _interruptible(cursor, worker, lambda: next(reader, None))) is not None:
                yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
    finally:
        worker.shutdown()
        cursor.close()


def _interruptible(cursor: duckdb.DuckDBPyConnection, worker: ThreadPoolExecutor, work: Callable[[], Any]) -> Any:
    """What ``work`` gives; Ctrl-C, which neither DuckDB nor Arrow hears while it works, ends it."""
    doing = worker.submit(work)
    try:
        return doing.result()
    except KeyboardInterrupt:
        cursor.interrupt()
        wait([doing])
        raise


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as error:  # Arrow may wrap what DuckDB says
        said = " ".join(said_by(error).split())
        hint = "; name the columns of the data that it is to have: --field NAME" if _NO_FIELD_VALUES in said else ""
        raise QueryError(said + hint) from error
