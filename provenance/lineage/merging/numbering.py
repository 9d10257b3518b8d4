"""Ids as numbers: every id that occurs in a completion is numbered once, in the order of the ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from provenance.identity.id_order import order_of_ids

Ids: TypeAlias = "npt.NDArray[np.uint8]"
Numbers: TypeAlias = "npt.NDArray[np.int64]"
Flags: TypeAlias = "npt.NDArray[np.bool_]"


def numbered(parts: Sequence[Ids]) -> tuple[Ids, list[Numbers]]:
    """The distinct ids of all ``parts`` (a row of bytes each), sorted; and of each part, which of these its ids are."""
    ids = np.concatenate(parts)
    order, is_new = order_of_ids(ids)
    number = np.empty(len(ids), np.int64)
    number[order] = np.cumsum(is_new) - 1
    ends = np.cumsum([len(part) for part in parts])
    # As one value each, ids are moved twice as fast.
    whole = ids.view(f"V{ids.shape[1]}").ravel()
    distinct = whole[order[is_new]].view(np.uint8).reshape(-1, ids.shape[1])
    return distinct, np.split(number, ends[:-1])


def starts_of(lengths: npt.NDArray[Any]) -> Numbers:
    """Where each of consecutive ranges of these lengths begins, and the end of the last."""
    starts = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts


def ranges(starts: Numbers, lengths: Numbers) -> Numbers:
    """The numbers of all ranges that begin at ``starts``, one range after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - ends + lengths, lengths)


def combined(columns: Sequence[tuple[npt.NDArray[Any], int]]) -> tuple[Numbers, Numbers]:
    """Of each row, which of the distinct combinations of its values it has; of each of these, a row that has it.

    Columns are numbers from 0, each with how many there may be.
    """
    codes, kinds = np.zeros(len(columns[0][0]), np.int64), 1
    for values, count in columns:
        if kinds * count > 1 << 62:
            codes, kinds = _compressed(codes, kinds)
        codes, kinds = codes * count + values, kinds * count
    codes, kinds = _compressed(codes, kinds)
    example = np.zeros(kinds, np.int64)
    example[codes] = np.arange(len(codes))
    return codes, example


def _compressed(codes: Numbers, kinds: int) -> tuple[Numbers, int]:
    if kinds <= 4 * len(codes) + 1024:
        is_there = np.zeros(kinds, bool)
        is_there[codes] = True
        place = np.cumsum(is_there) - 1
        return place[codes], int(place[-1]) + 1
    found, inverse = np.unique(codes, return_inverse=True)
    return inverse.astype(np.int64), len(found)
