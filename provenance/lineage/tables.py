"""The tables of what completion asks a database: references to parents, alignment, and samples of several births.

All else is merged (`lineage.merging`). A completion that needs none of this opens no database.

- ``rows``: the dataset's rows: row, sample_id, content_bytes, tokens, parents, parent_roles, and by the columns of
  these names, model, kind and (its digest) prompt (a Parquet file)
- ``records``: births that the statements here enter, and those of samples that may have been born in several ways;
  ``pending`` where origin and depth still follow from parents. ``low`` and ``high``: how many rows were born this way
  at least and at most. ``carried``: it is how rows that were read came to be, not stated of this dataset
- ``known``: the records of all dependencies' sidecars, numbers counting in the vocabulary, and which of them it is by
  its ``place`` (a view, made for alignment)
- ``left_over``: sample_id, rows: the rows whose births are not in ``records``, of the samples that are asked about
- ``members``: sample_id, rows: of the samples in ``records``, how many rows they have
- ``accounted``: sample_id: the samples of which births are stated
- ``several``: sample_id: carried rows of these may have been born in several ways. Of them, ``several_known`` has the
  records of dependencies, with ``place``, and ``holding`` (place, sample_id, available) who has how many rows; this
  also of samples of which the dataset has more rows than those together
- ``named_parents``: sample_id: whom any record names
- ``units``: number (of the record), sample_id, mark, low, high, rest: the same of rows with one mark, where these are
  known (``rest``: how many of the sample's rows with the mark may have been born in several ways); see `marks`
- ``seen``: sample_id, content_bytes: parents that were read
- ``unchanged``: sample_id, path, rows, again: rows that name the dataset they were in; ``again``: one row of it twice
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.identity import Identity, SampleBatch, Scan
from provenance.identity.reserved import KIND, MODEL, PROMPT
from provenance.lineage.database import Database, parquet_rows
from provenance.lineage.record_rows import record_rows
from provenance.lineage.records import Activity, ActivityType, Origin
from provenance.lineage.schema import BIRTH_NAMES, COLUMN_NAMES, sidecar_schema, sql_columns, sql_type
from provenance.lineage.sidecar import Sidecar
from provenance.lineage.vocabulary import Vocabulary
from provenance.lineage.words import COUNTED_NAMES

# What a record says besides the rows of its own dataset.
RECORD_COLUMNS = tuple(name for name in COLUMN_NAMES if name not in (*COUNTED_NAMES, "marks"))

ROWS_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("sample_id", pa.binary()),
        ("content_bytes", pa.uint64()),
        ("tokens", pa.uint32()),
        ("parents", pa.list_(pa.string())),
        ("parent_roles", pa.list_(pa.string())),
        ("model", pa.string()),
        ("kind", pa.string()),
        ("prompt", pa.binary()),
    ]
)

# The file in a completion's folder that the view ``rows`` reads.
ROWS_FILE = "rows.parquet"
_MARKS = sql_type(sidecar_schema(1).field("marks").type)

_ACTIVITIES_SCHEMA = pa.schema(
    [("number", pa.uint32()), ("id", pa.string()), ("started", pa.timestamp("us", "UTC")), ("generation", pa.bool_())]
)


@dataclass(frozen=True)
class Known:
    """What is known of the samples of a dataset: its ``sidecar``, or that ``unexplained`` (a file of rows) are there.

    ``is_holder``: rows may have been carried over from its rows. ``is_earlier``: see `births.Dependency`.
    """

    path: str
    sidecar: Sidecar | None
    is_holder: bool = True
    is_earlier: bool = False
    unexplained: Path | None = None


_TABLES = f"""
    CREATE TABLE activities(number UINTEGER, id VARCHAR, started TIMESTAMPTZ, generation BOOLEAN);
    CREATE SEQUENCE record_number;
    CREATE TABLE records({sql_columns(RECORD_COLUMNS)}, pending BOOLEAN, low UINTEGER DEFAULT 0,
        high UINTEGER DEFAULT 0, carried BOOLEAN DEFAULT false,
        number UBIGINT DEFAULT nextval('record_number'));
    CREATE TABLE left_over(sample_id BLOB, rows BIGINT);
    CREATE TABLE members(sample_id BLOB, rows UINTEGER);
    CREATE TABLE accounted(sample_id BLOB);
    CREATE TABLE several(sample_id BLOB);
    CREATE TABLE several_known({sql_columns(("sample_id", *BIRTH_NAMES))}, rows UINTEGER, possible_rows UINTEGER,
        marks {_MARKS}, place BIGINT);
    CREATE TABLE holding(place BIGINT, sample_id BLOB, available BIGINT);
    CREATE TABLE named_parents(sample_id BLOB);
    CREATE TABLE units(number UBIGINT, sample_id BLOB, mark BLOB, low BIGINT, high BIGINT, rest BIGINT);
    CREATE TABLE unchanged(sample_id BLOB, path VARCHAR, rows BIGINT, again BOOLEAN);
    CREATE TABLE seen(sample_id BLOB, content_bytes UBIGINT);"""


class Tables:
    """The scratch tables of one completion, made when first asked for, and the vocabulary their numbers refer to.

    ``known``: what is known of the samples, by its places. ``write``: writes the file of rows, if it is not there yet.
    ``reasons``: why rows of datasets were read here one by one, in words that follow "since". ``look``: gives the scan
    of a dataset whose rows are not needed here; None: nobody else reads it.
    """

    def __init__(self, database: Database, folder: Path, digest_size: int, write: Callable[[], None]) -> None:
        self.folder = folder
        self.digest_size = digest_size
        self.known: Sequence[Known] = ()
        self.vocabulary = Vocabulary()
        self.are_told_apart = False
        self.scanned: dict[str, tuple[Scan, Path]] = {}
        self.database = database
        self.reasons: list[str] = []
        self.look: Callable[[Path, Identity], Scan] | None = None
        self._write = write
        self._has_rows = False
        self._entered: set[int] = set()

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        connection = self.database()
        connection.execute(_TABLES)
        return connection

    def require_rows(self, why: str) -> None:
        """Have the view ``rows``; ``why``: see ``reasons``."""
        if not self._has_rows:
            self._write()
            self.connection.execute(f"CREATE VIEW rows AS SELECT * FROM {parquet_rows(self.folder / ROWS_FILE)}")
            self._has_rows = True
        self.reasons.append(why)

    @property
    def are_there(self) -> bool:
        """Whether anything was asked of the tables."""
        return "connection" in self.__dict__

    def insert(self, name: str, rows: pa.Table) -> None:
        """Enter ``rows`` in the table of this name, column by column."""
        self.connection.register("new_rows", rows)
        self.connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM new_rows")
        self.connection.unregister("new_rows")

    def load_known(self, tokenizer: str | None) -> None:
        """Make ``known`` of what is known. Token counts are taken over only from the same tokenizer."""
        selects = [self._known_select(place, known, tokenizer) for place, known in enumerate(self.known)]
        self.connection.execute("CREATE VIEW known AS " + " UNION ALL ".join(selects))

    def _known_select(self, place: int, known: Known, tokenizer: str | None) -> str:
        if known.sidecar is None:
            return _unexplained_select(place, known)
        header = known.sidecar.header
        self.vocabulary.add_header(header)
        agents, sources = places(self.vocabulary.agents), places(self.vocabulary.sources)
        numbers: dict[str, list[int | None]] = {
            "activity": [*self.numbers(header.activities)],
            "agent": [agents[agent.id] for agent in header.agents],
            "source": [sources[source.id] for source in header.sources],
        }
        columns: dict[str, str] = {name: renumbered(name, numbers[name], name) for name in numbers}
        if header.identity.tokenizer != tokenizer:
            columns["tokens"] = "NULL::UINTEGER AS tokens"
        selected = ", ".join(columns.get(name, name) for name in RECORD_COLUMNS)
        return f"SELECT {selected}, {place} AS place FROM {record_rows(known.sidecar)}"

    def numbers(self, activities: Sequence[Activity]) -> list[int]:
        """The numbers of ``activities``; those that are new are entered in the table of that name."""
        self.vocabulary.add(activities)
        place = places(self.vocabulary.activities)
        numbered = [place[activity.id] for activity in activities]
        new = {n: each for n, each in zip(numbered, activities, strict=True) if n not in self._entered}
        if new:
            self.connection.register("new_activities", activities_table(new))
            self.connection.execute("INSERT INTO activities SELECT * FROM new_activities")
            self.connection.unregister("new_activities")
            self._entered.update(new)
        return numbered

    @property
    def is_restated(self) -> bool:
        """Whether births are stated of rows that an earlier sidecar of the dataset knows."""
        return any(known.is_earlier for known in self.known)


def shared_tokenizer(sidecars: Sequence[Sidecar], tokenizer: str | None) -> str | None:
    """The tokenizer whose counts are taken over: ``tokenizer``, else the one that all sidecars name which name any."""
    named = {sidecar.header.identity.tokenizer for sidecar in sidecars} - {None}
    return tokenizer or (named.pop() if len(named) == 1 else None)


def _unexplained_select(place: int, known: Known) -> str:
    given = {
        "sample_id": "sample_id",
        "content_bytes": "any_value(content_bytes)",
        "origin": f"'{Origin.UNKNOWN}'",
        "parents": "[]",
        "parent_roles": "[]",
    }
    fields = sidecar_schema(1)
    selected = ", ".join(
        f"({given.get(name, 'NULL')})::{sql_type(fields.field(name).type)} AS {name}" for name in RECORD_COLUMNS
    )
    assert known.unexplained is not None
    return f"SELECT {selected}, {place} AS place FROM {parquet_rows(known.unexplained)} GROUP BY sample_id"


def write_rows(batches: Iterable[SampleBatch], file: Path) -> None:
    """Write scanned batches as the Parquet file behind the ``rows`` table."""
    with rows_writer(file) as writer:
        for batch in batches:
            writer.write_batch(rows_batch(batch))


def rows_writer(file: Path) -> pq.ParquetWriter:
    """A writer of such a file."""
    return pq.ParquetWriter(file, ROWS_SCHEMA, compression="lz4", use_dictionary=False, write_statistics=False)


def rows_batch(batch: SampleBatch) -> pa.RecordBatch:
    """A scanned batch as rows of that table."""
    count = len(batch.sample_ids)
    columns = [
        pa.array(np.arange(batch.first_row, batch.first_row + count, dtype=np.int64)),
        batch.sample_ids.cast(pa.binary()),
        batch.content_bytes,
        *(
            pa.nulls(count, ROWS_SCHEMA.field(name).type) if column is None else column
            for name, column in (
                ("tokens", batch.tokens),
                ("parents", batch.parents),
                ("parent_roles", batch.parent_roles),
                ("model", batch.stated.get(MODEL)),
                ("kind", batch.stated.get(KIND)),
                ("prompt", batch.stated.get(PROMPT)),
            )
        ),
    ]
    return pa.record_batch(columns, schema=ROWS_SCHEMA)


def rows_of_samples(numbers: Sequence[int], ids: Sequence[bytes], sizes: Sequence[int | None]) -> pa.RecordBatch:
    """Samples that are known by their ids, as rows of the ``rows`` table that have nothing else."""
    given = {"row": numbers, "sample_id": ids, "content_bytes": sizes}
    columns = [
        pa.array(given[field.name], field.type) if field.name in given else pa.nulls(len(ids), field.type)
        for field in ROWS_SCHEMA
    ]
    return pa.record_batch(columns, schema=ROWS_SCHEMA)


def activities_table(activities: Mapping[int, Activity]) -> pa.Table:
    """What the order of births and the rules ask of activities, by their numbers."""
    described = [
        {
            "number": number,
            "id": activity.id,
            "started": activity.started,
            "generation": activity.type is ActivityType.GENERATION,
        }
        for number, activity in activities.items()
    ]
    return pa.Table.from_pylist(described, schema=_ACTIVITIES_SCHEMA)


def renumbered(column: str, numbers: Sequence[int | None], name: str) -> str:
    """An SQL expression, called ``name``, that replaces number i in ``column`` by ``numbers[i]``."""
    listed = ", ".join("NULL" if number is None else str(number) for number in numbers)
    return f"([{listed}]::UINTEGER[])[{column} + 1] AS {name}"


def places(identifiers: Iterable[str]) -> dict[str, int]:
    """The number of each description of a vocabulary: its place."""
    return {identifier: number for number, identifier in enumerate(identifiers)}


def renumbering(everything: Iterable[str], used: Iterable[str]) -> list[int | None]:
    """The place in ``used`` of each of ``everything``."""
    place = places(used)
    return [place.get(identifier) for identifier in everything]
