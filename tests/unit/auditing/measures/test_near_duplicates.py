from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash, MinHashLSH
from support.pools import prose

from provenance.auditing.measures.near_duplicates import bands, shingles
from provenance.auditing.texts.words import spelled, words

# How many of 5,000 pairs are caught by chance varies by this much at most (four standard deviations).
_PAIRS = 5000
_TOLERANCE = 4 * np.sqrt(0.25 / _PAIRS)


@pytest.mark.parametrize(
    ("similarity", "caught"),
    # As published for FineWeb (Penedo et al. 2024, arXiv 2406.17557).
    [(0.7, 0.56), (0.75, 0.77), (0.8, 0.92), (0.85, 0.988)],
)
def test_pairs_are_caught_as_often_as_published(similarity: float, caught: float) -> None:
    union = 400
    shared = round(similarity * union)
    pick = np.random.default_rng(1)
    sets = []
    for _ in range(_PAIRS):
        numbers = pick.integers(0, 2**64, union, np.uint64)
        half = (union - shared) // 2
        sets += [numbers[: shared + half], np.concatenate([numbers[:shared], numbers[shared + half :]])]
    bounds = np.concatenate([[0], np.cumsum([len(each) for each in sets])]).astype(np.uint64)
    found = bands(np.concatenate(sets), bounds, 0)
    share = (found[::2] == found[1::2]).any(axis=1).mean()
    assert share == pytest.approx(1 - (1 - similarity**8) ** 14, abs=_TOLERANCE)
    assert share == pytest.approx(caught, abs=_TOLERANCE + 0.005)


def test_pairs_are_caught_as_often_as_by_datasketch() -> None:
    pick = np.random.default_rng(4)
    pairs = [np.split(pick.integers(0, 2**64, 120, np.uint64), [80, 100]) for _ in range(400)]
    sets = [np.concatenate([shared, own]) for shared, *both in pairs for own in both]  # Jaccard: 80 of 120
    index = MinHashLSH(num_perm=112, params=(14, 8))
    hashed = [MinHash(112, seed=7) for _ in sets]
    for number, (minhash, members) in enumerate(zip(hashed, sets, strict=True)):
        minhash.update_batch([member.tobytes() for member in members])
        index.insert(number, minhash)
    theirs = np.mean([number + 1 in index.query(hashed[number]) for number in range(0, len(sets), 2)])
    bounds = np.concatenate([[0], np.cumsum([len(each) for each in sets])]).astype(np.uint64)
    found = bands(np.concatenate(sets), bounds, 0)
    ours = (found[::2] == found[1::2]).any(axis=1).mean()
    # Both catch about 43% of 400 pairs; four standard deviations of the difference of two such shares.
    assert ours == pytest.approx(theirs, abs=4 * np.sqrt(2 * 0.25 / 400))
    assert theirs == pytest.approx(1 - (1 - (80 / 120) ** 8) ** 14, abs=4 * np.sqrt(0.25 / 400))


def test_different_sets_share_no_band() -> None:
    hashes = np.random.default_rng(2).integers(0, 2**64, 100 * 2000, np.uint64)
    found = bands(hashes, np.arange(0, 100 * 2000 + 1, 100).astype(np.uint64), 0)
    assert all(len(np.unique(found[:, band])) == 2000 for band in range(14))


def test_shingles_are_grams_of_five_words_and_short_rows_are_whole() -> None:
    short = ["one two three", "One, two: three!", "one two", "", "a b c d e"]
    texts = [*prose(np.random.default_rng(3), 3, words_a_row=8), *short]
    hashes, bounds = shingles(words(pa.array(texts, pa.large_string())))
    of_rows = [set(hashes[begin:end].tolist()) for begin, end in pairwise(bounds.tolist())]
    assert [len(each) for each in of_rows] == [
        len({tuple(spelled(text)[start : start + 5]) for start in range(max(len(spelled(text)) - 4, 1))}) if text else 0
        for text in texts
    ]
    assert of_rows[3] == of_rows[4] != of_rows[5]
