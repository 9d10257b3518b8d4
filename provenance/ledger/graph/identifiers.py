"""Sample ids as arrays: the first eight bytes as an integer, which distinguishes nearly all, and the rest as bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from provenance.errors import SidecarError
from provenance.identity.id_order import heads_of
from provenance.ledger.graph.store import Array

_HEAD_BYTES = 8
_MOST_FITTING_LOOKED_AT = 100_000


# Samples and records are numbered in 32 bits.
MOST_NUMBERS = 2**32 - 1


def require_numbers(what: str, count: int, of: str) -> None:
    """Refuse to number more than there are numbers of 32 bits, which is what the index has.

    Raises:
        SidecarError: ``what`` has too many.
    """
    if count > MOST_NUMBERS:
        raise SidecarError(
            f"{what}: {count:,} {of}, and the graph index numbers at most {MOST_NUMBERS:,}; divide the dataset into "
            "several, in repositories of their own"
        )


@dataclass(frozen=True)
class SampleIds:
    """Ids of ``width`` bytes each: ``heads`` (n, uint64, sorting like the bytes) and ``tails`` (n x rest, uint8)."""

    heads: Array
    tails: Array
    width: int

    def __len__(self) -> int:
        return len(self.heads)

    def __getitem__(self, chosen: slice | Array) -> SampleIds:
        return SampleIds(self.heads[chosen], self.tails[chosen], self.width)

    @classmethod
    def of_bytes(cls, rows: Array) -> SampleIds:
        """From rows of bytes (n x width, uint8)."""
        width = rows.shape[1]
        padded = rows if width >= _HEAD_BYTES else np.pad(rows, ((0, 0), (0, _HEAD_BYTES - width)))
        return cls(heads_of(rows), np.ascontiguousarray(padded[:, _HEAD_BYTES:]), width)

    @classmethod
    def of_hex(cls, texts: Iterable[str], width: int) -> SampleIds:
        """From hex digits; what is not ``width`` bytes long fits no sample, and becomes an id that none has."""
        values = [value if len(value) == width else b"\0" * width for value in map(bytes.fromhex, texts)]
        return cls.of_bytes(np.frombuffer(b"".join(values), np.uint8).reshape(-1, width))

    def bytes(self) -> Array:
        """Rows of bytes (n x width, uint8)."""
        heads = self.heads.astype(">u8").view(np.uint8).reshape(-1, _HEAD_BYTES)
        return np.concatenate([heads, self.tails], axis=1)[:, : self.width]

    def hex(self) -> list[str]:
        """Each id as lower-case hex digits."""
        text, digits = self.bytes().tobytes().hex(), 2 * self.width
        return [text[start : start + digits] for start in range(0, len(text), digits)]

    def are_sorted(self) -> bool:
        """Whether each id is at least the one before."""
        before, after = self[:-1], self[1:]
        if (after.heads < before.heads).any():
            return False
        same = np.flatnonzero(after.heads == before.heads)
        return all(before.tails[n].tobytes() <= after.tails[n].tobytes() for n in same)

    def differ_from_next(self) -> Array:
        """Whether each id but the last is another than the next (n - 1, bool)."""
        differ: Array = self.heads[1:] != self.heads[:-1]
        same = np.flatnonzero(~differ)
        differ[same] = _differ(self.tails, same, self.tails, same + 1)
        return differ

    def places_of(self, wanted: SampleIds) -> Array:
        """The place among these ids, which are sorted, of each of ``wanted``; -1 for what is not there. int64."""
        if not len(self) or not len(wanted):
            return np.full(len(wanted), -1, np.int64)
        # In order, a search finds in the processor's cache what the one before it has brought there.
        order = np.argsort(wanted.heads)
        places = np.empty(len(wanted), np.int64)
        places[order] = np.searchsorted(self.heads, wanted.heads[order])
        there = np.minimum(places, len(self) - 1)
        places[self.heads[there] != wanted.heads] = -1
        found = np.flatnonzero(places >= 0)
        for number in found[_differ(self.tails, places[found], wanted.tails, found)]:
            places[number] = self._among_equal_heads(wanted[number : number + 1])
        return places

    def _among_equal_heads(self, one: SampleIds) -> int:
        first, last = (int(np.searchsorted(self.heads, one.heads[0], side)) for side in ("left", "right"))
        fits = np.flatnonzero((self.tails[first:last] == one.tails[0]).all(axis=1))
        return first + int(fits[0]) if len(fits) else -1

    def beginning_with(self, prefix: str, most: int) -> Array:
        """The places of at most ``most`` ids, of these which are sorted, whose hex digits begin with ``prefix``."""
        head = prefix[: 2 * _HEAD_BYTES]
        first, last = (int(head.ljust(2 * _HEAD_BYTES, digit), 16) for digit in "0f")
        start = int(np.searchsorted(self.heads, np.uint64(first), "left"))
        end = int(np.searchsorted(self.heads, np.uint64(last), "right"))
        end = min(end, start + _MOST_FITTING_LOOKED_AT)
        texts = self[start:end].hex() if len(prefix) > 2 * _HEAD_BYTES else [prefix] * min(end - start, most)
        return start + np.flatnonzero([text.startswith(prefix) for text in texts])[:most]


def _differ(rows: Array, places: Array, others: Array, other_places: Array) -> Array:
    """Whether each of ``rows`` at ``places`` is another than its counterpart among ``others``."""
    if rows.shape[1] == np.dtype(np.uint64).itemsize:
        # As one integer each, where ids have the usual 16 bytes: ten times as fast.
        rows, others = rows.view(np.uint64), others.view(np.uint64)
    differ: Array = (rows[places] != others[other_places]).any(axis=1)
    return differ
