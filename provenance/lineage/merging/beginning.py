"""The records of a range's own rows, in the order in which rows are explained: what is stated, what was carried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from provenance.lineage.database import Database
from provenance.lineage.merging.closing import Closure
from provenance.lineage.merging.exchange import Numbered
from provenance.lineage.merging.gathered import Records, strangers, without_nulls
from provenance.lineage.merging.inputs import GIVEN_NUMBERS, Range
from provenance.lineage.merging.numbering import Flags, Numbers
from provenance.lineage.merging.own import Members, birth_records

# So many records of a range have numbers of their own.
_MOST_RECORDS = 1 << 40


@dataclass(frozen=True)
class Part:
    """Some records: how many rows each has at least and at most.

    ``held``: a dataset that was read has rows that were born so; ``carried``: it is how rows that were read came to be;
    ``pending``: what follows from its parents is still open. ``numbers``: those in the tables of a database, if it is
    there.
    """

    records: Records
    low: Numbers
    high: Numbers
    held: Flags
    carried: Flags
    pending: Flags
    numbers: Numbers

    def __len__(self) -> int:
        return len(self.records)

    @staticmethod
    def stated(records: Records, rows: Numbers, pending: Flags | None = None) -> Part:
        no = np.zeros(len(records), bool)
        return Part(records, rows, rows, no, no, no if pending is None else pending, np.full(len(records), -1))

    @staticmethod
    def ancestral(records: Records, held: Flags) -> Part:
        return replace(Part.stated(records, np.zeros(len(records), np.int64)), held=held)

    @staticmethod
    def of(parts: Sequence[Part]) -> Part:
        """All of ``parts``, one after the other."""
        parts = [part for part in parts if len(part)] or list(parts[:1])
        if len(parts) == 1:
            return parts[0]
        records = Records.of([part.records for part in parts])
        names = ("low", "high", "held", "carried", "pending", "numbers")
        return Part(records, *(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def take(self, places: Numbers) -> Part:
        names = ("low", "high", "held", "carried", "pending", "numbers")
        return Part(self.records.take(places), *(getattr(self, name)[places] for name in names))

    def with_numbers(self, span: int, shared: Flags) -> Part:
        """The same with numbers, for the tables, of records of ``shared`` samples that have none."""
        own = GIVEN_NUMBERS + span * _MOST_RECORDS + np.arange(len(self))
        has_none = (self.numbers < 0) & shared[self.records.samples]
        return replace(self, numbers=np.where(has_none, own, self.numbers))


@dataclass(frozen=True)
class Begun:
    """What is known of a range's own rows before they are divided among births.

    ``left``: of each sample, the rows that nothing has explained. ``wanted``: those that were carried; ``accounted``:
    those of which a birth is stated. ``several``: samples whose carried rows may have been born in several ways;
    ``shared``: samples whose rows have, or will have, several births. ``as_read``: the places of known records that are
    among the records as they are.
    """

    members: Members
    part: Part
    left: Numbers
    wanted: Numbers
    accounted: Numbers
    several: Flags
    shared: Flags
    as_read: Numbers
    explained: dict[str, int]


def begin(database: Database, found: Range, numbered: Numbered, closure: Closure, *, is_restated: bool) -> Begun:
    """The births that are stated, and those of the rows that were carried over.

    ``is_restated``: what is known of is the dataset itself, as an earlier sidecar has it.
    """
    count = numbered.count
    members = Members.of(found.rows, numbered.of_rows, count)
    parts, of_births, of_entered = _stated(database, found, numbered, members)
    if is_restated:
        # Whether rows that an earlier sidecar knows were born as is stated now, `dividing` decides.
        of_births[closure.available(np.ones(count, bool)) > 0] = 0
    accounted = of_births + of_entered
    wanted = np.maximum(members.counts - accounted, 0)
    chosen = closure.may_be_carried(wanted > 0)
    samples = closure.records.samples
    several = np.bincount(samples[chosen], minlength=count) > 1
    for records, held in closure.births_once(database, chosen):
        part = Part.stated(records, np.where(several[records.samples], 0, wanted[records.samples]))
        parts.append(replace(part, held=held, carried=np.ones(len(records), bool)))
    part = Part.of(parts)
    is_carried = np.zeros(count, bool)
    is_carried[part.records.samples[part.carried]] = True
    left = np.where(is_carried, 0, wanted)
    births = np.bincount(part.records.samples, minlength=count)
    is_stated = np.bincount(part.records.samples[~part.carried], minlength=count) > 0
    shared = (births > 1) | several | (is_stated & (left > 0))
    unexplained = _unexplained(part, wanted, is_carried, is_restated=is_restated)
    explained = {
        "carried": int(accounted.sum()) + int(wanted[is_carried].sum()) - unexplained,
        "unknown": unexplained,
        "stated": 0 if found.births is None else len(found.births.columns["activity"]),
    }
    as_read = np.flatnonzero(chosen & ~shared[samples])
    return Begun(members, part, left, wanted, accounted, several, shared, as_read, explained)


def _stated(
    database: Database, found: Range, numbered: Numbered, members: Members
) -> tuple[list[Part], Numbers, Numbers]:
    """The births that are stated; of how many rows of each sample there is one, by births and by what was entered."""
    count = numbered.count
    of_births, of_entered = np.zeros(count, np.int64), np.zeros(count, np.int64)
    none = np.empty(0, np.int64)
    parts = [Part.stated(Records(found.known.table.slice(0, 0), none, none), none)]
    if found.births is not None:
        samples = found.births.samples(numbered.of_rows, numbered.of_births)
        of_births = np.bincount(samples, minlength=count)
        records, rows = birth_records(database, found.births, samples, numbered.parents_of_births, members.counts)
        parts.append(Part.stated(records, rows, records.lengths > 0))
    if found.entered is not None:
        entered = found.entered
        records = Records(without_nulls(pa.table(entered.columns)), numbered.of_entered, numbered.parents_of_entered)
        of_entered = np.bincount(records.samples, entered.rows, count).astype(np.int64)
        parts.append(replace(Part.stated(records, entered.rows, entered.pending), numbers=entered.numbers))
    return parts, of_births, of_entered


def _unexplained(part: Part, wanted: Numbers, is_carried: Flags, *, is_restated: bool) -> int:
    """How many carried rows are of samples that nobody explained where they were read, either."""
    samples = part.records.samples
    is_told = part.records.column("evidence").is_valid().to_numpy(zero_copy_only=False)
    told = np.bincount(samples[part.carried & is_told], minlength=len(wanted)) > 0
    rows = wanted
    if is_restated:
        # What is stated of rows that an earlier sidecar knows is not accounted for yet.
        stated = np.bincount(samples[~part.carried], part.high[~part.carried], len(wanted)).astype(np.int64)
        rows = np.maximum(0, wanted - stated)
    return int(rows[is_carried & ~told].sum())


def unknown(left: Numbers, size: int) -> Part:
    """An ``unknown`` record for the rows that nothing explained."""
    alone = np.flatnonzero(left)
    return Part.stated(strangers(alone, size), left[alone])
