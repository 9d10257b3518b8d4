"""The four measures of diversity against what a few lines of plain Python say."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.pools import pool_of, prose

from provenance.auditing.measures import compression_ratio, distinct_n, openings, self_repetition
from provenance.auditing.texts.pools import Difference, Pool, difference
from provenance.auditing.texts.words import spelled

PICK = np.random.default_rng(11)
SHORT = ["Same start here", "same start HERE again", "one", ""]
TEXTS = [*prose(PICK, 60), *(text[:90] for text in prose(PICK, 20)), *SHORT]
CHOSEN = [0, 5, 61, 80, 81, 82, 83, 5, 30]


def grams_of(text: str, size: int) -> list[tuple[str, ...]]:
    found = spelled(text)
    return [tuple(found[start : start + size]) for start in range(len(found) - size + 1)]


@pytest.fixture
def pool() -> Pool:
    return pool_of(TEXTS[:40], TEXTS[40:])


@pytest.mark.parametrize("rows", [CHOSEN, list(range(len(TEXTS)))])
def test_distinct_n_agrees_with_sets_of_words(pool: Pool, rows: list[int]) -> None:
    statistic, sizes = distinct_n.prepare(pool)
    bigrams = [gram for row in rows for gram in grams_of(TEXTS[row], 2)]
    assert statistic(np.array(rows)) == pytest.approx(len(set(bigrams)) / len(bigrams))
    assert sizes.tolist() == [len(spelled(text)) for text in TEXTS]


@pytest.mark.parametrize("rows", [[0, 5, 61, 80, 81, 82, 83, 30], list(range(len(TEXTS)))])
def test_self_repetition_agrees_with_sets_of_words(rows: list[int]) -> None:
    texts = [*TEXTS, *(" ".join(text.split()[:20]) for text in TEXTS[:10])]
    rows = [*rows, len(TEXTS), len(TEXTS) + 1]
    statistic, _ = self_repetition.prepare(pool_of(texts[:40], texts[40:]))
    of_rows = [set(grams_of(texts[row], 4)) for row in rows]
    in_rows = Counter(gram for grams in of_rows for gram in grams)
    repeated = sum(in_rows[gram] > 1 for grams in of_rows for gram in grams)
    assert repeated
    assert statistic(np.array(rows)) == pytest.approx(repeated / sum(map(len, of_rows)))


@pytest.mark.parametrize("rows", [CHOSEN, list(range(len(TEXTS)))])
def test_openings_agree_with_a_counter(pool: Pool, rows: list[int]) -> None:
    statistic, sizes = openings.prepare(pool)
    counts = Counter(tuple(spelled(TEXTS[row])[:3]) for row in rows if len(spelled(TEXTS[row])) >= 3)
    assert statistic(np.array(rows)) == pytest.approx(sum(n for _, n in counts.most_common(10)) / len(rows))
    assert set(sizes.tolist()) == {1}


@pytest.mark.skipif(shutil.which("zstd") is None, reason="needs the program zstd, which compresses the same text")
def test_compression_ratio_agrees_with_the_program_zstd(pool: Pool) -> None:
    statistic, sizes = compression_ratio.prepare(pool)
    rows = [row for row in range(len(TEXTS)) if row % 2]
    text = "".join(TEXTS[row] for row in rows).encode()
    compressed = subprocess.run(["zstd", "-3", "--no-check", "-c"], input=text, capture_output=True, check=True).stdout
    # Not the same release of zstd: its levels are tuned anew now and then.
    assert statistic(np.array(rows)) == pytest.approx(len(text) / len(compressed), rel=0.03)
    assert sizes.tolist() == [len(text.encode()) for text in TEXTS]


def test_compression_ratio_of_noise_and_of_a_loop() -> None:
    noise = PICK.integers(0x4E00, 0x9FA5, 30_000, np.uint32).tobytes().decode("utf-32-le")
    # A character among 20,901 holds 14.35 bits, which UTF-8 writes in 24.
    ratio = compression_ratio.compression_ratio(pa.array([noise], pa.large_string()))
    assert 1.2 < ratio < 24 / np.log2(20_901)
    assert compression_ratio.compression_ratio(pa.array(["over and over "] * 10_000, pa.large_string())) > 1000


def templated(texts: list[str]) -> list[str]:
    """Texts that all begin and end alike."""
    return [f"in this short text {text} which is all there is to say" for text in texts]


@pytest.mark.parametrize(
    ("module", "more_alike"),
    [(compression_ratio, 1), (distinct_n, -1), (self_repetition, 1), (openings, 1)],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_both_directions_are_reported(module: Any, more_alike: int, swapped: bool) -> None:
    plain, alike = prose(PICK, 250, vocabulary=100), templated(prose(PICK, 250, vocabulary=100))
    pool = pool_of(plain, alike) if swapped else pool_of(alike, plain)
    statistic, sizes = module.prepare(pool)
    found = difference(statistic, sizes, pool.compared, 0)
    assert isinstance(found, Difference)
    relative = found.as_values()["relative_difference"]
    assert isinstance(relative, float)
    assert np.sign(relative) == (-more_alike if swapped else more_alike)
    assert found.as_values()["beyond_null"] is True


def test_rows_that_loop_stand_out() -> None:
    pool = pool_of([*prose(PICK, 5), "round and round " * 40, *prose(PICK, 5)], prose(PICK, 5))
    (found,) = distinct_n.looping(pool)
    assert int(found.sample_id, 16) == 5
    assert found.why == "3% of its 119 bigrams are different"


def test_rows_that_repeat_others_stand_out() -> None:
    texts = prose(PICK, 12)
    copied = " ".join([*texts[3].split()[:30], *texts[4].split()[:10]])
    found = self_repetition.repeating(pool_of([*texts[:6], copied], texts[6:]))
    assert int(found[0].sample_id, 16) == 6
    repeated = [gram in {*grams_of(texts[3], 4), *grams_of(texts[4], 4)} for gram in set(grams_of(copied, 4))]
    assert found[0].why == f"{np.mean(repeated):.0%} of its {len(repeated)} 4-grams stand in others"


def test_common_openings_are_spelled_out_with_a_row_that_has_them() -> None:
    texts = ["As an AI, I", "as an ai: no", "Hello there you", "as AN ai", "hello there you two", "just this once"]
    found = openings.commonest(pool_of(texts, texts))
    assert [(int(each.sample_id, 16), each.why) for each in found] == [
        (0, "begins with 'as an ai', as 50.0% of the compared rows do"),
        (2, "begins with 'hello there you', as 33.3% of the compared rows do"),
    ]


def test_grams_of_this_test_are_what_they_should_be() -> None:
    assert grams_of("a b, c", 2) == list(pairwise(["a", "b", "c"]))
