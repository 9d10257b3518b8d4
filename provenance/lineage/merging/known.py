"""The records of the sidecars that a stage reads, as columns in memory: all of them, or those of a range of ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.errors import SidecarError
from provenance.identity.id_order import leading_bits
from provenance.lineage.id_ranges import IdRange
from provenance.lineage.merging.gathered import (
    Records,
    coded_names,
    coded_schema,
    ids_of,
    joined,
    strangers,
    without_nulls,
)
from provenance.lineage.merging.numbering import Flags, Ids, Numbers, numbered
from provenance.lineage.merging.parquet_batches import BUFFER, ROWS_AT_ONCE, batches
from provenance.lineage.schema import sidecar_schema
from provenance.lineage.sidecar import Sidecar, read_records
from provenance.lineage.sidecar_form import named_if_unreadable
from provenance.lineage.sorted_records import SortedRecords
from provenance.lineage.tables import Known as Source
from provenance.lineage.tables import places
from provenance.lineage.vocabulary import Vocabulary
from provenance.lineage.words import COUNTED_NAMES

_DESCRIBED = {"activity": "activities", "agent": "agents", "source": "sources"}
# Columns that no record is without.
_NEVER_NULL = ("origin", "parents", "parent_roles")


@dataclass(frozen=True)
class Known:
    """All records, of one source after the other. ``parents``: the ids of all their parents.

    ``place``: which source each is of. ``rows``, ``possible``, ``ambiguous``: what it counts. ``is_told``: whether it
    tells of a birth.
    """

    table: pa.Table
    ids: Ids
    parents: Ids
    place: Numbers
    rows: Numbers
    possible: Numbers
    ambiguous: Numbers
    is_told: Flags

    @property
    def has_rows(self) -> Flags:
        """Whether rows of the dataset were, or may have been, born this way."""
        found: Flags = (self.rows > 0) | (self.possible > 0)
        return found

    @property
    def available(self) -> Numbers:
        """How many rows each record accounts for."""
        found: Numbers = self.rows + self.ambiguous
        return found


class Knowing:
    """What is known, by ranges of ids; descriptions are entered in ``vocabulary``, in which numbers then count.

    ``tokenizer``: whose counts of tokens are taken over. ``size``: of an id in bytes.
    """

    def __init__(self, sources: Sequence[Source], vocabulary: Vocabulary, tokenizer: str | None, size: int) -> None:
        self._sources = sources
        self._vocabulary = vocabulary
        self._tokenizer = tokenizer
        self._size = size
        self._sorted: dict[int, SortedRecords] = {}
        for source in sources:
            if source.sidecar is not None:
                vocabulary.add_header(source.sidecar.header)

    def __getstate__(self) -> dict[str, Any]:
        sources = [
            source if source.sidecar is None else replace(source, sidecar=source.sidecar.seen_from_elsewhere())
            for source in self._sources
        ]
        return self.__dict__ | {"_sources": sources, "_sorted": {}}

    def forget(self) -> None:
        """Let go of what files say of themselves, which grows with their records."""
        self._sorted.clear()

    def read(self, each: IdRange) -> Known:
        """The records of the samples in the range.

        Raises:
            SidecarError: a sidecar cannot be read.
        """
        schema = coded_schema(self._size)
        nothing = schema.empty_table().select([*_NEVER_NULL])
        found = self._parts(each)
        kept = self._known_now(found)
        parts = [
            _Part(nothing, np.empty((0, self._size), np.uint8)),
            *(part if at is None else part.filtered(at) for part, at in zip(found, kept, strict=True)),
        ]
        table = joined([part.table for part in parts])
        values = [column.flatten() for column in table["parents"].chunks]
        records = Records(table, np.empty(len(table), np.int64), np.empty(0, np.int64))
        lengths = [len(part.ids) for part in parts]
        rows, possible, ambiguous = (np.concatenate([part.counted[name] for part in parts]) for name in COUNTED_NAMES)
        return Known(
            table,
            np.concatenate([part.ids for part in parts]),
            np.concatenate([parts[0].ids, *(ids_of(each, self._size) for each in values)]),
            np.repeat(np.arange(-1, len(parts) - 1), lengths),
            rows,
            possible,
            ambiguous,
            records.column("evidence").is_valid().to_numpy(zero_copy_only=False),
        )

    def marks(self, each: IdRange) -> pa.Array:
        """What the same records, in order, have as the marks of their rows; seldom asked, and long."""
        kind = sidecar_schema(1).field("marks").type
        kept = self._known_now(self._parts(each)) if self._has_earlier else [None] * len(self._sources)
        parts = [pa.nulls(0, kind)]
        for place, source in enumerate(self._sources):
            if source.sidecar is None:
                parts.append(pa.nulls(len(self._unexplained(source, each).ids), kind))
                continue
            ids, table = self._table(place, source.sidecar, each, ["marks"])
            is_there = source.is_holder and "marks" in table.column_names
            marks = table["marks"].combine_chunks().cast(kind) if is_there else pa.nulls(len(ids), kind)
            at = kept[place]
            parts.append(marks if at is None else marks.filter(pa.array(at)))
        return pa.concat_arrays([chunk for part in parts for chunk in _chunks(part)])

    @property
    def _has_earlier(self) -> bool:
        return any(source.is_earlier for source in self._sources)

    def _parts(self, each: IdRange) -> list[_Part]:
        return [
            self._unexplained(source, each) if source.sidecar is None else self._records(place, source, each)
            for place, source in enumerate(self._sources)
        ]

    def _known_now(self, parts: Sequence[_Part]) -> list[Flags | None]:
        """Which records of each source count; None: all.

        What an earlier sidecar of the dataset says of ancestors, it had from the datasets that know them, as these were
        then. Where one of them tells how such a sample was born, that is what is known now.
        """
        if not self._has_earlier:
            return [None] * len(parts)
        named = [*zip(parts, self._sources, strict=True)]
        told = np.concatenate([parts[0].ids[:0], *(part.told for part, source in named if not source.is_earlier)])
        return [part.rows_or_not_in(told) if source.is_earlier else None for part, source in named]

    def _records(self, place: int, source: Source, each: IdRange) -> _Part:
        assert source.sidecar is not None
        sidecar = source.sidecar
        schema = coded_schema(self._size)
        ids, table = self._table(place, sidecar, each, [*(COUNTED_NAMES if source.is_holder else ()), *schema.names])
        if any(name not in table.column_names or table[name].null_count for name in _NEVER_NULL) and len(table):
            raise SidecarError(f"{sidecar.path}: has records without an origin; restore it with `dvc checkout`")
        numbers = {name: _numbers(table, name) for name in COUNTED_NAMES}
        return _Part(self._renumbered(table, sidecar, schema), ids, numbers)

    def _table(self, place: int, sidecar: Sidecar, each: IdRange, names: Sequence[str]) -> tuple[Ids, pa.Table]:
        """The ids of the records, and those of the columns that hold anything."""
        if not each.bits:
            with named_if_unreadable(sidecar.path):
                table = read_records(sidecar, ["sample_id", *names], coded_names()).combine_chunks()
            ids = [np.empty((0, self._size), np.uint8), *(ids_of(one, self._size) for one in table["sample_id"].chunks)]
            return np.concatenate(ids), table.drop_columns("sample_id")
        if place not in self._sorted:
            self._sorted[place] = SortedRecords(sidecar, coded_names())
        found = self._sorted[place].read(each, names)
        columns = {name: column for name, column in found.columns.items() if column is not None}
        return found.ids, pa.table(columns).unify_dictionaries().combine_chunks()

    def _unexplained(self, source: Source, each: IdRange) -> _Part:
        """Samples of data without a sidecar: of how many rows, and that nobody knows how these came to be."""
        assert source.unexplained is not None
        ids = [np.empty((0, self._size), np.uint8)]
        sizes = [pa.array([], pa.uint64())]
        with pq.ParquetFile(source.unexplained, buffer_size=BUFFER) as file:
            for batch in batches(file, ROWS_AT_ONCE, ["sample_id", "content_bytes"]):
                found = ids_of(batch["sample_id"], self._size)
                inside = np.flatnonzero(leading_bits(found, each.bits) == each.number)
                ids.append(found[inside])
                sizes.append(batch["content_bytes"].take(pa.array(inside)))
        distinct, (of_rows,) = numbered([np.concatenate(ids)])
        rows = np.bincount(of_rows, minlength=len(distinct))
        a_row = np.empty(len(distinct), np.int64)
        a_row[of_rows] = np.arange(len(of_rows))
        unknown = strangers(np.arange(len(distinct)), self._size, pa.concat_arrays(sizes).take(pa.array(a_row)))
        return _Part(unknown.table, distinct, {"rows": rows})

    def _renumbered(self, table: pa.Table, sidecar: Sidecar, schema: pa.Schema) -> pa.Table:
        """Columns of ``schema``; numbers count in the vocabulary, and tokens are only those of the same tokenizer."""
        header = sidecar.header
        names = [name for name in schema.names if name in table.column_names]
        if header.identity.tokenizer != self._tokenizer:
            names = [name for name in names if name != "tokens"]
        table = table.select(names).cast(pa.schema([schema.field(name) for name in names]))
        for column, name in _DESCRIBED.items():
            if column in names:
                place = places(getattr(self._vocabulary, name))
                numbers = pa.array([place[each.id] for each in getattr(header, name)], pa.uint32())
                taken = [numbers.take(part) for part in table[column].chunks]
                table = _with(table, column, pa.chunked_array(taken, pa.uint32()))
        return without_nulls(table)


class _Part:
    """What one source knows: records without their ids, and their ids; and what they count."""

    def __init__(self, table: pa.Table, ids: Ids, counted: dict[str, Numbers] | None = None) -> None:
        self.table, self.ids = table, ids
        self.counted = dict.fromkeys(COUNTED_NAMES, np.zeros(len(ids), np.int64)) | (counted or {})

    @property
    def told(self) -> Ids:
        """The ids of the records that tell of a birth."""
        if "evidence" not in self.table.column_names:
            return self.ids[:0]
        found: Ids = self.ids[self.table["evidence"].is_valid().to_numpy()]
        return found

    def rows_or_not_in(self, ids: Ids) -> Flags:
        """Which records have rows, or are of samples that are not among ``ids``."""
        _, (of_these, of_others) = numbered([self.ids, ids])
        found: Flags = ~np.isin(of_these, of_others)
        for counts in self.counted.values():
            found |= counts > 0
        return found

    def filtered(self, at: Flags) -> _Part:
        """Those of the records that ``at`` marks."""
        counted = {name: counts[at] for name, counts in self.counted.items()}
        return _Part(self.table.filter(pa.array(at)), self.ids[at], counted)


def _chunks(column: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    return column.chunks if isinstance(column, pa.ChunkedArray) else [column]


def _numbers(table: pa.Table, name: str) -> Numbers:
    if name not in table.column_names:
        return np.zeros(len(table), np.int64)
    found: Numbers = table[name].cast(pa.int64()).fill_null(0).to_numpy()
    return found


def _with(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, column)
