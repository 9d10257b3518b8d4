"""What ranges of ids have to know of all samples: a set of them takes a bit for each, or where they are few, a byte."""

from __future__ import annotations

import numpy as np

from provenance.lineage.merging.numbering import Flags, Numbers

# Bytes are several times as fast, and of so many samples they take little.
MOST_AS_BYTES = 1 << 20


class FlaggedSamples:
    """Some of ``count`` samples, by their numbers."""

    def __init__(self, count: int) -> None:
        self._has_bits = count > MOST_AS_BYTES
        self._flags = np.zeros((count + 7) // 8 if self._has_bits else count, np.uint8)

    def __bool__(self) -> bool:
        return bool(self._flags.any())

    def add(self, numbers: Numbers) -> None:
        """Put these samples into the set."""
        if self._has_bits:
            np.bitwise_or.at(self._flags, numbers >> 3, np.left_shift(1, numbers & 7).astype(np.uint8))
        else:
            self._flags[numbers] = 1

    def add_all(self, others: FlaggedSamples) -> None:
        """Put into the set what another of as many samples has."""
        self._flags |= others._flags

    def remove_all(self, others: FlaggedSamples) -> None:
        """Take out of the set what another of as many samples has."""
        self._flags &= ~others._flags

    def has(self, numbers: Numbers) -> Flags:
        """Whether each of these samples is in the set."""
        if not self._has_bits:
            return self._flags[numbers].view(bool)
        found: Flags = ((self._flags[numbers >> 3] >> (numbers & 7).astype(np.uint8)) & 1).view(bool)
        return found

    def within(self, first: int, count: int) -> Flags:
        """Whether each of ``count`` samples from number ``first`` is in the set."""
        if not self._has_bits:
            return self._flags[first : first + count].view(bool)
        bits = np.unpackbits(self._flags[first >> 3 : (first + count + 7) >> 3], bitorder="little")
        return bits[first & 7 : (first & 7) + count].view(bool)
