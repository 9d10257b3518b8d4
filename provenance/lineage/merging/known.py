"""The records of the sidecars that a stage reads, as columns in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from provenance.lineage.merging.gathered import (
    NotPlainError,
    Records,
    coded_names,
    coded_schema,
    ids_of,
    joined,
    without_nulls,
)
from provenance.lineage.merging.numbering import Flags, Ids, Numbers
from provenance.lineage.sidecar import Sidecar, read_records
from provenance.lineage.tables import places
from provenance.lineage.vocabulary import Vocabulary
from provenance.lineage.words import COUNTED_NAMES

_DESCRIBED = {"activity": "activities", "agent": "agents", "source": "sources"}


@dataclass(frozen=True)
class Known:
    """All records, of one sidecar after the other. ``parents``: the ids of all their parents.

    ``place``: which sidecar each is of. ``has_rows``: rows of the dataset were, or may have been, born this way;
    ``available``: how many rows it accounts for. ``is_told``: it tells of a birth.
    """

    table: pa.Table
    ids: Ids
    parents: Ids
    place: Numbers
    has_rows: Flags
    available: Numbers
    is_told: Flags


def read_known(sidecars: Sequence[Sidecar], vocabulary: Vocabulary, tokenizer: str | None, size: int) -> Known:
    """Read ``sidecars``; what their headers describe is entered in ``vocabulary``, in which numbers then count."""
    schema = coded_schema(size)
    nothing = schema.empty_table().select(["origin", "parents", "parent_roles"])
    tables, counted, ids = [nothing], [], [np.empty((0, size), np.uint8)]
    for sidecar in sidecars:
        vocabulary.add_header(sidecar.header)
        table = read_records(sidecar, ["sample_id", *COUNTED_NAMES, *schema.names], coded_names()).combine_chunks()
        if any(table[name].null_count for name in nothing.column_names):
            raise NotPlainError
        counted.append({name: _numbers(table, name) for name in COUNTED_NAMES})
        ids += [ids_of(chunk, size) for chunk in table["sample_id"].chunks]
        tables.append(_renumbered(table, sidecar, vocabulary, tokenizer, schema))
    table = joined(tables)
    rows, possible, ambiguous = (
        np.concatenate([np.empty(0, np.int64), *(each[name] for each in counted)]) for name in COUNTED_NAMES
    )
    lengths = [len(each) for each in tables[1:]]
    values = [column.flatten() for column in table["parents"].chunks]
    records = Records(table, np.empty(len(table), np.int64), np.empty(0, np.int64))
    return Known(
        table,
        np.concatenate(ids),
        np.concatenate([ids[0], *(ids_of(each, size) for each in values)]),
        np.repeat(np.arange(len(lengths)), lengths),
        (rows > 0) | (possible > 0),
        rows + ambiguous,
        records.column("evidence").is_valid().to_numpy(zero_copy_only=False),
    )


def _numbers(table: pa.Table, name: str) -> Numbers:
    if name not in table.column_names:
        return np.zeros(len(table), np.int64)
    found: Numbers = table[name].cast(pa.int64()).fill_null(0).to_numpy()
    return found


def _renumbered(
    table: pa.Table, sidecar: Sidecar, vocabulary: Vocabulary, tokenizer: str | None, schema: pa.Schema
) -> pa.Table:
    """Columns of ``schema``; numbers count in ``vocabulary``, and those of tokens are only of the same tokenizer."""
    header = sidecar.header
    names = [name for name in schema.names if name in table.column_names]
    if header.identity.tokenizer != tokenizer:
        names = [name for name in names if name != "tokens"]
    table = table.select(names).cast(pa.schema([schema.field(name) for name in names]))
    for column, name in _DESCRIBED.items():
        if column in names:
            place = places(getattr(vocabulary, name))
            numbers = pa.array([place[each.id] for each in getattr(header, name)], pa.uint32())
            taken = [numbers.take(part) for part in table[column].chunks]
            table = _with(table, column, pa.chunked_array(taken, pa.uint32()))
    return without_nulls(table)


def _with(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, column)
