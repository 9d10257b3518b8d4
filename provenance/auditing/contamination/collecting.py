"""The sides of all rows of a suite as arrays, set by set: equal texts of one kind are one side with several rows.

Words, which take most room, are kept in files of the draft of the index, some at a time in memory.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from xxhash import xxh3_128_digest

from provenance.auditing.contamination.hashing import (
    Array,
    Hashes,
    Integers,
    Sums,
    bounds,
    distinct,
    spread,
    starts_of_runs,
)
from provenance.auditing.contamination.sides import Side, sides_of
from provenance.auditing.contamination.words import words_of
from provenance.errors import DataError
from provenance.ledger.graph.store import Draft

# So many words, or words in threes, are looked at together.
AT_A_TIME = 1 << 20
_CHARACTERS_AT_A_TIME = 2_000_000
# So many texts are remembered, so that those that rows beside each other share are read once.
_MOST_SEEN = 100_000
# An index takes some 25 bytes a word on disk, and three times as many while it is made.
MOST_WORDS = 30_000_000
# The names of arrays that a draft has on the way.
_COLLECTED, DIFFERENT = "collected_words", "different_words"


@dataclass(frozen=True)
class Collected:
    """The sides of a suite, in the order of its sets.

    ``words``: of all sides, those of side i from ``offsets[i]`` on. ``sides``: which `Side` each is. ``hashes``: of
    all its words. ``sets``: the set it was first met in. Its rows are those of ``rows`` from ``row_offsets[i]`` on.
    """

    names: tuple[str, ...]
    set_rows: Integers
    words: Hashes
    offsets: Integers
    sides: Array
    hashes: Hashes
    sets: Array
    row_offsets: Integers
    rows: Array

    @property
    def sizes(self) -> Integers:
        """The number of words of each side."""
        return np.diff(self.offsets)

    def owners(self) -> Array:
        """The side of each word."""
        return np.repeat(np.arange(len(self.sides), dtype=np.int32), self.sizes)

    def kept(self, keep: Array, draft: Draft, name: str) -> Collected:
        """The same without the sides for which ``keep`` is false; words go to the array ``name`` of ``draft``."""
        chosen = np.flatnonzero(keep)
        sizes, rows = self.sizes[chosen], np.diff(self.row_offsets)[chosen]
        offsets, starts = bounds(sizes), self.offsets[chosen]
        draft.append(name, np.zeros(0, np.uint64))
        for first, last in chunks(offsets):
            draft.append(name, self.words[spread(starts[first:last], sizes[first:last])])
        return Collected(
            self.names,
            self.set_rows,
            draft.mapped(name),
            offsets,
            self.sides[chosen],
            self.hashes[chosen],
            self.sets[chosen],
            bounds(rows),
            self.rows[spread(self.row_offsets[chosen], rows)],
        )


def chunks(offsets: Integers) -> Iterator[tuple[int, int]]:
    """Sides, from and to, whose words together are no more than `AT_A_TIME`, or one side."""
    first, count = 0, len(offsets) - 1
    while first < count:
        last = int(np.searchsorted(offsets, offsets[first] + AT_A_TIME, side="right")) - 1
        last = max(last, first + 1)
        yield first, last
        first = last


class Collector:
    """Takes the rows of one evaluation set after the other; no more than some of their texts are held at once."""

    def __init__(self, draft: Draft) -> None:
        """``draft``: where words are kept."""
        self._draft = draft
        draft.append(_COLLECTED, np.zeros(0, np.uint64))
        self._names: list[str] = []
        self._set_rows: list[int] = []
        self._seen: dict[tuple[Side, bytes], int] = {}
        self._pending: list[str] = []
        self._pending_characters = 0
        self._hashes: list[Hashes] = []
        self._sizes: list[Integers] = []
        self._total = 0
        self._sides = array("B")
        self._sets = array("i")
        # Pairs of a text, by its number, and a row that has it.
        self._texts_of_rows, self._rows = array("q"), array("q")

    def add(self, name: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Take the set called ``name``.

        Raises:
            DataError: there is more text than an index can hold.
        """
        before, count = sum(self._set_rows), 0
        self._names.append(name)
        for count, row in enumerate(rows, 1):
            for side, text in sides_of(row):
                self._take(side, text, before + count - 1)
            if self._pending_characters > _CHARACTERS_AT_A_TIME:
                self._flush()
            if self._total > MOST_WORDS:
                raise DataError(name, count, f"more than {MOST_WORDS:,} words to look for; name a part of it")
        self._set_rows.append(count)
        self._flush()
        # What is equal in different sets is found by its words, at the end.
        self._seen.clear()

    def collected(self) -> Collected:
        """All sets that were taken."""
        kinds, sizes = np.frombuffer(self._sides, np.uint8), np.concatenate([np.zeros(0, np.int64), *self._sizes])
        hashes = np.concatenate([np.zeros(0, np.uint64), *self._hashes])
        first = _first_of_equals(hashes * np.uint64(8) + kinds)
        row_count = max(sum(self._set_rows), 1)
        pairs = first[np.frombuffer(self._texts_of_rows, np.int64)]
        pairs *= row_count
        pairs += np.frombuffer(self._rows, np.int64)
        pairs = distinct(pairs)
        everything = Collected(
            tuple(self._names),
            np.array(self._set_rows, np.int64),
            self._draft.mapped(_COLLECTED),
            bounds(sizes),
            kinds,
            hashes,
            np.frombuffer(self._sets, np.int32),
            bounds(np.bincount(pairs // row_count, minlength=len(sizes))),
            (pairs % row_count).astype(np.int32),
        )
        kept = everything.kept((first == np.arange(len(first))) & (sizes > 0), self._draft, DIFFERENT)
        self._draft.drop(_COLLECTED)
        return kept

    def _take(self, side: Side, text: str, row: int) -> None:
        key = side, xxh3_128_digest(text.encode("utf-8", "replace"))
        number = self._seen.get(key)
        if number is None:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            number = self._seen[key] = len(self._sides)
            self._sides.append(side)
            self._sets.append(len(self._names) - 1)
            self._pending.append(text)
            self._pending_characters += len(text)
        self._texts_of_rows.append(number)
        self._rows.append(row)

    def _flush(self) -> None:
        found = words_of(pa.array(self._pending, pa.large_string()))
        self._hashes.append(Sums(found.hashes).spans(found.offsets[:-1], found.offsets[1:]))
        self._draft.append(_COLLECTED, found.hashes)
        self._sizes.append(found.lengths)
        self._total += len(found.hashes)
        self._pending, self._pending_characters = [], 0


def _first_of_equals(keys: Hashes) -> Integers:
    """For each key the place of the first that equals it."""
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(starts_of_runs(keys[order]))
    first = np.empty(len(keys), np.int64)
    first[order] = np.repeat(order[starts], np.diff(np.append(starts, len(keys))))
    return first
