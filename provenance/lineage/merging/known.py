"""The records of the sidecars that a stage reads, as columns in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from provenance.lineage.merging.gathered import NotPlainError, coded_names, coded_schema, ids_of
from provenance.lineage.merging.numbering import Flags, Ids, Numbers
from provenance.lineage.sidecar import Sidecar, read_records
from provenance.lineage.tables import places
from provenance.lineage.vocabulary import Vocabulary
from provenance.lineage.words import COUNTED_NAMES


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
    tables = [schema.empty_table()]
    counted: list[pa.Table] = []
    ids = [np.empty((0, size), np.uint8)]
    for sidecar in sidecars:
        vocabulary.add_header(sidecar.header)
        names = ["sample_id", *COUNTED_NAMES, *schema.names]
        table = read_records(sidecar, names, coded_names()).combine_chunks()
        if table["parents"].null_count or table["parent_roles"].null_count or table["origin"].null_count:
            raise NotPlainError
        counted.append(table.select(COUNTED_NAMES).cast(_counted_schema()))
        ids += [ids_of(chunk, size) for chunk in table["sample_id"].chunks]
        tables.append(_renumbered(table.select(schema.names), sidecar, vocabulary, tokenizer).cast(schema))
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    rows, possible, ambiguous = (
        _numbers(pa.chunked_array([each[name].combine_chunks() for each in counted], pa.uint32()))
        for name in COUNTED_NAMES
    )
    lengths = [len(each) for each in counted]
    values = [column.flatten() for column in table["parents"].chunks]
    return Known(
        table,
        np.concatenate(ids),
        np.concatenate([np.empty((0, size), np.uint8), *(ids_of(each, size) for each in values)]),
        np.repeat(np.arange(len(lengths)), lengths),
        (rows > 0) | (possible > 0),
        rows + ambiguous,
        table["evidence"].combine_chunks().is_valid().to_numpy(zero_copy_only=False),
    )


def _counted_schema() -> pa.Schema:
    return pa.schema([(name, pa.uint32()) for name in COUNTED_NAMES])


def _numbers(column: pa.ChunkedArray) -> Numbers:
    found: Numbers = column.cast(pa.int64()).fill_null(0).to_numpy()
    return found


def _renumbered(table: pa.Table, sidecar: Sidecar, vocabulary: Vocabulary, tokenizer: str | None) -> pa.Table:
    """Numbers count in ``vocabulary``; numbers of tokens are taken over only from the same tokenizer."""
    header = sidecar.header
    described = {"activity": "activities", "agent": "agents", "source": "sources"}
    for column, name in described.items():
        place = places(getattr(vocabulary, name))
        numbers = pa.array([place[each.id] for each in getattr(header, name)], pa.uint32())
        table = _with(
            table, column, pa.chunked_array([numbers.take(part) for part in table[column].chunks], pa.uint32())
        )
    if header.identity.tokenizer != tokenizer:
        table = _with(table, "tokens", pa.nulls(len(table), pa.uint32()))
    return table


def _with(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, column)
