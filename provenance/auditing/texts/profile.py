"""Rows as the frequencies of the commonest words and marks: what tells kinds of text apart.

Rare words are noise, and marks are signal: it is Burrows's Delta (2002) with square roots of frequencies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.auditing.chance.deals import Integers
from provenance.auditing.texts.pools import Pool
from provenance.auditing.texts.words import Hashes32, spelled, words_as_read

TOKENS = 200
_FEWEST_ROWS = 5
_ROWS_AT_A_TIME = 4_096
# Frequencies are whole numbers of 1 / 65536: their sums are exact in any order, on every machine.
_GRID = 1 << 16


@dataclass(frozen=True)
class Profile:
    """``columns``: a row a row, a column a token: the square root of its part of the row's tokens, in 1 / 65536.

    By token, the commonest first: ``names``; ``in_compared`` and ``in_reference``: how many rows of each group have it;
    ``row_with``: the first compared row that has it or, where none has, the first row.
    """

    names: tuple[str, ...]
    columns: npt.NDArray[np.float64]
    in_compared: Integers
    in_reference: Integers
    row_with: Integers


@dataclass(frozen=True)
class _Pairs:
    """A line for each token of each row: its hash, the row, and how often; and the number of tokens of all rows."""

    tokens: Hashes32
    rows: npt.NDArray[np.int32]
    times: npt.NDArray[np.int32]
    lengths: Integers


def profile(pool: Pool) -> Profile:
    """The profile of a pool by its commonest tokens that are in at least five rows."""
    pairs = _pairs(pool.read)
    tokens, df = np.unique(pairs.tokens, return_counts=True)
    order = np.lexsort((tokens, -df))
    chosen = tokens[order[df[order] >= _FEWEST_ROWS][:TOKENS]]
    sorter = np.argsort(chosen)
    places = np.searchsorted(chosen, pairs.tokens, sorter=sorter)
    column = sorter[np.minimum(places, max(len(chosen) - 1, 0))] if len(chosen) else np.zeros(len(places), np.int64)
    used = chosen[column] == pairs.tokens if len(chosen) else np.zeros(len(pairs.tokens), np.bool_)
    rows, column = pairs.rows[used], column[used]
    columns = np.zeros((pool.size, len(chosen)))
    columns[rows, column] = np.rint(_GRID * np.sqrt(pairs.times[used] / pairs.lengths[rows]))
    is_compared = pool.compared[rows]
    # Rows that are not compared come after all others.
    row_with = np.full(len(chosen), 2 * pool.size)
    np.minimum.at(row_with, column, np.where(is_compared, rows, rows + pool.size))
    row_with %= pool.size
    names = tuple(_name(pool, int(row), token) for row, token in zip(row_with, chosen, strict=True))
    in_compared, in_reference = (
        np.bincount(column[side], minlength=len(chosen)) for side in (is_compared, ~is_compared)
    )
    return Profile(names, columns, in_compared, in_reference, row_with)


def _pairs(read: pa.LargeStringArray) -> _Pairs:
    found = [_pairs_of(read.slice(first, _ROWS_AT_A_TIME), first) for first in range(0, len(read), _ROWS_AT_A_TIME)]
    return _Pairs(
        np.concatenate([each.tokens for each in found]),
        np.concatenate([each.rows for each in found]),
        np.concatenate([each.times for each in found]),
        np.concatenate([each.lengths for each in found]),
    )


def _pairs_of(read: pa.LargeStringArray, first: int) -> _Pairs:
    tokens = words_as_read(read, punctuation=True)
    together = (tokens.rows().astype(np.uint64) << np.uint64(32)) | tokens.hashes
    different, times = np.unique(together, return_counts=True)
    rows = (different >> np.uint64(32)).astype(np.int32) + np.int32(first)
    return _Pairs(different.astype(np.uint32), rows, times.astype(np.int32), tokens.lengths)


def _name(pool: Pool, row: int, token: np.uint32) -> str:
    """How the token of this hash is spelt, in a row that has it."""
    read = pool.read.slice(row, 1)
    place = int(np.flatnonzero(words_as_read(read, punctuation=True).hashes == token)[0])
    return spelled(read[0].as_py(), punctuation=True)[place]
