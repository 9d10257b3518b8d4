"""Merged records in the order of a sidecar, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.lineage.ancestors import ranked_sql
from provenance.lineage.database import Database
from provenance.lineage.merging.gathered import Records, answer
from provenance.lineage.merging.numbering import Flags, Ids, Numbers, ranges, starts_of
from provenance.lineage.merging.own import Rows
from provenance.lineage.records import Activity
from provenance.lineage.schema import BIRTH_NAMES, ROW_GROUP_ROWS, sidecar_schema
from provenance.lineage.tables import activities_table, places, renumbering
from provenance.lineage.vocabulary import Vocabulary

_NUMBERED = {"activity": "activities", "agent": "agents", "source": "sources"}


@dataclass(frozen=True)
class Samples:
    """The samples of a completion by their numbers, which are in the order of ``ids``.

    ``of_rows``: that of each of ``rows``; ``counts``: how many rows each has. ``dangling``: those that no
    sidecar knows.
    """

    ids: Ids
    rows: Rows
    of_rows: Numbers
    counts: Numbers
    dangling: Numbers

    @cached_property
    def _a_row(self) -> pa.Array:
        """A row of each sample, from 0; null: none is."""
        row = np.full(len(self.ids), -1, np.int64)
        row[self.of_rows] = np.arange(len(self.of_rows))
        return pa.array(row, mask=row < 0)

    @cached_property
    def content_bytes(self) -> pa.Array:
        """Of each sample that has rows, the length of its content."""
        return self.rows.content_bytes.take(self._a_row)

    @cached_property
    def tokens(self) -> pa.Array | None:
        """Of each sample that has rows, its tokens; None: not counted."""
        return self.rows.most_tokens(self.of_rows, len(self.ids))


@dataclass(frozen=True)
class Merged:
    """The records of a sidecar.

    ``rows``: how many each has. ``inherited``: the place in ``classes`` of each record that has from there what follows
    from its parents; -1: it has its own. ``explained``: how many rows were explained in which way.
    """

    samples: Samples
    records: Records
    rows: Numbers
    inherited: Numbers
    classes: pa.Table
    explained: Mapping[str, int]
    vocabulary: Vocabulary

    def order(self, database: Database) -> Numbers:
        """The places of records by sample, of these the birth to believe first."""
        samples = self.records.samples
        order: Numbers = np.argsort(samples, kind="stable")
        several = order[(np.bincount(samples) > 1)[samples[order]]]
        if len(several):
            table = self._births(several)
            activities = activities_table(dict(enumerate(self.vocabulary.activities.values())))
            tables = {"several": table, "described": activities}
            found = answer(database, ranked_sql("several", "described"), tables, table.schema)
            numbers, rank = (found[name].to_numpy().astype(np.int64) for name in ("number", "rank"))
            order[np.isin(samples[order], samples[several])] = numbers[np.lexsort((rank, samples[numbers]))]
        return order

    def repeats_a_birth(self, database: Database) -> bool:
        """Whether births of one sample turned out to be the same, now that what follows from parents is known."""
        samples = self.records.samples
        several = np.flatnonzero((np.bincount(samples, minlength=1) > 1)[samples])
        if not len(several):
            return False
        table = self._births(several)
        born = ", ".join(("sample_id", *BIRTH_NAMES))
        sql = f"SELECT 1 AS found FROM several GROUP BY {born} HAVING count(*) > 1 LIMIT 1"
        return len(answer(database, sql, {"several": table}, table.schema)) > 0

    def _births(self, places_: Numbers) -> pa.Table:
        """What the records at these places state, their samples and their places."""
        table = pa.table({name: self._column(name, places_) for name in BIRTH_NAMES})
        table = table.append_column("sample_id", pa.array(self.records.samples[places_]))
        return table.append_column("number", pa.array(places_))

    def used(self, activities: Iterable[Activity]) -> Vocabulary:
        """The part of the vocabulary that the records need, and that ``activities`` do."""
        everything = np.arange(len(self.records))
        numbers = {name: pc.unique(self._column(name, everything)).drop_null().to_pylist() for name in _NUMBERED}
        place = places(self.vocabulary.activities)
        numbers["activity"] += [place[each.id] for each in activities]
        return self.vocabulary.only(*(sorted(found) for found in numbers.values()))

    def counts(self) -> dict[str, int | None]:
        """What is reported of it."""
        per_sample = np.bincount(self.records.samples, minlength=1)
        samples, dangling = int((self.samples.counts > 0).sum()), len(self.samples.dangling)
        return {
            "samples": samples,
            "ancestors": int((per_sample > 0).sum()) - samples,
            "dangling": dangling,
            "dangling_row": self._first_row_with_dangling_parent() if dangling else None,
            "born_twice": int((per_sample > 1).sum()),
            **self.explained,
        }

    def batches(self, order: Numbers, used: Vocabulary) -> Iterator[pa.RecordBatch]:
        """The records in this order as rows of a sidecar, numbers counting in ``used``."""
        schema = sidecar_schema(self.samples.ids.shape[1])
        renumbers = {
            column: pa.array(renumbering(getattr(self.vocabulary, name), getattr(used, name)), pa.uint32())
            for column, name in _NUMBERED.items()
        }
        for start in range(0, len(order), ROW_GROUP_ROWS):
            at = order[start : start + ROW_GROUP_ROWS]
            columns = self._counted(at, schema)
            for column, numbers in renumbers.items():
                columns[column] = numbers.take(self._column(column, at))
            for field in schema:
                if field.name not in columns:
                    is_there = field.name in self.records.table.column_names or field.name in self.classes.column_names
                    found = self._column(field.name, at) if is_there else pa.nulls(len(at), field.type)
                    columns[field.name] = _plain(found, field.type)
            for name in ("parents", "parent_roles"):
                columns[name] = self._without_itself(columns[name], at)
            yield pa.record_batch([columns[name] for name in schema.names], schema=schema)

    def _counted(self, at: Numbers, schema: pa.Schema) -> dict[str, pa.Array]:
        samples = pa.array(self.records.samples[at])
        ids = np.ascontiguousarray(self.samples.ids[self.records.samples[at]])
        nothing = ("possible_rows", "ambiguous_rows", "marks")
        columns = {name: pa.nulls(len(at), schema.field(name).type) for name in nothing}
        columns["sample_id"] = pa.FixedSizeBinaryArray.from_buffers(
            schema.field("sample_id").type, len(at), [None, pa.py_buffer(ids)]
        )
        columns["rows"] = pa.array(self.rows[at].astype(np.uint32))
        for name, of_samples in (("content_bytes", self.samples.content_bytes), ("tokens", self.samples.tokens)):
            if of_samples is not None:
                columns[name] = pc.coalesce(of_samples.take(samples), self._column(name, at))
        return columns

    def _column(self, name: str, at: Numbers) -> pa.Array:
        if name not in self._joined:
            column = self.records.column(name)
            if name in self.classes.column_names:
                both = pa.chunked_array([column, *self.classes[name].chunks], column.type).unify_dictionaries()
                column = both.combine_chunks()
            self._joined[name] = column
        if name in self.classes.column_names:
            of_class = self.inherited[at]
            at = np.where(of_class < 0, at, len(self.records) + of_class)
        array = self._joined[name]
        return pa.nulls(len(at), array.type) if array.null_count == len(array) else array.take(pa.array(at))

    @cached_property
    def _joined(self) -> dict[str, pa.Array]:
        return {}

    @cached_property
    def _is_own_parent(self) -> Flags:
        """Of each parent of the records, whether it is the sample itself."""
        records = self.records
        is_it: Flags = records.parents == np.repeat(records.samples, records.lengths)
        return is_it

    def _without_itself(self, column: pa.ListArray, at: Numbers) -> pa.ListArray:
        """A sample is no ancestor of its own: that a model echoed it shows in its second birth."""
        if not self._is_own_parent.any():
            return column
        lengths = self.records.lengths
        stays = ~self._is_own_parent[ranges(starts_of(lengths)[at], lengths[at])]
        left = np.bincount(np.repeat(np.arange(len(at)), lengths[at]), stays, len(at))
        offsets = pa.array(starts_of(left).astype(np.int32))
        return pa.ListArray.from_arrays(offsets, column.flatten().filter(pa.array(stays)))

    def _first_row_with_dangling_parent(self) -> int | None:
        """The first row of the dataset one of whose parents no sidecar knows."""
        is_dangling = np.zeros(len(self.samples.ids), bool)
        is_dangling[self.samples.dangling] = True
        hit = is_dangling[self.records.parents] & ~self._is_own_parent
        owner = np.repeat(self.records.samples, self.records.lengths)
        has_one = np.zeros(len(self.samples.ids), bool)
        has_one[owner[hit]] = True
        rows = np.flatnonzero(has_one[self.samples.of_rows])
        return int(rows[0]) + 1 if len(rows) else None


def _plain(array: pa.Array, kind: pa.DataType) -> pa.Array:
    return array.cast(kind) if array.type != kind else array
