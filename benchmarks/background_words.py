"""The table of how common words are that ships with the package, counted anew from lists of frequent words.

    python -m benchmarks.background_words LISTS provenance/auditing/contamination/background.npz

LISTS: the folder ``ngrams`` of github.com/orgtre/google-books-ngram-frequency, licensed under CC BY 3.0; see
`provenance.auditing.contamination.background`.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from provenance.auditing.contamination.background import SCALE
from provenance.auditing.contamination.words import words_of

LANGUAGES = ("chinese_simplified", "english", "french", "german", "hebrew", "italian", "russian", "spanish")


def shares(file: Path) -> dict[int, float]:
    """The share of each word, by the upper half of its hash, among all words of one language."""
    with open(file, encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    found = words_of(pa.array([row["ngram"] for row in rows], pa.large_string()))
    # What is one word in a list may be several here: "l'", or a Chinese word of two characters.
    counts = np.repeat([float(row["freq"]) for row in rows], found.lengths)
    words, places = np.unique(found.hashes >> np.uint64(32), return_inverse=True)
    total = counts.sum() / float(rows[-1]["cumshare"])
    return dict(zip(words.tolist(), (np.bincount(places, counts) / total).tolist(), strict=True))


def main() -> None:
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    greatest: dict[int, float] = {}
    for language in LANGUAGES:
        for word, share in shares(folder / f"1grams_{language}.csv").items():
            greatest[word] = max(share, greatest.get(word, 0.0))
    words = np.array(sorted(greatest), np.uint32)
    bits = -np.log2([greatest[word] for word in words.tolist()])
    np.savez_compressed(target, words=words, bits=np.minimum(np.round(bits * SCALE), 255).astype(np.uint8))
    print(f"{len(words):,} words of {len(LANGUAGES)} languages, {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
