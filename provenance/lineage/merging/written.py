"""Merged records of a range of ids in the order of a sidecar, and what they come to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.lineage.merging.flagged_samples import FlaggedSamples
from provenance.lineage.merging.gathered import Records, binary_of
from provenance.lineage.merging.numbering import Flags, Ids, Numbers, ranges, starts_of
from provenance.lineage.merging.own import Members
from provenance.lineage.samples_in_range import whole_ids
from provenance.lineage.schema import BIRTH_NAMES, ROW_GROUP_ROWS, sidecar_schema
from provenance.lineage.tables import renumbering
from provenance.lineage.vocabulary import Vocabulary

NUMBERED = {"activity": "activities", "agent": "agents", "source": "sources"}


@dataclass(frozen=True)
class Shares:
    """How many rows records have at least (``low``) and at most (``high``).

    ``ambiguous``: of each sample, how many rows' births are not certain. ``marks``: lists of marks, ``marks_at``: which
    of these a record has, -1 for none; ``are_marked``: whether all that is known of a sample's rows is known by marks.
    """

    low: Numbers
    high: Numbers
    ambiguous: Numbers
    marks: pa.Array | None
    marks_at: Numbers
    are_marked: Flags

    def with_none(self, count: int) -> Shares:
        """The same with further records, of which there are no rows, up to ``count``."""
        more = count - len(self.low)
        no = np.zeros(more, np.int64)
        low, high, marks_at = (np.append(each, no) for each in (self.low, self.high, self.marks_at + 1))
        return replace(self, low=low, high=high, marks_at=marks_at - 1)

    def take(self, places_: Numbers) -> Shares:
        """Those of the records at these places."""
        return replace(self, low=self.low[places_], high=self.high[places_], marks_at=self.marks_at[places_])


class _Places(NamedTuple):
    """Where records have what is their ``own`` among the rows of their table, and what may be ``inherited`` among those
    and, behind them, all classes."""

    own: pa.Array
    inherited: pa.Array


@dataclass(frozen=True)
class Piece:
    """The records of a range of ids, whose first sample is ``first`` among all; by number, ``ids`` are its samples'.

    ``inherited``: the place in ``classes`` of each record that has from there what follows from its parents; -1: it has
    its own.
    """

    first: int
    ids: Ids
    members: Members
    records: Records
    shares: Shares
    inherited: Numbers
    classes: pa.Table

    @property
    def several(self) -> Numbers:
        """The places of the records of samples that have several."""
        return np.flatnonzero((np.bincount(self.records.samples, minlength=1) > 1)[self.records.samples])

    def are_among(self, ids: Ids) -> Flags:
        """Whether each sample's id is one of ``ids``, which are sorted."""
        own, others = whole_ids(self.ids), whole_ids(ids)
        at = np.searchsorted(others, own)
        at[at == len(others)] = 0
        found: Flags = others[at] == own if len(others) else np.zeros(len(own), bool)
        return found

    def births(self, places_: Numbers) -> pa.Table:
        """What the records at these places state, their samples and their places."""
        at = self._places(places_)
        table = pa.table({name: self._taken(name, at) for name in BIRTH_NAMES})
        table = table.append_column("sample_id", pa.array(self.records.samples[places_]))
        return table.append_column("number", pa.array(places_))

    def settled(self) -> Piece:
        """The same with all that is inherited as the records' own."""
        everything = self._places(np.arange(len(self.records)))
        names = {*self.records.table.column_names, *self.classes.column_names}
        columns = {name: self._taken(name, everything) for name in sorted(names)}
        records = Records(pa.table(columns).combine_chunks(), self.records.samples, self.records.parents)
        return replace(self, records=records, inherited=np.full(len(records), -1))

    def take(self, places_: Numbers) -> Piece:
        """Only the records at these places."""
        records, shares = self.records.take(places_), self.shares.take(places_)
        return replace(self, records=records, shares=shares, inherited=self.inherited[places_])

    def used(self) -> dict[str, list[int]]:
        """The numbers of activities, agents and sources that the records name."""
        everything = self._places(np.arange(len(self.records)))
        return {name: pc.unique(self._taken(name, everything)).drop_null().to_pylist() for name in NUMBERED}

    def batches(self, order: Numbers, vocabulary: Vocabulary, used: Vocabulary) -> Iterator[pa.RecordBatch]:
        """The records in this order as rows of a sidecar, their numbers, of ``vocabulary``, counting in ``used``."""
        schema = sidecar_schema(self.ids.shape[1])
        renumbers = {
            column: pa.array(renumbering(getattr(vocabulary, name), getattr(used, name)), pa.uint32())
            for column, name in NUMBERED.items()
        }
        for start in range(0, len(order), ROW_GROUP_ROWS):
            before = order[start - 1] if start else None
            at = order[start : start + ROW_GROUP_ROWS]
            places_ = self._places(at)
            columns = self._counted(at, before, schema)
            for name, known in (("content_bytes", self.members.content_bytes), ("tokens", self.members.tokens)):
                if known is not None:
                    of_samples = known.take(pa.array(self.records.samples[at]))
                    columns[name] = pc.coalesce(of_samples, self._taken(name, places_))
            for column, numbers in renumbers.items():
                columns[column] = numbers.take(self._taken(column, places_))
            for field in schema:
                if field.name not in columns:
                    is_there = field.name in self.records.table.column_names or field.name in self.classes.column_names
                    found = self._taken(field.name, places_) if is_there else pa.nulls(len(at), field.type)
                    columns[field.name] = _plain(found, field.type)
            for name in ("parents", "parent_roles"):
                columns[name] = self._without_itself(columns[name], at)
            yield pa.record_batch([columns[name] for name in schema.names], schema=schema)

    def _counted(self, at: Numbers, before: int | None, schema: pa.Schema) -> dict[str, pa.Array]:
        """``before``: the record that comes before these."""
        samples, shares = self.records.samples[at], self.shares
        possible = (shares.high - shares.low)[at]
        is_first = np.append(True, samples[1:] != samples[:-1])
        if before is not None:
            is_first[0] = self.records.samples[before] != samples[0]
        ambiguous = np.where(is_first, shares.ambiguous[samples], 0)
        return {
            "sample_id": binary_of(self.ids[samples]),
            "rows": pa.array(shares.low[at].astype(np.uint32)),
            "possible_rows": pa.array(possible, mask=possible == 0).cast(pa.uint32()),
            "ambiguous_rows": pa.array(ambiguous, mask=ambiguous == 0).cast(pa.uint32()),
            "marks": self._marks(at, schema.field("marks").type),
        }

    def _marks(self, at: Numbers, kind: pa.DataType) -> pa.Array:
        """Also a birth that none of the sample's rows had says that these are known by their marks."""
        shares = self.shares
        is_marked = shares.are_marked[self.records.samples[at]]
        if shares.marks is None or not is_marked.any():
            return pa.nulls(len(at), kind)
        lists = pa.concat_arrays([shares.marks.cast(kind), pa.array([[], None], kind)])
        place = np.where(shares.marks_at[at] < 0, len(shares.marks), shares.marks_at[at])
        return lists.take(pa.array(np.where(is_marked, place, len(shares.marks) + 1)))

    def column(self, name: str, at: Numbers) -> pa.Array:
        """The column of this name of the records at these places."""
        return self._taken(name, self._places(at))

    def _places(self, at: Numbers) -> _Places:
        own, of_class = self.records.places(at), self.inherited[at]
        return _Places(pa.array(own), pa.array(np.where(of_class < 0, own, len(self.records.table) + of_class)))

    def _taken(self, name: str, places_: _Places) -> pa.Array:
        is_inherited = name in self.classes.column_names
        if name not in self._joined:
            column = self.records.whole(name)
            if is_inherited:
                both = pa.chunked_array([column, *self.classes[name].chunks], column.type).unify_dictionaries()
                column = both.combine_chunks()
            self._joined[name] = column
        array, at = self._joined[name], places_.inherited if is_inherited else places_.own
        return pa.nulls(len(at), array.type) if array.null_count == len(array) else array.take(at)

    @cached_property
    def _joined(self) -> dict[str, pa.Array]:
        return {}

    @cached_property
    def _is_own_parent(self) -> Flags:
        """Of each parent of the records, whether it is the sample itself."""
        records = self.records
        is_it: Flags = records.parents == np.repeat(records.samples, records.lengths) + self.first
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

    def first_row_with_parent_in(self, chosen: FlaggedSamples) -> int | None:
        """The first row of the dataset one of whose parents is ``chosen``; counted from 1."""
        if not chosen:
            return None
        hit = chosen.has(self.records.parents) & ~self._is_own_parent
        owner = np.repeat(self.records.samples, self.records.lengths)
        has_one = np.zeros(len(self.ids), bool)
        has_one[owner[hit]] = True
        rows = self.members.first_rows[has_one & (self.members.counts > 0)]
        return int(rows.min()) + 1 if len(rows) else None


def _plain(array: pa.Array, kind: pa.DataType) -> pa.Array:
    return array.cast(kind) if array.type != kind else array
