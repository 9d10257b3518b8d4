"""The order of many sample ids, and their first bits as numbers.

Ids are digests, so their first bytes, as an integer, nearly always say which comes first; the rest are looked at only
where these are the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_WORD = 8
# Of a word, so many bits are looked at only where all before them are the same; and all but the first sixteen.
_LAST_BITS, _ALL_BUT_FIRST = np.uint64(32), np.uint64(48)


def order_of_ids(ids: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The places of ``ids`` (n rows of bytes) in their order; and whether each, so sorted, is another than the last."""
    words = [_word(ids, start) for start in range(0, ids.shape[1], _WORD)]
    order = _by_first_bits(words[0])
    first = (words[0] >> _LAST_BITS)[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = first[1:] != first[:-1]
    alike = np.flatnonzero(~is_new)
    here, before = order[alike], order[alike - 1]
    other = np.zeros(len(alike), bool)
    for word in words:
        other |= word[here] != word[before]
    if other.any():
        # Few: different ids that begin alike.
        of_run = np.cumsum(is_new)
        places = np.flatnonzero(np.isin(of_run, of_run[alike[other]]))
        order[places] = order[places][np.lexsort([word[order[places]] for word in reversed(words)])]
        is_new[places[1:]] = False
        for word in words:
            is_new[places[1:]] |= word[order[places[1:]]] != word[order[places[1:] - 1]]
    return order, is_new


def heads_of(ids: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """The first eight bytes of each of ``ids`` (n rows of bytes) as a number, so that numbers are in their order."""
    return _word(ids, 0)


def _by_first_bits(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """What sorts ``words`` by all but their `_LAST_BITS`."""
    # Of 16-bit integers, the stable sort is a radix sort: twice that is four times as fast as to sort whole words.
    order: npt.NDArray[np.int64] = np.argsort((words >> _LAST_BITS).astype(np.uint16), kind="stable")
    return order[np.argsort((words >> _ALL_BUT_FIRST).astype(np.uint16)[order], kind="stable")]


def _word(ids: npt.NDArray[np.uint8], start: int) -> npt.NDArray[np.uint64]:
    """The eight bytes from ``start`` as integers that sort as these do; zeros where an id ends before."""
    width = min(_WORD, ids.shape[1] - start)
    if ids.shape[1] % _WORD == 0:
        return ids.view(">u8")[:, start // _WORD].astype(np.uint64)
    padded = np.zeros((len(ids), _WORD), np.uint8)
    padded[:, :width] = ids[:, start : start + width]
    return padded.view(">u8").ravel().astype(np.uint64)


def leading_bits(ids: npt.NDArray[np.uint8], bits: int) -> npt.NDArray[np.uint16]:
    """The first ``bits`` bits of each id, up to 16, as a number."""
    if not bits:
        return np.zeros(len(ids), np.uint16)
    two_bytes = _word(ids[:, :2], 0) >> _ALL_BUT_FIRST
    return (two_bytes >> np.uint64(16 - bits)).astype(np.uint16)
