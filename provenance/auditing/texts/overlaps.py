"""n-grams that rows of an evaluation set share with rows of another dataset, a batch of the latter at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.auditing.texts.dataset_texts import Texts, words_of
from provenance.auditing.texts.words import Hashes64, Integers, Words, grams
from provenance.identity.id_arrays import bytes_of_ids

# An n-gram that an evaluation set has more often than this is of its template, not any row's content.
_MOST_OCCURRENCES = 100
_SLICE_WORDS = 4_000_000
_FILTER_BITS = 26
_SHIFT = np.uint64(64 - _FILTER_BITS)
_MATCHES_AT_A_TIME = 2_000_000


class GramIndex:
    """Where n-grams of ``size`` words stand in some rows of an evaluation set.

    ``counts``: by an n-gram's number, how often it occurs; ``rows`` and ``places`` (in words from the row's beginning):
    of all occurrences.
    """

    def __init__(self, text_words: Words, size: int) -> None:
        found = grams(text_words, size)
        places = found.starts - text_words.offsets[found.rows]
        order = np.argsort(found.hashes, kind="stable")
        hashes, firsts, counts = np.unique(found.hashes[order], return_index=True, return_counts=True)
        is_content = counts <= _MOST_OCCURRENCES
        self.rows, self.places = found.rows[order], places[order]
        self._hashes = hashes[is_content]
        self._firsts: Integers = firsts[is_content].astype(np.int64)
        self.counts: Integers = counts[is_content].astype(np.int64)
        self._filter = np.zeros(1 << _FILTER_BITS, np.bool_)
        self._filter[self._hashes >> _SHIFT] = True

    def known(self, hashes: Hashes64) -> tuple[Integers, Integers]:
        """Which of ``hashes`` (by their places) are of this index, and their numbers in it."""
        likely = np.flatnonzero(self._filter[hashes >> _SHIFT])
        numbers = np.searchsorted(self._hashes, hashes[likely])
        numbers[numbers == len(self._hashes)] = 0
        same = self._hashes[numbers] == hashes[likely] if len(self._hashes) else np.zeros(len(likely), np.bool_)
        return likely[same], numbers[same]

    def occurrences(self, numbers: Integers) -> tuple[Integers, Integers]:
        """Where in ``rows`` and ``places`` the occurrences of the n-grams with these numbers are; how many of each."""
        counts = self.counts[numbers]
        return segments(self._firsts[numbers], counts), counts


@dataclass(frozen=True)
class Coverage:
    """For each row of an evaluation set, the greatest part of its words in n-grams that one row of a dataset has too.

    ``parts``: from 0 to 1; ``ids``: the sample that has them (undefined where the part is 0).
    """

    parts: npt.NDArray[np.float64]
    ids: npt.NDArray[np.void]


def slices(evaluation: Texts) -> Iterator[Words]:
    """The words of an evaluation set's rows, some millions at a time."""
    waiting: list[Words] = []
    for batch in evaluation.batches("words"):
        waiting.append(words_of(batch))
        if sum(len(each.hashes) for each in waiting) >= _SLICE_WORDS:
            yield _together(waiting)
            waiting = []
    if waiting:
        yield _together(waiting)


def shared_grams(evaluation: Words, trained: Texts, size: int) -> npt.NDArray[np.bool_]:
    """Whether each row of the evaluation set shares any n-gram of ``size`` words with a row of ``trained``."""
    index = GramIndex(evaluation, size)
    shared = np.zeros(len(evaluation.lengths), np.bool_)
    for batch in trained.batches("words"):
        _, numbers = index.known(grams(words_of(batch), size).hashes)
        occurrences, _ = index.occurrences(np.unique(numbers))
        shared[index.rows[occurrences]] = True
    return shared


def coverage(evaluation: Words, trained: Texts, size: int) -> Coverage:
    """How much of each row of the evaluation set is in n-grams of ``size`` words that one row of ``trained`` has."""
    index = GramIndex(evaluation, size)
    rows = len(evaluation.lengths)
    best: Integers = np.zeros(rows, np.int64)
    ids: npt.NDArray[np.void] | None = None
    for batch in trained.batches("sample_id", "words"):
        if ids is None:
            ids = np.zeros(rows, f"V{batch['sample_id'].type.byte_width}")
        found = grams(words_of(batch), size)
        known, numbers = index.known(found.hashes)
        for some in _cut(found.rows[known], index, numbers):
            row, evaluation_row, words_covered = _covered(found.rows[known][some], index, numbers[some], size)
            order = np.argsort(words_covered, kind="stable")
            row, evaluation_row, words_covered = row[order], evaluation_row[order], words_covered[order]
            # The last of several writes to one place stays: that of the greatest.
            greatest = np.zeros(rows, np.int64)
            writer = np.zeros(rows, np.int64)
            greatest[evaluation_row] = words_covered
            writer[evaluation_row] = row
            better = np.flatnonzero(greatest > best)
            best[better] = greatest[better]
            ids[better] = _raw(batch["sample_id"])[writer[better]]
    return Coverage(best / np.maximum(evaluation.lengths, 1), np.zeros(rows, "V1") if ids is None else ids)


def _covered(rows: Integers, index: GramIndex, numbers: Integers, size: int) -> tuple[Integers, Integers, Integers]:
    """Pairs of a row and an evaluation row that share n-grams, and how many words of the latter these cover."""
    occurrences, counts = index.occurrences(numbers)
    row, evaluation_row, place = np.repeat(rows, counts), index.rows[occurrences], index.places[occurrences]
    if not len(row):
        return row, evaluation_row, place
    order = np.lexsort((place, evaluation_row, row))
    row, evaluation_row, place = row[order], evaluation_row[order], place[order]
    first = np.flatnonzero(np.append(True, (np.diff(row) != 0) | (np.diff(evaluation_row) != 0)))
    # An n-gram covers the words up to the next one's beginning; the last of a pair covers all of its own.
    covered = np.append(np.minimum(np.diff(place), size), size)
    covered[np.append(first[1:], len(row)) - 1] = size
    return row[first], evaluation_row[first], np.add.reduceat(covered, first)


def segments(starts: Integers, lengths: Integers) -> Integers:
    """The places of all elements of runs that begin at ``starts``, one run after the other."""
    ends = np.cumsum(lengths)
    places: Integers = np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)
    return places


def _cut(rows: Integers, index: GramIndex, numbers: Integers) -> Iterator[slice]:
    """Runs of matches, each of whole rows, that have at most so many occurrences as fit in memory (or one row)."""
    if not len(rows):
        return
    starts = np.flatnonzero(np.append(True, np.diff(rows) != 0))
    totals = np.add.reduceat(index.counts[numbers], starts)
    begin, total = 0, 0
    for start, size in zip(starts.tolist(), totals.tolist(), strict=True):
        if total and total + size > _MATCHES_AT_A_TIME:
            yield slice(begin, start)
            begin, total = start, 0
        total += size
    yield slice(begin, len(rows))


def _raw(ids: pa.FixedSizeBinaryArray) -> npt.NDArray[np.void]:
    return bytes_of_ids(ids).view(f"V{ids.type.byte_width}").ravel()


def _together(parts: list[Words]) -> Words:
    lengths = np.concatenate([part.lengths for part in parts])
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return Words(np.concatenate([part.hashes for part in parts]), offsets)
