"""Ranges of sample ids by their leading bits: what is worked on at a time, and what a part of a sharded sidecar holds.

Ids are digests, so the ranges of a number of leading bits hold about equally many samples, and nothing has to be looked
up to choose them. A range of few bits is made up of whole ranges of more bits: a sidecar in 64 parts, one in 16 and one
that is a single file can be read by the same ranges, side by side.

Whatever joins records by sample id, and gives what adds up, can be worked out range by range:

1. `bits_for` says, from the number of records, how many ranges there should be; `ranges` lists them, in the order of
   their ids. `divided` does both where it is known how many records a range has, and halves those that have more than
   others. Who does the work may take ranges in turn, by several threads, or hand them to tasks on other machines: a
   range is two small integers.
2. Of each sidecar, only the records of the range are read. In a file, which is sorted by id, these are in the row
   groups whose statistics `may_hold` lets pass; in a directory of parts by leading bits, in the parts whose ranges
   `meets` lets pass. In SQL, `sql` is the condition: DuckDB skips row groups by it, and Spark reads it too.
3. The answers of the ranges are added up. As no sample is in two ranges, sums and counts of samples add up, and so do
   lists of the first, the most or the least; what counts distinct values of other columns does not.

Nothing may rest on ranges being equally large: somebody may have made the ids by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

# 65,536 ranges are enough for some 10^10 samples.
MOST_BITS = 16
# Even the shortest of digests, those of 4 bytes, have these.
_BITS_OF_EVERY_ID = 32
_BITS_OF_A_DIGIT = 4
# The halves of a range may have this many times its records, as what is in both is read twice: else it is not worth it.
_MOST_OF_HALVES = 1.25
# About so many records in a range are worked on together, of all sidecars.
RECORDS_AT_ONCE = 1 << 20


class IdRange(NamedTuple):
    """The ids whose first ``bits`` bits, read as a number, are ``number``; of no bits: all ids."""

    bits: int
    number: int

    @property
    def lower(self) -> bytes:
        """What no id of the range is less than; bytes are compared from left to right, and what is shorter is less."""
        return self._prefix(self.number)

    @property
    def upper(self) -> bytes | None:
        """What each id of the range is less than; None: nothing comes behind the range."""
        after = self.number + 1
        return None if after == 1 << self.bits else self._prefix(after)

    def contains(self, sample_id: bytes) -> bool:
        return self.may_hold(sample_id, sample_id)

    def may_hold(self, least: bytes, greatest: bytes) -> bool:
        """Whether ids from ``least`` to ``greatest`` may be in the range."""
        upper = self.upper
        return greatest >= self.lower and (upper is None or least < upper)

    def meets(self, other: IdRange) -> bool:
        """Whether the ranges have ids in common: one of them is then within the other."""
        bits = min(self.bits, other.bits)
        return self.number >> (self.bits - bits) == other.number >> (other.bits - bits)

    def halves(self) -> tuple[IdRange, IdRange]:
        return IdRange(self.bits + 1, 2 * self.number), IdRange(self.bits + 1, 2 * self.number + 1)

    def sql(self, column: str = "sample_id") -> str:
        """The condition that ``column`` is in the range, for DuckDB and for Spark."""
        if not self.bits:
            return f"({column} IS NOT NULL)"
        below = "" if self.upper is None else f" AND {column} < unhex('{self.upper.hex()}')"
        return f"({column} >= unhex('{self.lower.hex()}'){below})"

    def _prefix(self, number: int) -> bytes:
        size = (self.bits + 7) // 8
        return (number << (8 * size - self.bits)).to_bytes(size, "big")


EVERY_ID = IdRange(0, 0)


def range_around(prefix: str) -> IdRange:
    """A range with all ids that begin with ``prefix``, hex digits of which there are some, and few other ids."""
    digits = prefix[: _BITS_OF_EVERY_ID // _BITS_OF_A_DIGIT]
    return IdRange(_BITS_OF_A_DIGIT * len(digits), int(digits, 16))


def ranges(bits: int) -> Iterator[IdRange]:
    """All ranges of ``bits`` leading bits, in the order of their ids: each id is in one of them."""
    if not 0 <= bits <= MOST_BITS:
        raise ValueError(f"ranges have 0 to {MOST_BITS} leading bits, not {bits}")
    return (IdRange(bits, number) for number in range(1 << bits))


def bits_for(records: int, at_once: int = RECORDS_AT_ONCE) -> int:
    """How many leading bits make ranges of at most about ``at_once`` of ``records``."""
    wanted = max(1, -(-records // max(1, at_once)))
    return min(MOST_BITS, (wanted - 1).bit_length())


def ranges_for(records: int, at_once: int = RECORDS_AT_ONCE) -> list[IdRange]:
    """All ids in as many ranges as these ``records`` need."""
    return list(ranges(bits_for(records, at_once)))


def divided(
    records_of: Callable[[IdRange], int], at_once: int = RECORDS_AT_ONCE, whole: IdRange = EVERY_ID
) -> Iterator[IdRange]:
    """Ranges that make up ``whole``, in order and without empty ones, each of at most ``at_once`` records.

    ``records_of`` says how many records have to be read for a range: whole row groups. Where halves would have to read
    much of the same, a range stays as large as it is.
    """
    records = records_of(whole)
    if not records:
        return
    halves = whole.halves()
    if (
        records <= at_once
        or whole.bits >= _BITS_OF_EVERY_ID
        or sum(map(records_of, halves)) > records * _MOST_OF_HALVES
    ):
        yield whole
        return
    for half in halves:
        yield from divided(records_of, at_once, half)
