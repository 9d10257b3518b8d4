"""The tables that completion works on, in a scratch DuckDB database.

- ``rows``: the dataset's rows: row, sample_id, content_bytes, tokens, parents, parent_roles, and by the columns of
  these names, model, kind and (its digest) prompt (a Parquet file)
- ``members``: its distinct samples: sample_id, rows, content_bytes, tokens
- ``known``: the records of all dependencies' sidecars, numbers counting in the vocabulary, and which of them it is by
  its ``place`` (a view)
- ``records``: the records gathered for the new sidecar; ``pending`` where origin and depth still follow from parents.
  ``low`` and ``high``: how many rows were born this way at least and at most. ``held``: a dataset that was read may
  have a row that was born this way. ``carried``: it is how rows that were read came to be, not stated of this dataset
- ``accounted``: sample_id, rows: how many rows have their births in ``records``, entry by entry
- ``left_over``: sample_id, rows: the rows that have not (a view)
- ``units``: number (of the record), sample_id, mark, low, high, rest: the same of rows with one mark, where these are
  known (``rest``: how many of the sample's rows with the mark may have been born in several ways); see `marks`
- ``unchanged``: sample_id, path, rows, again: rows that name the dataset they were in; ``again``: one row of it twice
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.identity import SampleBatch, Scan
from provenance.identity.reserved import KIND, MODEL, PROMPT
from provenance.lineage.database import count, parquet_rows, stream
from provenance.lineage.record_rows import record_rows
from provenance.lineage.records import Activity, ActivityType, Origin
from provenance.lineage.schema import (
    COLUMN_NAMES,
    ROW_GROUP_ROWS,
    sidecar_schema,
    sql_columns,
    sql_type,
    with_constants,
)
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
_NO_MARKS = f"NULL::{sql_type(sidecar_schema(1).field('marks').type)} AS marks"

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


class Tables:
    """The scratch tables of one completion, and the vocabulary that their numbers refer to."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path, digest_size: int) -> None:
        self.connection = connection
        self.folder = folder
        self.digest_size = digest_size
        self.vocabulary = Vocabulary()
        self.tokenizer: str | None = None
        self.known: Sequence[Known] = ()
        self.are_told_apart = False
        self.scanned: dict[str, tuple[Scan, Path]] = {}
        self._entered: set[int] = set()
        execute = connection.execute
        execute("CREATE TABLE activities(number UINTEGER, id VARCHAR, started TIMESTAMPTZ, generation BOOLEAN)")
        execute("CREATE SEQUENCE record_number")
        execute(
            f"CREATE TABLE records({sql_columns(RECORD_COLUMNS)}, pending BOOLEAN, rank UINTEGER DEFAULT 1, "
            "low UINTEGER DEFAULT 0, high UINTEGER DEFAULT 0, held BOOLEAN DEFAULT false, carried BOOLEAN "
            "DEFAULT false, number UBIGINT DEFAULT nextval('record_number'))"
        )
        execute("CREATE TABLE accounted(sample_id BLOB, rows BIGINT)")
        execute("CREATE TABLE units(number UBIGINT, sample_id BLOB, mark BLOB, low BIGINT, high BIGINT, rest BIGINT)")
        execute("CREATE TABLE unchanged(sample_id BLOB, path VARCHAR, rows BIGINT, again BOOLEAN)")
        execute(f"CREATE VIEW rows AS SELECT * FROM {parquet_rows(folder / ROWS_FILE)}")

    def load_members(self) -> None:
        """Count the dataset's distinct samples."""
        self.connection.execute(
            "CREATE TABLE members AS SELECT sample_id, count(*)::UINTEGER AS rows, any_value(content_bytes) AS "
            "content_bytes, max(tokens) AS tokens FROM rows GROUP BY sample_id"
        )
        self.connection.execute(
            "CREATE VIEW left_over AS SELECT sample_id, m.rows - coalesce(a.rows, 0) AS rows FROM members m LEFT JOIN "
            "(SELECT sample_id, sum(rows) AS rows FROM accounted GROUP BY 1) a USING (sample_id) "
            "WHERE m.rows > coalesce(a.rows, 0)"
        )

    def load_known(self, sidecars: Sequence[Known], tokenizer: str | None) -> None:
        """Make ``known`` of the sidecars, the holders. Token counts are taken over only from the same tokenizer."""
        self.tokenizer = shared_tokenizer([known.sidecar for known in sidecars if known.sidecar], tokenizer)
        self.known = sidecars
        selects = [self._known_select(place, known) for place, known in enumerate(sidecars)]
        nothing = f"SELECT {', '.join(RECORD_COLUMNS)}, low AS rows, low AS possible_rows, low AS ambiguous_rows, "
        nothing += f"0 AS place, {_NO_MARKS} FROM records WHERE false"
        self.connection.execute("CREATE VIEW known AS " + " UNION ALL ".join(selects or [nothing]))

    def _known_select(self, place: int, known: Known) -> str:
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
        if header.identity.tokenizer != self.tokenizer:
            columns["tokens"] = "NULL::UINTEGER AS tokens"
        if not known.is_holder:
            columns |= {name: f"{'0' if name == 'rows' else 'NULL'}::UINTEGER AS {name}" for name in COUNTED_NAMES}
        selected = ", ".join(columns.get(name, name) for name in (*RECORD_COLUMNS, *COUNTED_NAMES))
        marks = "marks" if known.is_holder else _NO_MARKS
        return f"SELECT {selected}, {place} AS place, {marks} FROM {record_rows(known.sidecar)}"

    def account_for(self, query: str) -> int:
        """Enter the result of ``query``, samples and numbers of rows, in ``accounted``; how many rows these are."""
        before = self.accounted_rows()
        self.connection.execute(f"INSERT INTO accounted {query}")
        return self.accounted_rows() - before

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

    def accounted_rows(self) -> int:
        """How many rows have been entered in ``accounted``."""
        return count(self.connection, "SELECT coalesce(sum(rows), 0) FROM accounted")

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
            "rows": "low AS rows",
            "possible_rows": "nullif(high - low, 0) AS possible_rows",
            "ambiguous_rows": "CASE WHEN rank = 1 THEN d.ambiguous_rows END AS ambiguous_rows",
            "content_bytes": "coalesce(m.content_bytes, r.content_bytes) AS content_bytes",
            "tokens": "coalesce(m.tokens, r.tokens) AS tokens",
            "activity": renumbered("activity", renumbering(self.vocabulary.activities, used.activities), "activity"),
            "agent": renumbered("agent", renumbering(self.vocabulary.agents, used.agents), "agent"),
            "source": renumbered("source", renumbering(self.vocabulary.sources, used.sources), "source"),
        }
        joined = ""
        schema = sidecar_schema(self.digest_size)
        constants = self._constant_columns([name for name in schema.names if name not in (*columns, "marks")])
        if count(self.connection, "SELECT count(*) FROM kept_marks"):
            # Also a birth that none of the sample's rows had says that these are known by their marks.
            is_kept = "sample_id IN (SELECT sample_id FROM kept_marks)"
            columns["marks"] = f"coalesce(k.marks, CASE WHEN {is_kept} THEN [] END) AS marks"
            joined = "LEFT JOIN listed_marks k USING (number)"
        else:
            constants["marks"] = None
        varying = [name for name in schema.names if name not in constants]
        selected = ", ".join(columns.get(name, name) for name in varying)
        query = (
            f"SELECT {selected} FROM records r LEFT JOIN members m USING (sample_id) "
            f"LEFT JOIN divided d USING (sample_id) {joined} ORDER BY sample_id, rank"
        )
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
        "rows": "count(*)",
    }
    fields = sidecar_schema(1)
    selected = ", ".join(
        f"({given.get(name, 'NULL')})::{sql_type(fields.field(name).type)} AS {name}"
        for name in (*RECORD_COLUMNS, *COUNTED_NAMES)
    )
    assert known.unexplained is not None
    return f"SELECT {selected}, {place} AS place, {_NO_MARKS} FROM {parquet_rows(known.unexplained)} GROUP BY sample_id"


def write_rows(batches: Iterable[SampleBatch], file: Path) -> None:
    """Write scanned batches as the Parquet file behind the ``rows`` table."""
    with pq.ParquetWriter(file, ROWS_SCHEMA, compression="lz4", use_dictionary=False, write_statistics=False) as writer:
        for batch in batches:
            count_ = len(batch.sample_ids)
            columns = [
                pa.array(np.arange(batch.first_row, batch.first_row + count_, dtype=np.int64)),
                batch.sample_ids.cast(pa.binary()),
                batch.content_bytes,
                *(
                    pa.nulls(count_, ROWS_SCHEMA.field(name).type) if column is None else column
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
            writer.write_batch(pa.record_batch(columns, schema=ROWS_SCHEMA))


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
