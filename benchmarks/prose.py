"""Rows of made-up prose, the same in every run: 50,000 words that are as unequally frequent as those of a language."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_WORDS, _ZIPF = 50_000, 1.0
_WORDS_A_ROW = 80
_ROWS_AT_A_TIME = 20_000
_TOPICS = 20
# Every so many rows is one of the row before it, with one word changed: near-duplicates as real data has them.
_REPEATED_EVERY = 50


def write_prose(path: Path, rows: int, seed: int) -> None:
    """Write JSON lines, each with a ``text`` of about 500 bytes and a ``topic``."""
    pick = np.random.default_rng(seed)
    words = _vocabulary()
    frequencies = 1 / (np.arange(_WORDS) + 10.0) ** _ZIPF
    bounds = np.cumsum(frequencies / frequencies.sum())
    with open(path, "wb") as file:
        for first in range(0, rows, _ROWS_AT_A_TIME):
            count = min(_ROWS_AT_A_TIME, rows - first)
            chosen = np.searchsorted(bounds, pick.random((count, _WORDS_A_ROW))).clip(max=_WORDS - 1)
            repeats = np.arange(_REPEATED_EVERY, count, _REPEATED_EVERY)
            chosen[repeats] = chosen[repeats - 1]
            chosen[repeats, pick.integers(0, _WORDS_A_ROW, len(repeats))] = 0
            file.write(_lines(words, chosen, pick.integers(0, _TOPICS, count)))


def _lines(words: pa.Array, chosen: np.ndarray[tuple[int, int], np.dtype[np.int64]], topics: object) -> bytes:
    offsets = np.arange(len(chosen) + 1) * _WORDS_A_ROW
    texts = pc.binary_join(pa.LargeListArray.from_arrays(offsets, words.take(pa.array(chosen.ravel()))), _text(" "))
    names = pa.array(topics).cast(pa.large_string())
    pieces = (_text('{"text": "'), texts, _text('", "topic": "'), names, _text('"}\n'))
    return b"".join(pc.binary_join_element_wise(*pieces, _text("")).cast(pa.large_binary()).to_pylist())


def _text(value: str) -> pa.Scalar:
    return pa.scalar(value, pa.large_string())


def _vocabulary() -> pa.Array:
    """Different words of two to twelve letters; the frequent ones are short."""
    pick = np.random.default_rng(3)
    letters = np.array(list("etaoinshrdlucmfwypvbgk"))
    lengths = np.minimum(2 + np.log2(np.arange(_WORDS) + 1) * 0.7, 12).astype(int)
    words: dict[str, None] = {}
    for length in lengths:
        word = "".join(pick.choice(letters, length))
        while word in words:
            word += pick.choice(letters)
        words[word] = None
    return pa.array(list(words), pa.large_string())
