"""How common words are in general: bits of the 10,000 commonest words of eight languages.

The table ``background.npz`` was counted by `benchmarks/background_words.py` from the lists of the most frequent words
at github.com/orgtre/google-books-ngram-frequency (commit e20471c, books of 2010 to 2019; English, French, German,
Hebrew, Italian, Russian, simplified Chinese, Spanish), which like the Google Books Ngram corpus that they were made
from are licensed under CC BY 3.0. It holds the upper halves of the hashes of words, no text, and bits times `SCALE`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from provenance.auditing.contamination.hashing import Hashes

SCALE = 12
# What a word weighs that is not among them, and a number or a single letter at most.
RAREST = 20.0
MOST_OF_NUMBER = 6.0
_HALF = np.uint64(32)


def bits_of(words: Hashes) -> npt.NDArray[np.float32]:
    """The bits of each word, by hash: minus the binary logarithm of its share of all words; `RAREST` if not known."""
    known, bits = _table()
    wanted = (words >> _HALF).astype(np.uint32)
    places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[places] == wanted, bits[places], np.float32(RAREST))


@cache
def numbers() -> Hashes:
    """The hashes of numbers of up to four digits and of single Latin letters, sorted."""
    import pyarrow as pa

    from provenance.auditing.contamination.words import words_of

    digits = [f"{number:0{width}d}" for width in range(1, 5) for number in range(10**width)]
    return np.unique(words_of(pa.array([" ".join([*digits, *"abcdefghijklmnopqrstuvwxyz"])], pa.large_string())).hashes)


@cache
def _table() -> tuple[npt.NDArray[np.uint32], npt.NDArray[Any]]:
    with files(__package__).joinpath("background.npz").open("rb") as file, np.load(file) as arrays:
        return arrays["words"], (arrays["bits"] / SCALE).astype(np.float32)
