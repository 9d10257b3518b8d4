"""Deals: the rows of two groups, mixed and dealt out again as if their labels meant nothing.

What may be exchanged depends on which rows belong together. Families (one document, one dialogue, one root) that are
wholly in one group are dealt whole, among families of about their size; within a family that is in both groups (a child
and its parent, a text that both hold) the labels are dealt among its rows. A row without a family is one of its own.
Restricted permutations: Good 2005; Pesarin and Salmaso 2010.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from provenance.auditing.chance.counting import log_choose
from provenance.auditing.chance.hashing import Hashes, mixed, salt_of
from provenance.plurals import counted

Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

_ROW_FACTOR = np.uint64(0xBF58476D1CE4E5B9)
_COMPARED = np.uint64(0x94D049BB133111EB)
# Batches that are kept: of 50 deals of 100,000 rows each, 25 MB.
_KEPT = 40


@dataclass(frozen=True)
class Whole:
    """Families in one group: their ``keys``; ``rows`` (bool, over all rows) and the ``family`` of each of these.

    ``strata``: families of about one size (by their places), and how many of them are of the compared group.
    """

    keys: Hashes
    rows: Bools
    family: Integers
    strata: tuple[tuple[Integers, int], ...]


@dataclass(frozen=True)
class Straddling:
    """Families in both groups: ``rows`` (places), a key and the ``family`` of each, and by family its size.

    ``quota``: how many rows of each family are of the compared group. ``copies``: how many families are one text
    that both groups hold, and nothing else: no deal of these changes anything.
    """

    rows: Integers
    keys: Hashes
    family: Integers
    sizes: Integers
    quota: Integers
    copies: int


class Deals:
    """Deals of rows to a compared and a reference group, numbered from 1.

    Deal b is a function of the seed, b, and the rows' ids and families, whatever the order of rows.
    """

    def __init__(self, compared: Bools, ids: Hashes, families: Hashes, seed: int) -> None:
        """``compared``: the labels as they are. ``ids``: of rows, different ones within a group."""
        self.compared, self._seed = compared, seed
        self._kept: dict[tuple[int, int], npt.NDArray[np.uint8]] = {}
        keys, family = np.unique(families, return_inverse=True)
        sizes = np.bincount(family, minlength=len(keys))
        own = np.bincount(family, compared, minlength=len(keys)).astype(np.int64)
        in_both = (own > 0) & (own < sizes)
        rows = np.flatnonzero(in_both[family])
        rows_of_families = np.unique(family[rows], return_inverse=True)[1].astype(np.int64)
        self.straddling = Straddling(
            rows,
            # A text that both groups hold has one id twice: the label keeps the keys apart.
            ids[rows] ^ (families[rows] * _ROW_FACTOR) ^ (compared[rows] * _COMPARED),
            rows_of_families,
            sizes[in_both],
            own[in_both],
            _of_one_id(ids[rows], rows_of_families, sizes[in_both]),
        )
        whole = np.flatnonzero(~in_both)
        places = np.full(len(keys), -1)
        places[whole] = np.arange(len(whole))
        stratum = np.log2(np.maximum(sizes[whole], 1)).astype(np.int64)
        strata = ((members, int((own[whole][members] > 0).sum())) for members in _groups(stratum))
        is_whole = ~in_both[family]
        self.whole = Whole(keys[whole], is_whole, places[family[is_whole]], tuple(strata))

    @property
    def are_of_rows(self) -> bool:
        """Whether each row is dealt by itself."""
        return len(self.whole.keys) == len(self.compared)

    @cached_property
    def families(self) -> tuple[int, int]:
        """How many families, or rows without one, are in the compared group and in the reference."""
        own = sum(picked for _, picked in self.whole.strata)
        both = len(self.straddling.quota)
        return own + both, len(self.whole.keys) - own + both

    @cached_property
    def log_arrangements(self) -> float:
        """The decimal logarithm of how many different deals there are."""
        total = sum(log_choose(len(members), picked) for members, picked in self.whole.strata)
        pairs = zip(self.straddling.sizes.tolist(), self.straddling.quota.tolist(), strict=True)
        total += sum(log_choose(size, own) for size, own in pairs)
        return (total - self.straddling.copies * math.log(2)) / math.log(10)

    @cached_property
    def shared(self) -> tuple[float, float]:
        """Which part of the compared rows, and of the reference, are texts that both hold and that no deal moves."""
        own = int(self.compared.sum())
        return self.straddling.copies / own, self.straddling.copies / (len(self.compared) - own)

    @cached_property
    def fixed_rows(self) -> int:
        """Rows that every deal leaves in their group: of their families' size the other group has none."""
        sizes = np.bincount(self.whole.family, minlength=len(self.whole.keys))
        return int(sum(sizes[members].sum() for members, picked in self.whole.strata if picked in (0, len(members))))

    @property
    def design(self) -> str:
        """What is dealt, in words."""
        said = []
        whole, rows = len(self.whole.keys), int(self.whole.rows.sum())
        if whole:
            said.append(
                f"{counted(rows, 'row')} dealt one by one"
                if whole == rows
                else f"{whole:,} families of {counted(rows, 'row')} dealt whole"
            )
        copies = self.straddling.copies
        if len(self.straddling.quota) > copies:
            families = counted(len(self.straddling.quota) - copies, "family", "families")
            said.append(f"labels dealt within {families} in both groups")
        if copies:
            said.append(f"{counted(copies, 'text')} that both groups hold left in both")
        return "; ".join(said)

    def labels(self, number: int) -> Bools:
        """The labels (true: compared) of deal ``number``, one a row."""
        salt = salt_of(self._seed, number)
        dealt = np.zeros(len(self.compared), np.bool_)
        if len(self.whole.keys):
            dealt[self.whole.rows] = self._chosen(salt)[self.whole.family]
        rest = self.straddling
        if len(rest.quota):
            order = np.lexsort((mixed(rest.keys, salt), rest.family))
            first = np.cumsum(rest.sizes) - rest.sizes
            rank = np.empty(len(order), np.int64)
            rank[order] = np.arange(len(order)) - np.repeat(first, rest.sizes)
            dealt[rest.rows] = rank < rest.quota[rest.family]
        return dealt

    def batch(self, first: int, count: int) -> Bools:
        """The labels of ``count`` deals from number ``first``: rows by deals, those of one deal beside each other.

        The first are kept, a bit each, since all measures of an audit draw them.
        """
        packed = self._kept.get((first, count))
        if packed is None:
            dealt = np.stack([self.labels(number) for number in range(first, first + count)])
            if len(self._kept) < _KEPT:
                self._kept[first, count] = np.packbits(dealt, axis=1)
            return dealt.T
        return np.unpackbits(packed, axis=1, count=len(self.compared)).view(np.bool_).T

    def _chosen(self, salt: int) -> Bools:
        """Which of the whole families are compared: in each stratum those of least number."""
        keys = mixed(self.whole.keys, salt)
        chosen = np.zeros(len(keys), np.bool_)
        for members, picked in self.whole.strata:
            if picked == len(members):
                chosen[members] = True
            elif picked:
                chosen[members[np.argpartition(keys[members], picked - 1)[:picked]]] = True
        return chosen


def _of_one_id(ids: Hashes, family: Integers, sizes: Integers) -> int:
    """How many families have rows of one id alone."""
    if not len(sizes):
        return 0
    ordered, first = ids[np.argsort(family, kind="stable")], np.cumsum(sizes) - sizes
    return int((np.minimum.reduceat(ordered, first) == np.maximum.reduceat(ordered, first)).sum())


def _groups(values: Integers) -> list[Integers]:
    """The places of each different value."""
    return [np.flatnonzero(values == value) for value in np.unique(values)]
