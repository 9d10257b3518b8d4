"""Records in memory: columns of Arrow, and of each record the number of its sample and those of its parents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

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
STATED = tuple(name for name in RECORD_COLUMNS if name != "sample_id")


class NotPlainError(Exception):
    """This completion has something that only the tables of `completion` can settle."""


def coded_schema(digest_size: int) -> pa.Schema:
    """The columns of records but their ids, those of few values as dictionaries."""
    plain = sidecar_schema(digest_size)
    coded = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([(name, coded if name in _CODED else plain.field(name).type) for name in STATED])


def coded_names() -> list[str]:
    """The names of the columns that are dictionaries."""
    return [name for name in STATED if name in _CODED]


_TYPES = {field.name: field.type for field in coded_schema(1)}
# Columns that are there even where they hold nothing.
_ALWAYS = frozenset({"origin", "parents", "parent_roles"})


@dataclass(frozen=True)
class Records:
    """``table``: columns of `coded_schema`, but for those that are null throughout: most are, and would take memory.

    ``samples``: the number of each record's sample. ``parents``: those of all parents, one record after the other.
    """

    table: pa.Table
    samples: Numbers
    parents: Numbers

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def lengths(self) -> Numbers:
        """How many parents each record has."""
        return lengths_of(self.table["parents"].chunk(0)) if len(self) else np.empty(0, np.int64)

    def column(self, name: str) -> pa.Array:
        """The column of this name, also where it is null throughout."""
        if name not in self.table.column_names:
            return pa.nulls(len(self), _TYPES[name])
        column = self.table[name]
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()

    def some(self, names: Sequence[str], places: Numbers) -> pa.Table:
        """These columns of the records at these places."""
        index = pa.array(places)
        is_there = self.table.column_names
        return pa.table(
            {
                name: self.column(name).take(index) if name in is_there else pa.nulls(len(places), _TYPES[name])
                for name in names
            }
        )

    def take(self, places: Numbers) -> Records:
        """The records at these places."""
        lengths = self.lengths
        chosen = ranges(starts_of(lengths)[places], lengths[places])
        return Records(self.table.take(pa.array(places)).combine_chunks(), self.samples[places], self.parents[chosen])

    @staticmethod
    def of(parts: Sequence[Records]) -> Records:
        """All of ``parts``, one after the other."""
        samples, parents = ([getattr(part, name) for part in parts] for name in ("samples", "parents"))
        table = joined([part.table for part in parts])
        return Records(table, np.concatenate(samples), np.concatenate(parents))


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


def strangers(samples: Numbers, digest_size: int) -> Records:
    """Records of samples that nobody explained."""
    count, schema = len(samples), coded_schema(digest_size)
    columns = {
        "origin": pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([Origin.UNKNOWN.value])),
        **{name: empty_lists(count, schema.field(name).type) for name in ("parents", "parent_roles")},
    }
    return Records(pa.table(columns), samples, np.empty(0, np.int64))


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
    columns = [_cast(found[field.name], field.type) for field in fields]
    return pa.table(columns, schema=pa.schema(fields)).combine_chunks()


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_dictionary(kind) and not pa.types.is_dictionary(column.type):
        return column.dictionary_encode().cast(kind)
    return column.cast(kind)


def ids_of(array: pa.Array, size: int) -> Ids:
    """The ids in an array without nulls, a row of bytes each.

    Raises:
        NotPlainError: one is of another length.
    """
    from provenance.identity.id_arrays import bytes_of_ids

    try:
        return bytes_of_ids(array.cast(pa.binary(size)))
    except pa.ArrowInvalid as error:
        raise NotPlainError from error
