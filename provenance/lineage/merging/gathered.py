"""Records in memory: columns of Arrow, and of each record the number of its sample and those of its parents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.identity.arrow_values import as_one
from provenance.lineage.database import Database
from provenance.lineage.merging.lists import empty_lists, lengths_of
from provenance.lineage.merging.numbering import Ids, Numbers, ranges, starts_of
from provenance.lineage.records import Origin
from provenance.lineage.schema import sidecar_schema
from provenance.lineage.tables import RECORD_COLUMNS

# Columns of few different values: a dictionary of these, and numbers in it.
_CODED = frozenset(
    {"origin", "kind", "source_type", "verdict", "verifier", "license", "evidence", "chain_evidence"},
)
_Column = TypeVar("_Column", pa.Array, pa.ChunkedArray)
STATED = tuple(name for name in RECORD_COLUMNS if name != "sample_id")


def coded_schema(digest_size: int) -> pa.Schema:
    """The columns of records but their ids, those of few values as dictionaries."""
    plain = sidecar_schema(digest_size)
    coded = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([(name, coded if name in _CODED else plain.field(name).type) for name in STATED])


def coded_names(among: Sequence[str] = STATED) -> list[str]:
    """The names of the columns that are dictionaries."""
    return [name for name in among if name in _CODED]


_TYPES = {field.name: field.type for field in coded_schema(1)}
# Columns that are there even where they hold nothing.
_ALWAYS = frozenset({"origin", "parents", "parent_roles"})


# Of a table of which less than this part is wanted, the rest is let go at once.
_LEAST_KEPT = 1 / 4


@dataclass(frozen=True)
class Records:
    """``samples``: the number of each record's sample, among those of its range of ids. ``parents``: those of all
    parents, one record after the other, among all samples.

    ``table``: columns of `coded_schema`, but for those that are null throughout: most are, and would take memory.
    ``at``: which of its rows each record is; None: they are as they are. Records are chosen and put together more than
    once, and columns are moved only once, when all that is known.
    """

    table: pa.Table
    samples: Numbers
    parents: Numbers
    at: Numbers | None = None

    def __len__(self) -> int:
        return len(self.samples)

    def __getstate__(self) -> dict[str, Any]:
        # What goes to a file has what it needs, and no more.
        return {"table": self.dense, "samples": self.samples, "parents": self.parents, "at": None}

    @property
    def dense(self) -> pa.Table:
        """The columns of these records alone, in order."""
        return self.table if self.at is None else self.table.take(pa.array(self.at)).combine_chunks()

    @cached_property
    def lengths(self) -> Numbers:
        """How many parents each record has."""
        if not len(self):
            return np.empty(0, np.int64)
        lengths = lengths_of(self.table["parents"].chunk(0))
        return lengths if self.at is None else lengths[self.at]

    def whole(self, name: str) -> pa.Array:
        """The column of this name in the table, in which `places` are; also where it is null throughout."""
        if name not in self.table.column_names:
            return pa.nulls(len(self.table), _TYPES[name])
        return as_one(self.table[name])

    def places(self, chosen: Numbers) -> Numbers:
        """The places in the table of the records that are ``chosen``."""
        return chosen if self.at is None else self.at[chosen]

    def column(self, name: str) -> pa.Array:
        """The column of this name, also where it is null throughout."""
        if name not in self.table.column_names:
            return pa.nulls(len(self), _TYPES[name])
        return self.whole(name) if self.at is None else self.whole(name).take(pa.array(self.at))

    def some(self, names: Sequence[str], places: Numbers) -> pa.Table:
        """These columns of the records at these places."""
        index = pa.array(self.places(places))
        is_there = self.table.column_names
        return pa.table(
            {
                name: self.whole(name).take(index) if name in is_there else pa.nulls(len(places), _TYPES[name])
                for name in names
            }
        )

    def take(self, places: Numbers) -> Records:
        """The records at these places."""
        lengths = self.lengths
        chosen = ranges(starts_of(lengths)[places], lengths[places])
        found = Records(self.table, self.samples[places], self.parents[chosen], self.places(places))
        if len(found) < _LEAST_KEPT * len(self.table):
            found = Records(found.dense, found.samples, found.parents)
        return found

    def with_values(self, places: Numbers, values: Mapping[str, pa.ChunkedArray]) -> Records:
        """The records with other values in some columns at these places."""
        table = self.dense
        for name, given in values.items():
            column = self.column(name)
            both = pa.concat_arrays([column, *(chunk.cast(column.type) for chunk in given.chunks)])
            at = np.arange(len(self))
            at[places] = len(self) + np.arange(len(places))
            added = both.take(pa.array(at))
            index = table.schema.get_field_index(name)
            table = table.append_column(name, added) if index < 0 else table.set_column(index, name, added)
        return Records(table.combine_chunks(), self.samples, self.parents)

    @staticmethod
    def of(parts: Sequence[Records]) -> Records:
        """All of ``parts``, one after the other."""
        samples, parents = (np.concatenate([getattr(part, name) for part in parts]) for name in ("samples", "parents"))
        tables = [*{id(part.table): part.table for part in parts}.values()]
        starts = dict(zip(map(id, tables), starts_of(np.array([*map(len, tables)])).tolist()[:-1], strict=True))
        at = np.concatenate([starts[id(part.table)] + part.places(np.arange(len(part))) for part in parts])
        return Records(joined(tables), samples, parents, at)


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of all ``tables``, each without columns that are null throughout."""
    fields = {field.name: field for table in tables for field in table.schema}
    schema = pa.schema([fields[name] for name in STATED if name in fields])
    return pa.concat_tables([with_nulls(table, schema) for table in tables]).unify_dictionaries().combine_chunks()


def with_nulls(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """``table`` with all columns of ``schema``; those that it lacks are null."""
    names = table.column_names
    columns = [table[field.name] if field.name in names else pa.nulls(len(table), field.type) for field in schema]
    return pa.table(columns, schema=schema)


def without_nulls(table: pa.Table) -> pa.Table:
    """``table`` without columns that are null throughout."""
    return table.select([name for name in table.column_names if name in _ALWAYS or table[name].null_count < len(table)])


def strangers(samples: Numbers, digest_size: int, content_bytes: pa.Array | None = None) -> Records:
    """Records of samples that nobody explained; ``content_bytes``: how long these are, where that is known."""
    count, schema = len(samples), coded_schema(digest_size)
    columns = {
        "origin": pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([Origin.UNKNOWN.value])),
        **{name: empty_lists(count, schema.field(name).type) for name in ("parents", "parent_roles")},
    }
    if content_bytes is not None:
        columns = {"content_bytes": content_bytes.cast(pa.uint64()), **columns}
    return Records(without_nulls(pa.table(columns)), samples, np.empty(0, np.int64))


def codes(array: pa.Array) -> tuple[npt.NDArray[np.int64], int]:
    """The values of a column as numbers from 0, null as one of them; how many there may be."""
    if pa.types.is_dictionary(array.type):
        count = len(array.dictionary)
        return array.indices.fill_null(count).to_numpy().astype(np.int64), count + 1
    kind = pa.uint8() if pa.types.is_boolean(array.type) else array.type
    values = array.cast(kind).cast(pa.int64()).fill_null(-1).to_numpy() + 1
    return values, int(values.max(initial=0)) + 1


def answer(database: Database, sql: str, tables: Mapping[str, pa.Table], schema: pa.Schema) -> pa.Table:
    """What ``sql`` gives of ``tables``, as columns of those types of ``schema`` that have their names."""
    connection = database()
    for name, table in tables.items():
        connection.register(name, table)
    found = connection.sql(sql).to_arrow_table()
    for name in tables:
        connection.unregister(name)
    names = schema.names
    fields = [schema.field(each.name) if each.name in names else each for each in found.schema]
    columns = [as_kind(found[field.name], field.type) for field in fields]
    return pa.table(columns, schema=pa.schema(fields)).combine_chunks()


def as_kind(column: _Column, kind: pa.DataType) -> _Column:
    """``column`` as one of the type ``kind``, a dictionary even where ``column`` is plain."""
    if pa.types.is_dictionary(kind) and not pa.types.is_dictionary(column.type):
        return column.cast(kind.value_type).dictionary_encode()
    return column.cast(kind)


def ids_of(array: pa.Array, size: int) -> Ids:
    """The ids in an array without nulls, a row of bytes each."""
    from provenance.identity.id_arrays import bytes_of_ids

    return bytes_of_ids(array.cast(pa.binary(size)))


def binary_of(ids: Ids) -> pa.FixedSizeBinaryArray:
    """Ids as a column of Arrow."""
    kind, content = pa.binary(ids.shape[1]), pa.py_buffer(np.ascontiguousarray(ids))
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(ids), [None, content])
