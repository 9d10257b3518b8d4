"""Of rows of equal content, which births those have that one of two datasets has more of than the other.

The rows that the other dataset has are among its own, as there are more of these. So of each birth as many are left as
this dataset has, less those of the other: exactly so where both are certain. Where the other describes a row by a birth
that this one does not know, it was described anew, and this says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from provenance.lineage.row_bounds import Array, BirthRows


@dataclass(frozen=True)
class Left:
    """What is left of ``samples``: ``shared`` by sample, ``rows`` and ``possible`` by record (of all ``records``)."""

    samples: Array
    shared: Array
    records: Array
    rows: Array
    possible: Array


def rows_left(own: Births, others: Births) -> Left:
    """What is left of ``own`` rows without the ``others``, sample by sample; of samples of which that can be told."""
    groups, theirs = _grouped(own), _grouped(others)
    least, most = np.zeros((2, len(groups.keys)), np.int64)
    places = np.searchsorted(groups.keys, theirs.keys)
    known = places < len(groups.keys)
    known[known] = groups.keys[places[known]] == theirs.keys[known]
    least[places[known]], most[places[known]] = theirs.low[known], theirs.high[known]
    left = own.births.total[own.samples] - others.births.total[others.samples]
    low, high = np.maximum(0, groups.low - most), np.maximum(0, groups.high - least)
    high = np.minimum(high, left[groups.sample])
    number = len(own.samples)
    lows, highs = (np.bincount(groups.sample, each, number).astype(np.int64) for each in (low, high))
    anew = np.zeros(number, bool)
    anew[theirs.sample[~known & (theirs.high > 0)]] = True
    anew[groups.sample[low > high]] = True
    told = ~anew & (lows <= left) & (left <= highs)
    rows = np.maximum(low, (left - highs)[groups.sample] + high)
    possible = np.minimum(high, (left - lows)[groups.sample] + low) - rows
    shared = left - np.bincount(groups.sample, rows, number).astype(np.int64)
    # All of a group stands on the first of its records.
    on_first = (
        np.where(groups.is_first, rows[groups.of_record], 0),
        np.where(groups.is_first, possible[groups.of_record], 0),
    )
    chosen = told[groups.sample][groups.of_record]
    return Left(own.samples[told], shared[told], groups.records[chosen], on_first[0][chosen], on_first[1][chosen])


@dataclass(frozen=True)
class Births:
    """The births of ``samples`` (their places), the n-th of which is the n-th of the other side's.

    ``cells``: by record a number that says how it was born, the same on both sides.
    """

    births: BirthRows
    cells: Array
    samples: Array


@dataclass(frozen=True)
class _Groups:
    """Records of a sample that were born alike: their ``sample``, and how many rows they have, at least and at most.

    ``of_record``: the group of each of the ``records``; ``is_first``: whether it is the first of its group.
    """

    keys: Array
    sample: Array
    low: Array
    high: Array
    records: Array
    of_record: Array
    is_first: Any


def _grouped(side: Births) -> _Groups:
    births = side.births
    sizes = np.diff(births.starts)[side.samples]
    sample = np.repeat(np.arange(len(sizes)), sizes)
    records = births.records_of(side.samples)
    keys, first, of_record = np.unique(
        (sample << np.int64(32)) | side.cells[records], return_index=True, return_inverse=True
    )
    rows, possible = (
        np.bincount(of_record, each[records], len(keys)).astype(np.int64) for each in (births.rows, births.possible)
    )
    of_group = sample[first]
    every = np.bincount(sample, births.possible[records], len(sizes)).astype(np.int64)[of_group]
    shared = births.shared[side.samples][of_group]
    low, high = rows + np.maximum(0, shared - (every - possible)), rows + np.minimum(shared, possible)
    is_first = np.zeros(len(records), bool)
    is_first[first] = True
    return _Groups(keys, of_group, low, high, records, of_record, is_first)
