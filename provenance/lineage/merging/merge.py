"""All records of a sidecar, by merges of sorted ids: in memory, or where that is too much, range by range of the ids.

Each step goes through the ranges. What ranges have to know of each other are numbers of samples, and few bytes of each:
who is an ancestor, and what class of values a parent has (`resolving`). See docs/architecture.md for the order in which
a row is explained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from provenance.lineage.births import Dependency, RecordedBirths
from provenance.lineage.carrying import share_carried
from provenance.lineage.dividing import divide, settle_restated
from provenance.lineage.kept_marks import keep_marks
from provenance.lineage.marks import Out
from provenance.lineage.merging import asked
from provenance.lineage.merging.beginning import Part, begin, unknown
from provenance.lineage.merging.exchange import number_all
from provenance.lineage.merging.flagged_samples import FlaggedSamples
from provenance.lineage.merging.inputs import Inputs
from provenance.lineage.merging.numbering import Numbers
from provenance.lineage.merging.shelf import Shelf
from provenance.lineage.merging.work import BEGUN, DIVIDED, LINKS, SETTLED, Hands, Here, Work
from provenance.lineage.tables import Tables


class Merging:
    """One completion, as far as the dataset's own rows go; `ending` has the rest.

    ``hands`` do the steps.
    """

    def __init__(self, inputs: Inputs, tables: Tables, shelf: Shelf, hands: Callable[[Work], Hands] = Here) -> None:
        self.tables = tables
        self.work = Work(
            inputs, shelf, tables.database, tables.vocabulary, tables.digest_size, is_restated=tables.is_restated
        )
        self.hands = hands(self.work)
        shelf.give_back()
        self._firsts = number_all(self.work, self.hands)
        self.explained: Counter[str] = Counter()
        self._has_left = False
        # The ranges with samples whose rows have, or will have, several births.
        self._shared: list[int] = []
        self._begin()

    @property
    def spans(self) -> range:
        """The numbers of the ranges."""
        return self.work.spans

    @property
    def total(self) -> int:
        """How many samples there are."""
        return int(self._firsts[-1])

    def within(self, chosen: FlaggedSamples, number: int) -> Numbers:
        """The samples of a range that are ``chosen``, by their places in it."""
        first, end = self._firsts[number : number + 2].tolist()
        return np.flatnonzero(chosen.within(first, end - first))

    def _begin(self) -> None:
        """Explain rows by what is stated of them, and by records of the same samples."""
        for number, found in zip(self.spans, self.hands.each(_begin, self.spans), strict=True):
            self.explained.update(found.explained)
            self._has_left |= found.has_left
            if found.is_shared:
                self._shared.append(number)

    def enter_left(self) -> bool:
        """Make ``left_over`` of the rows that nothing has explained; whether there are any."""
        if self._has_left:
            for rows in self.hands.each(_left, self.spans):
                self.tables.insert("left_over", rows)
        return self._has_left

    def divide(self, out: Out | None, dependencies: Sequence[Dependency], births: RecordedBirths | None) -> None:
        """Let the tables divide the rows of samples of several births; then nothing is left over."""
        is_shared = bool(self._shared)
        if is_shared:
            self._share(out, dependencies)
        parents = FlaggedSamples(self.total)
        for found in self.hands.each(partial(_leave_nothing, is_shared), self.spans):
            self.explained["unknown"] += found.unknown
            if found.records is not None:
                self.tables.insert("records", found.records)
            if found.parents is not None:
                parents.add(found.parents)
        if is_shared:
            self._divide(out, births, parents)

    def _share(self, out: Out | None, dependencies: Sequence[Dependency]) -> None:
        has_several = False
        # Of all ranges: that a sample has more rows than what was read has says something of the others, too.
        for is_several, tables in self.hands.each(_entries, self.spans):
            has_several |= is_several
            for name, rows in tables:
                self.tables.insert(name, rows)
        if has_several:
            assert out is not None
            share_carried(self.tables, out, dependencies)
        if self.tables.is_restated:
            settle_restated(self.tables)

    def _divide(self, out: Out | None, births: RecordedBirths | None, parents: FlaggedSamples) -> None:
        for ids in self.hands.each(_named_parents, self._shared, lambda number: self.within(parents, number)):
            self.tables.insert("named_parents", ids)
        divide(self.tables)
        keep_marks(self.tables, out, births)
        work = self.work
        for number in self.spans if self.tables.is_restated else self._shared:
            part, _ = work.divided(number)
            found = asked.divided(self.tables, work.inputs.spans[number], part, work.numbered(number))
            work.divide_by_tables(number, found)


class _Beginning(NamedTuple):
    """``has_left``: nothing has explained some rows; ``is_shared``: rows of some samples have several births."""

    explained: dict[str, int]
    has_left: bool
    is_shared: bool


def _begin(work: Work, number: int) -> _Beginning:
    found, numbered = work.inputs.read(number), work.numbered(number)
    closure = work.closure(number, found)
    begun = begin(work.database, found, numbered, closure, is_restated=work.is_restated)
    is_shared = bool(begun.shared.any())
    if is_shared:
        begun = replace(begun, part=begun.part.with_numbers(number, begun.shared))
    work.shelf.put(number, LINKS, closure.links)
    work.shelf.put(number, BEGUN, begun)
    return _Beginning(begun.explained, bool(begun.left.any()), is_shared)


def _left(work: Work, number: int) -> pa.Table:
    """The rows of a range that nothing has explained, for the tables."""
    return asked.left_over(work.begun(number).left, work.numbered(number))


def _entries(work: Work, number: int) -> tuple[bool, list[tuple[str, pa.Table]]]:
    """Whether carried rows of a range may have been born in several ways; and what is entered in which table."""
    begun, each = work.begun(number), work.inputs.spans[number]
    found = asked.given(each, begun, work.numbered(number), work.closure(number), work.inputs.knowing)
    return bool(begun.several.any()), [(name, rows) for name, rows in found if len(rows)]


class _Left(NamedTuple):
    """``unknown``: rows that nothing has explained. ``records``: further ones for the tables; ``parents``: of all
    records. None where rows of no sample have several births."""

    unknown: int
    records: pa.Table | None
    parents: Numbers | None


def _leave_nothing(is_shared: bool, work: Work, number: int) -> _Left:
    """Have a record of each row of a range. ``is_shared``: rows of some samples, of any range, have several births."""
    begun, numbered = work.begun(number), work.numbered(number)
    rest = unknown(begun.left, work.digest_size)
    part = Part.of([begun.part, rest])
    records, parents = None, None
    if is_shared:
        part = part.with_numbers(number, begun.shared)
        is_new = np.arange(len(part)) >= len(begun.part)
        records = asked.records_of(part, begun.shared, numbered, is_new)
        parents = part.records.parents
    work.shelf.put(number, DIVIDED, (part, asked.undivided(part, numbered.count)))
    work.shelf.put(number, SETTLED, replace(begun, part=part.take(np.empty(0, np.int64))))
    work.shelf.take(number, BEGUN)
    return _Left(int(begun.left.sum()), records if records is not None and len(records) else None, parents)


def _named_parents(work: Work, number: int, parents: Numbers) -> pa.Table:
    """The ids of samples of several births that are ``parents``, for the tables."""
    shared = work.settled(number).shared
    chosen = np.zeros(len(shared), bool)
    chosen[parents] = True
    return asked.ids_table(shared & chosen, work.numbered(number))
