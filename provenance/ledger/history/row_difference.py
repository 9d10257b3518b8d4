"""Rows added, removed and kept between two sidecars, range by range of their sample ids.

A range of each is held at a time, never a whole sidecar. Of a range, only the ids and the numbers of rows are read
first, and what describes the rows only of samples of which one side has more rows than the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from provenance.jobs import allowed, at_once
from provenance.ledger.composition.counted import CELL_COLUMNS, Counted, count_cells
from provenance.ledger.history.described_rows import DescribedRows
from provenance.lineage.id_ranges import RECORDS_AT_ONCE, IdRange, divided
from provenance.lineage.row_bounds import Array
from provenance.lineage.samples_in_range import SamplesInRange, common_samples, no_samples, samples_of
from provenance.lineage.sidecar import Sidecar, open_sidecar
from provenance.lineage.sorted_records import SortedRecords
from provenance.lineage.words import COUNTED_NAMES

if TYPE_CHECKING:
    from provenance.engines.interface import InTasks

Progress = Callable[[int], None]
_TEXTS = ("origin", "kind", "license")
# Values of CELL_COLUMNS, and how many rows have them.
Cells = Counter[tuple[Any, ...]]


@dataclass(frozen=True)
class RowDifference:
    """``added`` as the newer sidecar describes them, ``removed`` as the older one does; ``kept`` are in both."""

    added: Counted
    removed: Counted
    kept: int


def compare_rows(
    old: Sidecar | None,
    new: Sidecar | None,
    progress: Progress = lambda records: None,
    jobs: int | None = None,
    records_at_once: int = RECORDS_AT_ONCE,
    elsewhere: InTasks | None = None,
) -> RowDifference:
    """How the rows of two datasets differ, as multisets of samples; None: a dataset without rows.

    The ids of both must have been computed alike. ``progress`` is called with the number of records read. ``jobs``
    threads (None: as many as are allowed) work on ranges of their own, all of them on about ``records_at_once``;
    or tasks ``elsewhere`` do, on so many each.

    Raises:
        SidecarError: a sidecar is damaged.
    """
    sides = _Side(old), _Side(new)
    cells: tuple[Cells, Cells] = Counter(), Counter()
    kept = 0
    jobs = 1 if elsewhere else jobs or allowed()
    ranges = divided(lambda each: sum(side.records(each) for side in sides), records_at_once // jobs)
    if elsewhere is None:
        results: Iterable[_Found] = at_once(lambda each: _differ(*sides, each), ranges, jobs)
    else:
        before, after = (None if sidecar is None else sidecar.path.resolve() for sidecar in (old, new))
        results = elsewhere(partial(_differ_there, before, after), ranges)
    for found in results:
        progress(found.records)
        kept += found.kept
        for known, more in zip(cells, found.alone, strict=True):
            known.update(more)
    removed, added = (side.counted(alone, kept) for side, alone in zip(sides, cells, strict=True))
    return RowDifference(added=added, removed=removed, kept=kept)


class _Side:
    """One of the two sidecars, or None for no rows."""

    def __init__(self, sidecar: Sidecar | None) -> None:
        self._sidecar = sidecar
        self._records = None if sidecar is None else SortedRecords(sidecar, _TEXTS)

    def records(self, each: IdRange) -> int:
        """How many records have to be read for the range."""
        return 0 if self._records is None else self._records.records(each)

    def samples(self, each: IdRange) -> SamplesInRange:
        return no_samples() if self._records is None else samples_of(self._records.read(each, COUNTED_NAMES))

    def described(self, samples: SamplesInRange, chosen: Array) -> DescribedRows:
        """How this side describes those of its ``samples`` that are at the places ``chosen``; at least one."""
        assert self._sidecar is not None
        assert self._records is not None
        places = samples.places[samples.births.records_of(chosen)]
        columns = self._records.values(samples.groups, places, CELL_COLUMNS)
        return DescribedRows(columns, samples.births.only(chosen), self._sidecar)

    def counted(self, alone: Cells, kept: int) -> Counted:
        """The rows that this side alone has; checks that they and those that are ``kept`` are all there should be."""
        if self._sidecar is None:
            return Counted()
        counted = count_cells(((*cell, rows) for cell, rows in alone.items()), self._sidecar.header)
        self._sidecar.require_rows(counted.rows + kept)
        return counted


@dataclass(frozen=True)
class _Found:
    """Of a range: its ``records``, the rows that both sides have, and the cells of those that one has ``alone``."""

    records: int
    kept: int
    alone: tuple[Cells, Cells]


def _differ_there(old: Path | None, new: Path | None, each: IdRange) -> _Found:
    """The same by a task that has only the paths."""
    before, after = (_Side(None if path is None else open_sidecar(path)) for path in (old, new))
    return _differ(before, after, each)


def _differ(old: _Side, new: _Side, each: IdRange) -> _Found:
    samples = here, there = old.samples(each), new.samples(each)
    common = common_samples(here, there)
    both = np.minimum(here.rows[common[0]], there.rows[common[1]])
    left = [_left(own, places, both) for own, places in zip(samples, common, strict=True)]
    # Of which common samples the other side says which births are left.
    told = [_told(own, places, both) for own, places in zip(samples, common, strict=True)]
    chosen = [
        np.union1d(np.flatnonzero(rows), places[others]) if len(others) else np.flatnonzero(rows)
        for rows, places, others in zip(left, common, reversed(told), strict=True)
    ]
    described = [
        side.described(own, places) if len(places) else None
        for side, own, places in zip((old, new), samples, chosen, strict=True)
    ]
    for own, other in ((0, 1), (1, 0)):
        one, another = described[own], described[other]
        if len(told[own]) and one and another:
            one.narrow(another, *(np.searchsorted(chosen[n], common[n][told[own]]) for n in (own, other)))
    removed, added = (
        Counter[Any]() if rows is None else rows.counted(number[places])
        for rows, number, places in zip(described, left, chosen, strict=True)
    )
    return _Found(here.records + there.records, int(both.sum()), (removed, added))


def _told(samples: SamplesInRange, places: Array, both: Array) -> Array:
    """Which of the common samples, at ``places``, have several births here, and more rows than ``both`` sides have."""
    if not samples.some_have_several_births:
        return np.empty(0, np.int64)
    more = np.flatnonzero((both > 0) & (samples.rows[places] > both))
    return more[samples.have_several_births(places[more])]


def _left(samples: SamplesInRange, places: Array, both: Array) -> Array:
    """The rows of each of the ``samples`` without those, of the samples at ``places``, that ``both`` sides have."""
    rows = samples.rows.copy()
    rows[places] -= both
    return rows
