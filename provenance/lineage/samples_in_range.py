"""The samples of one sidecar that are in a range of ids, and how many rows each has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from provenance.lineage.coded_columns import numbers_from_one
from provenance.lineage.row_bounds import Array, BirthRows, Chosen, starts_of
from provenance.lineage.words import COUNTED_NAMES

if TYPE_CHECKING:
    import pyarrow as pa

    from provenance.lineage.sorted_records import RecordsInRange


@dataclass(frozen=True)
class SamplesInRange:
    """Samples that have rows, or may have, in the order of their ids.

    ``ids``: a line of bytes for each sample; ``keys``: their first bytes as numbers; ``births``: what their records
    say of their rows; ``rows``: how many each has. ``groups`` and ``places`` say where these records stand, as
    `SortedRecords.values` takes them; ``records``: how many the range has, also of samples without rows.
    """

    records: int

    ids: npt.NDArray[np.uint8]
    keys: npt.NDArray[np.uint64]
    births: BirthRows
    rows: Array
    groups: range
    places: Array

    def have_several_births(self, samples: Array) -> Chosen:
        """Whether each of ``samples``, by their places, has several."""
        several: Chosen = self.births.sizes(samples) > 1
        return several

    @property
    def some_have_several_births(self) -> bool:
        return len(self.births.rows) > len(self.ids)


def samples_of(found: RecordsInRange) -> SamplesInRange:
    """The samples of records that were read with the columns of `COUNTED_NAMES`."""
    number = len(found.keys)
    counts = [_numbers(found.columns[name], number) for name in COUNTED_NAMES]
    counted = counts[0] > 0
    for each, name in zip(counts[1:], COUNTED_NAMES[1:], strict=True):
        if found.columns[name] is not None:
            counted |= each > 0
    ids, keys, is_first = found.ids, found.keys, found.is_first
    places = np.arange(found.first, found.first + number)
    if not np.all(counted):
        places, ids, keys = places[counted], ids[counted], keys[counted]
        counts = [each[counted] for each in counts]
        is_first = None if is_first is None else _first_of_those(is_first, counted)
    certain, possible, shared = counts
    if is_first is None:
        births = BirthRows(np.arange(len(keys) + 1), certain, possible, shared)
        rows = certain if found.columns["ambiguous_rows"] is None else certain + shared
        return SamplesInRange(number, ids, keys, births, rows, found.groups, places)
    starts = starts_of(is_first)
    births = BirthRows(starts, certain, possible, np.add.reduceat(shared, starts[:-1]) if len(keys) else shared)
    return SamplesInRange(number, ids[is_first], keys[is_first], births, births.total, found.groups, places)


def no_samples() -> SamplesInRange:
    none = np.empty(0, np.int64)
    births = BirthRows(np.zeros(1, np.int64), none, none, none)
    return SamplesInRange(0, np.empty((0, 1), np.uint8), none.astype(np.uint64), births, none, range(0), none)


def _numbers(column: pa.ChunkedArray | None, number: int) -> Any:
    if column is None:
        # One 0 in memory, however many there are.
        return np.broadcast_to(np.int64(0), number)
    numbers = numbers_from_one(column.combine_chunks())
    numbers -= 1
    return np.maximum(numbers, 0, out=numbers)


def _first_of_those(is_first: Chosen, chosen: Chosen) -> Chosen:
    """Whether each of the ``chosen`` records is the first of its sample's that are chosen."""
    sample = np.cumsum(is_first)[chosen]
    return np.append(True, sample[1:] != sample[:-1])[: len(sample)]


def common_samples(old: SamplesInRange, new: SamplesInRange) -> tuple[Array, Array]:
    """The places of the samples that are in both, in ``old`` and in ``new``."""
    if not (len(old.ids) and len(new.ids)):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    if not (_increase(old.keys) and _increase(new.keys)):
        return _common_ids(whole_ids(old.ids), whole_ids(new.ids))
    keys = np.concatenate([old.keys, new.keys])
    # Both are sorted, so that a stable sort of numbers is a merge; what is equal comes in the order of the sides.
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    pairs = np.flatnonzero(keys[1:] == keys[:-1])
    here, there = order[pairs], order[pairs + 1] - len(old.keys)
    same = _equal(old.ids, here, new.ids, there)
    return (here, there) if np.all(same) else (here[same], there[same])


def _equal(ids: Any, here: Array, others: Any, there: Array) -> Any:
    """Whether ids of equal keys are the same as others, compared in numbers as wide as their length allows."""
    width = next(width for width in (8, 4, 2, 1) if ids.shape[1] % width == 0)
    some, same = ids.view(f"u{width}"), others.view(f"u{width}")
    # What the keys are, which are the first eight bytes.
    known = 8 // width
    compared = (some[:, column][here] == same[:, column][there] for column in range(known, some.shape[1]))
    return reduce(np.logical_and, compared, np.True_)


def _common_ids(old: Any, new: Any) -> tuple[Array, Array]:
    places = np.searchsorted(old, new)
    places[places == len(old)] = 0
    there = np.flatnonzero(old[places] == new)
    return places[there], there


def _increase(keys: Any) -> bool:
    return bool(np.all(keys[1:] > keys[:-1]))


def whole_ids(ids: Any) -> Any:
    """Each id as one value, which compares as its bytes do: ids are of one length, whether or not zeros end them."""
    return np.ascontiguousarray(ids).view(f"S{ids.shape[1]}").ravel()
