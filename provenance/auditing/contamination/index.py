"""The index of a suite of evaluation sets: arrays alone, mapped from files, whatever the training data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from provenance.auditing.contamination import rules
from provenance.auditing.contamination.hashing import Array, Hashes, Integers, spread
from provenance.auditing.contamination.rules import Level
from provenance.auditing.contamination.sides import Side
from provenance.ledger.graph.store import Folder

# Of what the arrays hold; with another one an index is built again.
VERSION = 3
_SLOT_BITS = (12, 22)
FILTER_BITS = 24


@dataclass(frozen=True)
class Suite:
    """Evaluation sets, and where the sides of their rows are found.

    Sides are equal texts of one kind, whatever the number of rows that share them. ``words`` are the upper halves of
    the hashes of all sides' words, ``weights`` their bits (0: template). ``keys`` are hashes of three words, in
    order: of seeds, that is what few sides have, and of anchors, a side's rarest three words, ``anchor_places`` words
    after its first. ``own_bits`` leave out template. ``sets_of_sides``: the set that each was first met in.
    """

    sets: tuple[str, ...]
    set_rows: Array
    words: Array
    weights: Array
    offsets: Integers
    sides: Array
    sets_of_sides: Array
    bits: Array
    own_bits: Array
    hashes: Hashes
    row_offsets: Integers
    rows: Array
    keys: Hashes
    seed_offsets: Array
    seed_sides: Array
    seed_weights: Array
    seed_totals: Array
    anchor_keys: Array
    anchor_offsets: Array
    anchor_sides: Array
    anchor_places: Array
    short: Array

    @classmethod
    def of(cls, folder: Folder) -> Suite:
        """The suite whose index is in ``folder``."""
        return cls(tuple(folder.stated["sets"]), *(folder.array(name) for name in ARRAYS))

    @property
    def row_count(self) -> int:
        """The number of rows of all sets."""
        return int(self.set_rows.sum())

    @cached_property
    def sizes(self) -> Integers:
        """The number of words of each side."""
        return np.diff(self.offsets)

    @cached_property
    def longest(self) -> int:
        """The number of words of the longest side."""
        return int(self.sizes.max(initial=0))

    @cached_property
    def generic(self) -> rules.Flags:
        """The sides of which exact copies are no evidence."""
        return rules.are_generic(self.sides, np.diff(self.row_offsets), self.bits, self.own_bits)

    @cached_property
    def set_of_row(self) -> Array:
        """The set that each row is in; rows of all sets are numbered from 0, one set after the other."""
        return np.repeat(np.arange(len(self.sets)), self.set_rows)

    @cached_property
    def slots(self) -> tuple[np.uint64, Array]:
        """By how many bits a hash is shifted to be a slot, and the first of ``keys`` in each slot, and their number."""
        low, high = _SLOT_BITS
        bits = max(low, min(high, len(self.keys).bit_length() + 1))
        shift = np.uint64(64 - bits)
        firsts = np.searchsorted(self.keys >> shift, np.arange((1 << bits) + 1, dtype=np.uint64))
        return shift, firsts.astype(np.int32)

    @cached_property
    def filled(self) -> npt.NDArray[np.uint8]:
        """By the first bits of a hash, whether any of ``keys`` begins so: a bit each, to be near, and mostly 0."""
        found = np.zeros(1 << FILTER_BITS, np.bool_)
        found[self.keys >> np.uint64(64 - FILTER_BITS)] = True
        return np.packbits(found, bitorder="little")

    @cached_property
    def is_anchor(self) -> rules.Flags:
        """Whether each of ``keys`` is the anchor of a side."""
        found = np.zeros(len(self.keys), np.bool_)
        found[self.anchor_keys] = True
        return found

    def rows_of(self, sides: Array) -> tuple[Integers, Array]:
        """The rows of each of ``sides``, one side after the other, with the place of the side in ``sides``."""
        counts = self.row_offsets[sides + 1] - self.row_offsets[sides]
        return self.rows[spread(self.row_offsets[sides], counts)], np.repeat(np.arange(len(sides)), counts)

    def levels(self) -> Array:
        """How far each row is looked for: its question or, where it has none, its passage."""
        asked = np.full(self.row_count, -1, np.int8)
        read = np.zeros(self.row_count, np.int8)
        each = rules.levels(
            self.sides, self.sizes, self.bits, self.own_bits, self.seed_totals > 0, self.generic
        ).astype(np.int8)
        for found, sides in (
            (read, np.flatnonzero(self.sides == Side.PASSAGE)),
            (asked, np.flatnonzero((self.sides != Side.PASSAGE) & ~rules.are_alone(self.sides))),
        ):
            rows, of = self.rows_of(sides)
            np.maximum.at(found, rows, each[sides][of])
        return np.where(asked < 0, read, asked)

    def rows_by_level(self, found: Array) -> list[Mapping[Level, int]]:
        """Of each set, how many rows are looked for how far, but for those that were ``found``."""
        levels = self.levels()
        return [
            {level: int(np.count_nonzero((levels == level) & (self.set_of_row == number) & ~found)) for level in Level}
            for number in range(len(self.sets))
        ]


ARRAYS = tuple(name for name in Suite.__dataclass_fields__ if name != "sets")
