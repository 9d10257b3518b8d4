"""The columns of a sidecar, and of the births that go into one: this is where a column is added.

All else that lists columns takes them from `COLUMNS`: Arrow schemas, the tables of completion, what a tombstone keeps,
the columns of `samples` in SQL questions. `Birth` and `records.Record` spell them out for type checkers and for JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict

import pyarrow as pa

from provenance.lineage.words import MARK_BYTES

if TYPE_CHECKING:
    from provenance.lineage.records import Evidence, Kind, Origin, SourceType

FORMAT_VERSION = "1.0"
# The first minor version that knows folders; a sidecar of one file is as readers of 1.0 know it.
SHARDED_VERSION = "1.1"
ROW_GROUP_ROWS = 32_768
COST_TYPE = pa.decimal128(20, 10)


class Column(NamedTuple):
    """A column of a sidecar. ``type``: Arrow's; ``id`` is that of sample ids and digests, ``ids`` a list of them.

    ``stated``: a birth says it, rather than that it is counted or follows from other records. ``kept``: a tombstone
    says it as the birth did: it tells what the sample is, not how it was made.
    """

    name: str
    type: pa.DataType | Literal["id", "ids"]
    stated: bool = False
    kept: bool = False
    nullable: bool = True


# Of the rows with one mark: how many were born this way, as the columns of these names say of all; and how many of them
# may have been born in several ways, the same in each record of the sample that has the mark.
_MARKS = pa.list_(
    pa.struct(
        [
            pa.field("mark", pa.binary(MARK_BYTES), nullable=False),
            pa.field("rows", pa.uint32(), nullable=False),
            pa.field("possible_rows", pa.uint32()),
            pa.field("ambiguous_rows", pa.uint32()),
        ]
    )
)

# In the order in which a sidecar has them.
COLUMNS = (
    Column("sample_id", "id", kept=True, nullable=False),
    # How many rows were born this way: for certain, and beyond that possibly; and, on the first record, how many of the
    # sample's rows may have been born in several ways.
    Column("rows", pa.uint32(), nullable=False),
    Column("possible_rows", pa.uint32()),
    Column("ambiguous_rows", pa.uint32()),
    # Null: the sample's rows are not known by their marks.
    Column("marks", _MARKS),
    # How many births, equal in all that is stated, the record stands for; null: one.
    Column("calls", pa.uint32()),
    # Bits, see `words.DOUBTS`.
    Column("doubts", pa.uint8()),
    Column("content_bytes", pa.uint64(), kept=True),
    Column("tokens", pa.uint32(), kept=True),
    Column("origin", pa.string(), stated=True, kept=True),
    Column("kind", pa.string(), stated=True, kept=True),
    Column("source_type", pa.string(), stated=True, kept=True),
    Column("activity", pa.uint32(), stated=True),
    Column("parents", "ids", stated=True),
    Column("parent_roles", pa.list_(pa.string()), stated=True),
    Column("prompt", "id", stated=True),
    Column("prompt_text", pa.string(), stated=True),
    Column("response_id", pa.string(), stated=True),
    Column("seed", pa.int64(), stated=True),
    Column("input_tokens", pa.uint32(), stated=True),
    Column("output_tokens", pa.uint32(), stated=True),
    Column("cost", COST_TYPE, stated=True),
    Column("verdict", pa.string(), stated=True),
    Column("verifier", pa.string(), stated=True),
    Column("agent", pa.uint32()),
    Column("source", pa.uint32()),
    Column("depth", pa.uint16(), kept=True),
    Column("real_rooted", pa.bool_(), kept=True),
    Column("license", pa.string(), stated=True),
    Column("evidence", pa.string(), stated=True),
    # The weakest evidence of the record and of all that it goes back to; null where something there is unexplained.
    Column("chain_evidence", pa.string()),
)
COLUMN_NAMES = tuple(column.name for column in COLUMNS)
BIRTH_NAMES = tuple(column.name for column in COLUMNS if column.stated)
TOMBSTONE_NAMES = tuple(column.name for column in COLUMNS if column.kept)


class Birth(TypedDict, total=False):
    """A birth as `statements` and recorders write it, the columns of `birth_schema`: ids in hex, costs as text."""

    row: int
    origin: Origin | str | None
    kind: Kind | str | None
    source_type: SourceType | str | None
    activity: int
    parents: list[str]
    parent_roles: list[str]
    prompt: str
    prompt_text: str
    response_id: str | None
    seed: int | None
    input_tokens: int
    output_tokens: int
    cost: str | None
    verdict: str
    verifier: str
    license: str | None
    evidence: Evidence | str


def _fields(columns: tuple[Column, ...], id_type: pa.DataType) -> list[pa.Field]:
    types: dict[str, pa.DataType] = {"id": id_type, "ids": pa.list_(id_type)}
    return [
        pa.field(column.name, types[column.type] if isinstance(column.type, str) else column.type, column.nullable)
        for column in columns
    ]


def birth_schema() -> pa.Schema:
    """Births of single rows: ``row`` (from 1) and what is known of it. Ids are binary; ``activity`` is an index."""
    stated = tuple(column for column in COLUMNS if column.stated)
    return pa.schema([pa.field("row", pa.int64()), *_fields(stated, pa.binary())])


def sidecar_schema(digest_size: int) -> pa.Schema:
    """The columns of a sidecar whose sample ids are ``digest_size`` bytes long."""
    return pa.schema(_fields(COLUMNS, pa.binary(digest_size)))


def sql_type(kind: pa.DataType) -> str:
    """DuckDB's name of the type of a column."""
    if pa.types.is_list(kind):
        return f"{sql_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        return f"STRUCT({', '.join(f'{field.name} {sql_type(field.type)}' for field in kind)})"
    if pa.types.is_fixed_size_binary(kind):
        return "BLOB"
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    return _SQL_TYPES[kind]


_SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.binary(): "BLOB",
    pa.uint8(): "UTINYINT",
    pa.uint16(): "USMALLINT",
    pa.uint32(): "UINTEGER",
    pa.uint64(): "UBIGINT",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
}


def sql_columns(names: tuple[str, ...]) -> str:
    """The definitions of these columns for CREATE TABLE; ids are of any length."""
    fields = {field.name: field for field in _fields(COLUMNS, pa.binary())}
    return ", ".join(f"{name} {sql_type(fields[name].type)}" for name in names)


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
