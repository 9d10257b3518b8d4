"""Which known records a sidecar takes over: births of rows that were carried, and the records of all ancestors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from provenance.lineage.carrying import SAME_BIRTH_SQL, births_once_sql
from provenance.lineage.database import Database
from provenance.lineage.merging.gathered import (
    Records,
    answer,
    coded_schema,
    with_nulls,
    without_nulls,
)
from provenance.lineage.merging.known import Known
from provenance.lineage.merging.numbering import Flags, Numbers, ranges, starts_of


@dataclass(frozen=True)
class Links:
    """Whom known records of a range come from: ``order`` and ``first`` as in `Closure`.

    ``parents``: those of all records, among all samples; those of record r begin at ``starts[r]``.
    """

    order: Numbers
    first: Numbers
    starts: Numbers
    parents: Numbers

    def parents_of(self, samples: Numbers) -> Numbers:
        """All parents that known records of these samples have."""
        places = self.order[ranges(self.first[samples], self.first[samples + 1] - self.first[samples])]
        return self.parents[ranges(self.starts[places], self.starts[places + 1] - self.starts[places])]


@dataclass(frozen=True)
class Closure:
    """What is known of the samples of a range of ids, by their numbers, of which there are ``count``.

    ``order``: the places of known records, sorted by sample; those of sample s begin at ``first[s]``.
    """

    known: Known
    records: Records
    count: int
    order: Numbers
    first: Numbers

    @property
    def links(self) -> Links:
        """Who comes from whom, without what records say."""
        return Links(self.order, self.first, starts_of(self.records.lengths), self.records.parents)

    @staticmethod
    def of(known: Known, records: Records, count: int) -> Closure:
        """``records``: all that is known, with the numbers of samples."""
        order = np.argsort(records.samples, kind="stable")
        return Closure(known, records, count, order, starts_of(np.bincount(records.samples, minlength=count)))

    def available(self, wanted: Flags) -> Numbers:
        """How many rows the datasets that were read have of each sample that is ``wanted``."""
        chosen = wanted[self.records.samples]
        rows = self.known.available[chosen]
        return np.bincount(self.records.samples[chosen], rows, self.count).astype(np.int64)

    def may_be_carried(self, is_left: Flags) -> Flags:
        """Which known records rows may have been carried over with, of samples of which rows are left over.

        Where no dataset that was read has a row of the sample, it may have been born as an ancestor was.
        """
        samples, known = self.records.samples, self.known
        found: Flags = is_left[samples] & (known.has_rows | (known.is_told & ~(self.available(is_left) > 0)[samples]))
        return found

    def of_ancestors(self, database: Database, wanted: Flags) -> tuple[list[Records], list[Flags]]:
        """The records of the samples that are ``wanted``, and whether a dataset has rows that were born so.

        Those that tell of a birth; where none does, the others.
        """
        samples = self.records.samples
        told = wanted[samples] & self.known.is_told
        is_told = np.zeros(self.count, bool)
        is_told[samples[told]] = True
        others = wanted[samples] & ~is_told[samples]
        parts: list[Records] = []
        held: list[Flags] = []
        for chosen in (told, others):
            for records, has_rows in self.births_once(database, chosen):
                parts.append(records)
                held.append(has_rows)
        return parts, held

    def other_births(
        self, database: Database, wanted: Flags, present: Records, carried: Numbers
    ) -> list[tuple[Records, Flags]]:
        """The births that tell how samples that are ``wanted`` came to be, and are not among those ``present``.

        ``carried``: the places of known records that are present as they are.
        """
        samples = self.records.samples
        chosen = wanted[samples] & self.known.is_told
        chosen[carried] = False
        if not chosen.any():
            return []
        is_there = np.zeros(self.count, bool)
        is_there[samples[chosen]] = True
        # Of a sample with other births all are looked at, as births that are equal are one.
        found = np.flatnonzero(is_there[samples] & self.known.is_told)
        mine = present.take(np.flatnonzero(is_there[present.samples]))
        stated = with_nulls(mine.dense, self._schema).append_column("sample_id", pa.array(mine.samples))
        tables = {"known": self._as_asked(found), "r": stated}
        births = births_once_sql("known", "true", is_one=self._is_one, also="number")
        sql = f"SELECT k.* FROM ({births}) k ANTI JOIN r ON r.sample_id = k.sample_id AND {SAME_BIRTH_SQL}"
        return [self._answered(database, sql, tables)]

    @property
    def _schema(self) -> pa.Schema:
        return coded_schema(self.known.ids.shape[1])

    @property
    def _is_one(self) -> bool:
        return not len(self.known.place) or bool(self.known.place[0] == self.known.place[-1])

    def births_once(self, database: Database, chosen: Flags) -> list[tuple[Records, Flags]]:
        """Known records, each birth once: several sidecars may have it, one of which knows more of its ancestors."""
        samples = self.records.samples
        if self._is_one:
            places = np.flatnonzero(chosen)
            return [(self.records.take(places), self.known.has_rows[places])]
        is_repeated = np.bincount(samples[chosen], minlength=self.count) > 1
        single, several = (np.flatnonzero(chosen & each) for each in (~is_repeated[samples], is_repeated[samples]))
        found = [(self.records.take(single), self.known.has_rows[single])]
        if len(several):
            sql = births_once_sql("known", "true", is_one=False, also="number")
            found.append(self._answered(database, sql, {"known": self._as_asked(several)}))
        return found

    def _as_asked(self, places: Numbers) -> pa.Table:
        table = with_nulls(self.records.take(places).dense, self._schema)
        rows = pa.array(self.known.has_rows[places].astype(np.uint32))
        nothing = pa.nulls(len(places), pa.uint32())
        added = {
            "sample_id": pa.array(self.records.samples[places]),
            "rows": rows,
            "possible_rows": nothing,
            "number": pa.array(places),
        }
        for name, column in added.items():
            table = table.append_column(name, column)
        return table

    def _answered(self, database: Database, sql: str, tables: dict[str, pa.Table]) -> tuple[Records, Flags]:
        """The births that ``sql`` gives; of each the parents are those of one of the records that it is made of."""
        schema = self._schema
        found = answer(database, sql, tables, schema)
        lengths = self.records.lengths
        places = found["number"].to_numpy()
        parents = self.records.parents[ranges(starts_of(lengths)[places], lengths[places])]
        table = without_nulls(found.select(schema.names).cast(schema))
        records = Records(table.combine_chunks(), found["sample_id"].to_numpy(), parents)
        return records, found["held"].to_numpy(zero_copy_only=False)
