"""Ids as numbers: every id that occurs in a completion is numbered once, in the order of the ids.

Ids are digests, so their first eight bytes, as an integer, nearly always say which comes first; the rest are looked at
only where these are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Ids: TypeAlias = "npt.NDArray[np.uint8]"
Numbers: TypeAlias = "npt.NDArray[np.int64]"
Flags: TypeAlias = "npt.NDArray[np.bool_]"

_WORD = 8
# In bytes; shorter ones are not numbered here.
SHORTEST_ID = _WORD


def numbered(parts: Sequence[Ids]) -> tuple[Ids, list[Numbers]]:
    """The distinct ids of all ``parts`` (a row of bytes each), sorted; and of each part, which of these its ids are."""
    ids = np.concatenate(parts)
    words = [_word(ids, start) for start in range(0, ids.shape[1], _WORD)]
    order, is_new = _sorted(words)
    number = np.empty(len(ids), np.int64)
    number[order] = np.cumsum(is_new) - 1
    ends = np.cumsum([len(part) for part in parts])
    return ids[order[is_new]], np.split(number, ends[:-1])


def _sorted(words: Sequence[npt.NDArray[np.uint64]]) -> tuple[Numbers, Flags]:
    """What sorts ids, given by ``words``; and whether each, so sorted, is another than the one before."""
    order: Numbers = np.argsort(words[0])
    first = words[0][order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = first[1:] != first[:-1]
    alike = np.flatnonzero(~is_new)
    other = np.zeros(len(alike), bool)
    for word in words[1:]:
        other |= word[order[alike]] != word[order[alike - 1]]
    if other.any():
        # Hardly ever: different ids that begin alike.
        of_run = np.cumsum(is_new)
        places = np.flatnonzero(np.isin(of_run, of_run[alike[other]]))
        order[places] = order[places][np.lexsort([word[order[places]] for word in reversed(words)])]
        is_new[places[1:]] = False
        for word in words:
            is_new[places[1:]] |= word[order[places[1:]]] != word[order[places[1:] - 1]]
    return order, is_new


def _word(ids: Ids, start: int) -> npt.NDArray[np.uint64]:
    """The eight bytes from ``start`` as integers that sort as these do; zeros where an id ends before."""
    width = min(_WORD, ids.shape[1] - start)
    padded = np.zeros((len(ids), _WORD), np.uint8)
    padded[:, :width] = ids[:, start : start + width]
    return padded.view(">u8").ravel().astype(np.uint64)


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
