"""A pool of sampled rows, those compared first and then the reference's, and what chance alone makes of a difference.

Texts of different length or number cannot be compared by most measures of diversity, so every figure is taken of sets
of one size. A set is filled with rows in random order, to within a row. How much the figure differs between two sets
that are alike is found by splitting the reference: `SPLITS` random pairs of sets of that size that share no row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.auditing.measure import Measured, NotMeasured, Outstanding, Subject, Values
from provenance.auditing.texts.dataset_texts import words_of
from provenance.auditing.texts.groups import SAMPLE_BYTES, Comparison, comparison, draw
from provenance.auditing.texts.words import Integers, Words

# Of 99 differences that chance alone makes, a hundredth one is the greatest in 1 of 100 cases: p99 needs no more.
SPLITS = 99
_FEWEST_ROWS = 20
_ROUNDING = 1e-12

Floats = npt.NDArray[np.float64]
Statistic = Callable[[Integers], float]


@dataclass(frozen=True)
class Pool:
    """``compared``: how many of the rows are of the compared group; they come first. ``texts`` are UTF-8.

    ``sampled``: what the rows are, in words that let them be drawn again.
    """

    ids: pa.FixedSizeBinaryArray
    texts: pa.LargeStringArray
    words: Words
    compared: int
    sampled: str

    @property
    def size(self) -> int:
        """The number of rows."""
        return len(self.texts)


@dataclass(frozen=True)
class Difference:
    """How a figure of the compared rows differs from the reference's; see `difference`."""

    value: float
    reference: float
    chance: Floats
    size: int

    def as_values(self) -> Values:
        """The difference as a measure's values."""
        observed = self.value - self.reference
        # Where all halves are alike, what rounding leaves of a difference is not one.
        rounding = _ROUNDING * abs(self.reference)
        beyond = bool(abs(observed) > np.abs(self.chance).max() + rounding)
        scale = self.reference or None
        relative = None if scale is None else observed / scale
        return {
            "value": float(self.value),
            "reference": self.reference,
            "relative_difference": relative,
            "null_sd": None if scale is None else float(self.chance.std(ddof=1)) / scale,
            "null_p99": None if scale is None else float(np.abs(self.chance).max()) / scale,
            "beyond_null": beyond,
            "significant_difference": relative if beyond else 0.0,
            "size": self.size,
        }


def pool(subject: Subject) -> Pool | NotMeasured:
    """Random rows of both groups: up to `SAMPLE_BYTES` of text compared, and twice that of reference.

    Raises:
        DataError: data cannot be read.
        SidecarError: a sidecar is of other data.
    """
    groups = comparison(subject)
    if isinstance(groups, NotMeasured):
        return groups
    samples = {
        groups.compared.called: _sample(subject, groups, of_reference=False),
        groups.reference.called: _sample(subject, groups, of_reference=True),
    }
    for called, sample in samples.items():
        if sample.num_rows < _FEWEST_ROWS:
            return NotMeasured(f"{called}: fewer than {_FEWEST_ROWS} with text in a sample, too few to compare")
    compared, reference = samples.values()
    together = pa.concat_tables([compared, reference]).combine_chunks().to_batches()[0]
    said = " against ".join(f"{sample.num_rows:,} of {called}" for called, sample in samples.items())
    sampled = f"{said}, drawn at random with seed {subject.seed}"
    return Pool(together["sample_id"], together["text"], words_of(together), compared.num_rows, sampled)


def difference(statistic: Statistic, sizes: Integers, compared: int, seed: int) -> Difference | NotMeasured:
    """Compare ``statistic`` of compared rows and of as much reference.

    ``statistic`` takes the numbers of rows of the pool, of which the first ``compared`` are the compared ones.
    ``sizes``: of all rows, in whatever must be equal. ``value`` is of compared rows, ``reference`` the mean over the
    halves of all splits, ``chance`` the differences between the two halves of each.
    """
    own, others = np.arange(compared), np.arange(compared, len(sizes))
    size = int(min(sizes[own].sum(), sizes[others].sum() // 2))
    pick = np.random.default_rng(seed)
    halves = []
    for _ in range(SPLITS):
        order = pick.permutation(others)
        pair = _fill(order, sizes, size), _fill(order[::-1], sizes, size)
        if min(map(len, pair)) < _FEWEST_ROWS // 2:
            return NotMeasured("the reference has too few rows of that length to tell a difference from chance")
        halves.append([statistic(rows) for rows in pair])
    found = np.array(halves)
    own_rows = _fill(own, sizes, size)
    if not len(own_rows):
        return NotMeasured("the compared rows are longer than half of the reference together")
    return Difference(statistic(own_rows), float(found.mean()), found[:, 0] - found[:, 1], size)


def measured(
    subject: Subject,
    prepare: Callable[[Pool], tuple[Statistic, Integers]],
    outstanding: Callable[[Pool], tuple[Outstanding, ...]] = lambda pool: (),
) -> Measured | NotMeasured:
    """The measure that compares the statistic, and by the sizes, that ``prepare`` makes of a pool; see `difference`.

    Raises:
        DataError: data cannot be read.
        SidecarError: a sidecar is of other data.
    """
    rows = pool(subject)
    if isinstance(rows, NotMeasured):
        return rows
    found = difference(*prepare(rows), rows.compared, subject.seed)
    if isinstance(found, NotMeasured):
        return found
    return Measured(found.as_values(), outstanding(rows), rows.sampled)


def coded(values: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int64], int]:
    """Equal values as equal numbers, counted from 0 without gaps; and how many there are."""
    distinct, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int64), len(distinct)


def segments(starts: Integers, lengths: Integers) -> Integers:
    """The places of all elements of runs that begin at ``starts``, one run after the other."""
    ends = np.cumsum(lengths)
    places: Integers = np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)
    return places


def _sample(subject: Subject, groups: Comparison, *, of_reference: bool) -> pa.Table:
    group = groups.reference if of_reference else groups.compared
    origins = "-".join(map(str, group.codes))
    file = group.texts.path.with_suffix(f".{origins}.{of_reference}.{subject.seed}.sample")
    if not file.exists():
        # Two seeds, so that rows of one file that are in both groups are not drawn alike.
        table = draw(group, SAMPLE_BYTES * (1 + of_reference), 2 * subject.seed + of_reference)
        with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    with pa.OSFile(str(file)) as source:
        return pa.ipc.open_file(source).read_all()


def _fill(order: Integers, sizes: Integers, size: int) -> Integers:
    """The first rows of ``order`` that together are not larger than ``size``."""
    rows: Integers = order[: int(np.searchsorted(np.cumsum(sizes[order]), size, side="right"))]
    return rows
