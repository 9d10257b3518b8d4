"""The tables that completion works on, in a scratch DuckDB database.

- ``rows``: the dataset's rows: row, sample_id, content_bytes, tokens, parents, parent_roles (a Parquet file)
- ``members``: its distinct samples: sample_id, rows, content_bytes, tokens
- ``known``: the records of all dependencies' sidecars, numbers counting in the vocabulary (a view)
- ``records``: the records gathered for the new sidecar; ``pending`` where origin and depth still follow from parents
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.identity import SampleBatch
from provenance.lineage.database import count, parquet_rows, stream
from provenance.lineage.records import Activity, ActivityType
from provenance.lineage.schema import COLUMN_NAMES, COUNTED_NAMES, ROW_GROUP_ROWS, sidecar_schema, sql_columns
from provenance.lineage.sidecar import Sidecar
from provenance.lineage.vocabulary import Vocabulary

# What a record says besides the rows of its own dataset.
RECORD_COLUMNS = tuple(name for name in COLUMN_NAMES if name not in COUNTED_NAMES)

_ROWS_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("sample_id", pa.binary()),
        ("content_bytes", pa.uint64()),
        ("tokens", pa.uint32()),
        ("parents", pa.list_(pa.string())),
        ("parent_roles", pa.list_(pa.string())),
    ]
)


_ACTIVITIES_SCHEMA = pa.schema(
    [("number", pa.uint32()), ("id", pa.string()), ("started", pa.timestamp("us", "UTC")), ("generation", pa.bool_())]
)


class Tables:
    """The scratch tables of one completion, and the vocabulary that their numbers refer to."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path, digest_size: int) -> None:
        self.connection = connection
        self.folder = folder
        self.digest_size = digest_size
        self.vocabulary = Vocabulary()
        self.tokenizer: str | None = None
        self.known_sidecars = 0
        self._explained_rows = 0
        self._entered: set[int] = set()
        execute = connection.execute
        execute("CREATE TABLE activities(number UINTEGER, id VARCHAR, started TIMESTAMPTZ, generation BOOLEAN)")
        execute("CREATE SEQUENCE record_number")
        execute(
            f"CREATE TABLE records({sql_columns(RECORD_COLUMNS)}, pending BOOLEAN, rank UINTEGER DEFAULT 1, "
            "number UBIGINT DEFAULT nextval('record_number'))"
        )
        execute(f"CREATE VIEW rows AS SELECT * FROM {parquet_rows(folder / 'rows.parquet')}")

    def load_members(self) -> None:
        """Count the dataset's distinct samples."""
        self.connection.execute(
            "CREATE TABLE members AS SELECT sample_id, count(*)::UINTEGER AS rows, any_value(content_bytes) AS "
            "content_bytes, max(tokens) AS tokens FROM rows GROUP BY sample_id"
        )

    def load_known(self, sidecars: Sequence[Sidecar], tokenizer: str | None) -> None:
        """Make ``known`` of the sidecars. Token counts are taken over only from the same tokenizer."""
        named = {sidecar.header.identity.tokenizer for sidecar in sidecars} - {None}
        self.tokenizer = tokenizer or (named.pop() if len(named) == 1 else None)
        self.known_sidecars = len(sidecars)
        selects = [self._known_select(sidecar) for sidecar in sidecars]
        nothing = f"SELECT {', '.join(RECORD_COLUMNS)} FROM records WHERE false"
        self.connection.execute("CREATE VIEW known AS " + " UNION ALL ".join(selects or [nothing]))

    def _known_select(self, sidecar: Sidecar) -> str:
        header = sidecar.header
        self.vocabulary.add_header(header)
        agents, sources = places(self.vocabulary.agents), places(self.vocabulary.sources)
        numbers: dict[str, list[int | None]] = {
            "activity": [*self.numbers(header.activities)],
            "agent": [agents[agent.id] for agent in header.agents],
            "source": [sources[source.id] for source in header.sources],
        }
        columns: dict[str, str] = {name: renumbered(name, numbers[name], name) for name in numbers}
        if header.identity.tokenizer != self.tokenizer:
            columns["tokens"] = "NULL::UINTEGER AS tokens"
        selected = ", ".join(columns.get(name, name) for name in RECORD_COLUMNS)
        return f"SELECT {selected} FROM {parquet_rows(sidecar.path)}"

    def numbers(self, activities: Sequence[Activity]) -> list[int]:
        """The numbers of ``activities``; those that are new are entered in the table of that name."""
        self.vocabulary.add(activities)
        place = places(self.vocabulary.activities)
        numbered = [(place[identifier], identifier) for identifier in (activity.id for activity in activities)]
        new = {
            number: {
                "number": number,
                "id": identifier,
                "started": activity.started,
                "generation": activity.type is ActivityType.GENERATION,
            }
            for (number, identifier), activity in zip(numbered, activities, strict=True)
            if number not in self._entered
        }
        if new:
            table = pa.Table.from_pylist(list(new.values()), schema=_ACTIVITIES_SCHEMA)
            self.connection.register("new_activities", table)
            self.connection.execute("INSERT INTO activities SELECT * FROM new_activities")
            self.connection.unregister("new_activities")
            self._entered.update(new)
        return [number for number, _ in numbered]

    def newly_explained_rows(self) -> int:
        """How many rows of the dataset have a record that had none when this was last called."""
        total = count(self.connection, "SELECT coalesce(sum(rows), 0) FROM members SEMI JOIN records USING (sample_id)")
        new, self._explained_rows = total - self._explained_rows, total
        return new

    def use_vocabulary(self, activities: Iterable[Activity]) -> Vocabulary:
        """The part of the vocabulary that the gathered records need, and that ``activities`` do."""
        used = [
            [
                row[0]
                for row in self.connection.execute(
                    f"SELECT DISTINCT {column} FROM records WHERE {column} IS NOT NULL ORDER BY 1"
                ).fetchall()
            ]
            for column in ("activity", "agent", "source")
        ]
        used[0] += self.numbers(list(activities))
        return self.vocabulary.only(*used)

    def sorted_batches(self, used: Vocabulary) -> Iterator[pa.RecordBatch]:
        """The sidecar's rows in its order, numbers counting in ``used``.

        A column that is the same throughout, as most are, is put in afterwards: sorting costs by the width of rows.
        """
        columns = {
            "sample_id": "r.sample_id",
            "rows": "CASE WHEN rank = 1 THEN coalesce(m.rows, 0) ELSE 0 END AS rows",
            "possible_rows": "NULL::UINTEGER AS possible_rows",
            "ambiguous_rows": "NULL::UINTEGER AS ambiguous_rows",
            "content_bytes": "coalesce(m.content_bytes, r.content_bytes) AS content_bytes",
            "tokens": "coalesce(m.tokens, r.tokens) AS tokens",
            "activity": renumbered("activity", _renumbering(self.vocabulary.activities, used.activities), "activity"),
            "agent": renumbered("agent", _renumbering(self.vocabulary.agents, used.agents), "agent"),
            "source": renumbered("source", _renumbering(self.vocabulary.sources, used.sources), "source"),
        }
        schema = sidecar_schema(self.digest_size)
        constants = self._constant_columns([name for name in schema.names if name not in columns])
        varying = [name for name in schema.names if name not in constants]
        selected = ", ".join(columns.get(name, name) for name in varying)
        query = f"SELECT {selected} FROM records r LEFT JOIN members m USING (sample_id) ORDER BY sample_id, rank"
        batches = stream(self.connection, query, ROW_GROUP_ROWS)
        yield from with_constants((batch.rename_columns(varying) for batch in batches), constants, schema)

    def _constant_columns(self, names: Sequence[str]) -> dict[str, object]:
        """Those of the columns that have one value, or none, in all records; lists, only where they are all empty."""
        lists = [name for name in names if name in ("parents", "parent_roles")]
        plain = [name for name in names if name not in lists]
        tests = [
            f"CASE WHEN count({n}) = 0 OR (count({n}) = count(*) AND min({n}) = max({n})) THEN 1 END" for n in plain
        ]
        tests += [f"CASE WHEN max(len({name})) = 0 THEN 1 END" for name in lists]
        values = [f"min({name})" for name in plain] + ["[]" for _ in lists]
        (found,) = self.connection.execute(f"SELECT {', '.join(tests + values)} FROM records").fetchall()
        ordered = [*plain, *lists]
        return {name: found[len(ordered) + place] for place, name in enumerate(ordered) if found[place]}


def write_rows(batches: Iterable[SampleBatch], file: Path) -> None:
    """Write scanned batches as the Parquet file behind the ``rows`` table."""
    with pq.ParquetWriter(
        file, _ROWS_SCHEMA, compression="lz4", use_dictionary=False, write_statistics=False
    ) as writer:
        for batch in batches:
            count_ = len(batch.sample_ids)
            columns = [
                pa.array(np.arange(batch.first_row, batch.first_row + count_, dtype=np.int64)),
                batch.sample_ids.cast(pa.binary()),
                batch.content_bytes,
                *(
                    pa.nulls(count_, _ROWS_SCHEMA.field(name).type) if column is None else column
                    for name, column in (
                        ("tokens", batch.tokens),
                        ("parents", batch.parents),
                        ("parent_roles", batch.parent_roles),
                    )
                ),
            ]
            writer.write_batch(pa.record_batch(columns, schema=_ROWS_SCHEMA))


def with_constants(
    batches: Iterable[pa.RecordBatch], constants: Mapping[str, object], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """``batches`` with columns that are the same throughout put in; all in the order and of the types of ``schema``."""
    repeated: dict[str, pa.Array] = {}
    longest = -1
    for batch in batches:
        if batch.num_rows > longest:
            longest = batch.num_rows
            repeated = {
                name: pa.repeat(pa.scalar(value, schema.field(name).type), longest) for name, value in constants.items()
            }
        columns = [
            repeated[field.name].slice(0, batch.num_rows)
            if field.name in repeated
            else batch[field.name].cast(field.type)
            for field in schema
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def renumbered(column: str, numbers: Sequence[int | None], name: str) -> str:
    """An SQL expression, called ``name``, that replaces number i in ``column`` by ``numbers[i]``."""
    listed = ", ".join("NULL" if number is None else str(number) for number in numbers)
    return f"([{listed}]::UINTEGER[])[{column} + 1] AS {name}"


def places(identifiers: Iterable[str]) -> dict[str, int]:
    """The number of each description of a vocabulary: its place."""
    return {identifier: number for number, identifier in enumerate(identifiers)}


def _renumbering(everything: Iterable[str], used: Iterable[str]) -> list[int | None]:
    place = places(used)
    return [place.get(identifier) for identifier in everything]
