"""The four measures of diversity against what a few lines of plain Python say."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.pools import pool_of, prose

from provenance.auditing.chance.hashing import mixed, salt_of
from provenance.auditing.measures import compression_ratio, distinct_n, openings, self_repetition
from provenance.auditing.texts.comparing import compared
from provenance.auditing.texts.pools import Pool
from provenance.auditing.texts.words import spelled

PICK = np.random.default_rng(11)
SHORT = ["Same start here", "same start HERE again", "one", "same start here and more"]
TEXTS = [*prose(PICK, 60), *(text[:90] for text in prose(PICK, 20)), *SHORT]
TEXTS += [" ".join(text.split()[:20]) for text in TEXTS[:10]]


def grams_of(text: str, size: int) -> list[tuple[str, ...]]:
    found = spelled(text)
    return [tuple(found[start : start + size]) for start in range(len(found) - size + 1)]


@pytest.fixture(params=[40, 70])
def pool(request: pytest.FixtureRequest) -> Pool:
    return pool_of(TEXTS[: request.param], TEXTS[request.param :])


def groups(pool: Pool) -> tuple[list[str], list[str]]:
    texts = pool.texts.to_pylist()
    return tuple(
        [text for text, own in zip(texts, pool.compared, strict=True) if own == side] for side in (True, False)
    )  # type: ignore[return-value]


def thinned_mean(rows: list[str], part: float, size: int, count: Any) -> float:
    """The mean, over random parts of ``rows``, of what ``count`` says of the n-grams of the rows in the part."""
    pick = np.random.default_rng(1)
    of_rows = [grams_of(row, size) for row in rows]
    return float(np.mean([count([row for row in of_rows if pick.random() < part]) for _ in range(4000)]))


def test_distinct_n_is_the_mean_over_random_parts_of_the_larger_group(pool: Pool) -> None:
    own, others = groups(pool)
    tokens = [sum(len(grams_of(row, 2)) for row in rows) for rows in (own, others)]
    least = min(tokens)
    for rows, many, found in zip((own, others), tokens, distinct_n.prepare(pool).figure(pool.compared), strict=True):
        if many == least:
            bigrams = [gram for row in rows for gram in grams_of(row, 2)]
            assert found == pytest.approx(len(set(bigrams)) / len(bigrams))
        else:
            drawn = thinned_mean(rows, least / many, 2, lambda part: len({gram for row in part for gram in row}))
            assert found == pytest.approx(drawn / least, rel=0.01)
            rows_with = Counter(gram for row in rows for gram in set(grams_of(row, 2)))
            expected = sum(1 - (1 - least / many) ** count for count in rows_with.values())
            assert found == pytest.approx(expected / least)


def test_self_repetition_is_the_expected_part_of_repeated_4_grams(pool: Pool) -> None:
    own, others = groups(pool)
    words = [sum(len(spelled(row)) for row in rows) for rows in (own, others)]
    found = self_repetition.prepare(pool).figure(pool.compared)
    for rows, many, value in zip((own, others), words, found, strict=True):
        part = min(words) / many
        sets = [set(grams_of(row, 4)) for row in rows]
        df = Counter(gram for row in sets for gram in row)
        # A row's 4-gram is repeated in a part that has the row if any of its other rows is in the part, too.
        repeated = sum(count * (1 - (1 - part) ** (count - 1)) for count in df.values())
        assert value == pytest.approx(repeated / sum(map(len, sets)))
    plain = pool_of(["a b c d e", "a b c d f"], ["g h i j k", "l m n o p"])
    assert self_repetition.prepare(plain).figure(plain.compared) == (0.5, 0.0)


def test_openings_are_the_chance_that_two_rows_begin_alike(pool: Pool) -> None:
    recipe = openings.prepare(pool)
    for rows, found in zip(groups(pool), recipe.figure(pool.compared), strict=True):
        starts = [tuple(spelled(row)[:3]) for row in rows]
        pairs = [(one, other) for place, one in enumerate(starts) for other in starts[:place]]
        assert found == pytest.approx(np.mean([len(one) == 3 and one == other for one, other in pairs]))
    counts = Counter(start for row in groups(pool)[0] if len(start := tuple(spelled(row)[:3])) == 3)
    assert recipe.further is not None
    top = sum(count for _, count in counts.most_common(10))
    assert recipe.further["top_10"] == pytest.approx(top / pool.compared_rows)


@pytest.mark.skipif(shutil.which("zstd") is None, reason="needs the program zstd, which compresses the same text")
def test_compression_ratio_agrees_with_the_program_zstd(pool: Pool) -> None:
    text = "".join(TEXTS).encode()
    compressed = subprocess.run(["zstd", "-3", "--no-check", "-c"], input=text, capture_output=True, check=True).stdout
    # Not the same release of zstd: its levels are tuned anew now and then.
    ratio = compression_ratio.compression_ratio(pa.array(TEXTS, pa.large_string()))
    assert ratio == pytest.approx(len(text) / len(compressed), rel=0.03)


def test_compression_takes_equally_many_bytes_and_shows_the_middle_of_nine_orders(pool: Pool) -> None:
    recipe = compression_ratio.prepare(pool)
    assert recipe.shown is not None and recipe.further is not None
    value, reference = recipe.shown(pool.compared)
    low, high = recipe.further["lowest_difference"], recipe.further["highest_difference"]
    assert isinstance(low, float) and isinstance(high, float)
    assert low <= value / reference - 1 <= high
    # A group that says the same as the other, and more, is cut to its size.
    texts = TEXTS[:40]
    same = pool_of(texts, [*texts, *prose(PICK, 3000)])
    (one, other) = compression_ratio.prepare(same).figure(same.compared)
    assert one == compression_ratio.compression_ratio(
        same.read.filter(pa.array(same.compared)).take(pa.array(_by_hash(same)))
    )
    assert other != one


def _by_hash(pool: Pool) -> list[int]:
    """The compared rows in the first of the nine orders."""
    order: list[int] = np.argsort(mixed(pool.keys[pool.compared], salt_of(0, "order 0"))).tolist()
    return order


def test_compression_ratio_of_noise_and_of_a_loop() -> None:
    noise = PICK.integers(0x4E00, 0x9FA5, 30_000, np.uint32).tobytes().decode("utf-32-le")
    # A character among 20,901 holds 14.35 bits, which UTF-8 writes in 24.
    ratio = compression_ratio.compression_ratio(pa.array([noise], pa.large_string()))
    assert 1.2 < ratio < 24 / np.log2(20_901)
    assert compression_ratio.compression_ratio(pa.array(["over and over "] * 10_000, pa.large_string())) > 1000
    assert compression_ratio.compression_ratio(pa.array([], pa.large_string())) == 1


def templated(texts: list[str]) -> list[str]:
    """Texts that all begin and end alike."""
    return [f"in this short text {text} which is all there is to say" for text in texts]


@pytest.mark.parametrize(
    ("module", "more_alike"),
    [(compression_ratio, 1), (distinct_n, -1), (self_repetition, 1), (openings, 1)],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_only_what_a_rule_is_about_is_significant(module: Any, more_alike: int, swapped: bool) -> None:
    plain, alike = prose(PICK, 150, vocabulary=100), templated(prose(PICK, 150, vocabulary=100))
    pool = pool_of(plain, alike) if swapped else pool_of(alike, plain)
    found = compared(pool, module.prepare(pool), rules=6).values
    assert isinstance(found["difference"], float) and isinstance(found["significant_difference"], float)
    assert np.sign(found["difference"]) == (-more_alike if swapped else more_alike)
    is_seen = not swapped or module is compression_ratio
    assert (found["significant_difference"] != 0) == is_seen


def test_total_repetition_against_none_is_seen() -> None:
    pick = np.random.default_rng(3)
    words = [f"w{number:05}" for number in range(20_000)]
    others = [" ".join(pick.choice(words, 25)) for _ in range(100)]
    common = " ".join(pick.choice(words, 24))
    pool = pool_of([f"{common} {word}" for word in pick.choice(words, 100, replace=False)], others)
    found = compared(pool, self_repetition.prepare(pool), rules=6).values
    assert found["reference"] == 0 and found["significant_difference"] == found["value"] == pytest.approx(21 / 22)


@pytest.mark.parametrize("module", [compression_ratio, distinct_n, self_repetition, openings])
def test_a_figure_does_not_depend_on_the_order_of_rows(module: Any) -> None:
    texts = prose(PICK, 100, vocabulary=100)
    pools = [pool_of(texts[:40], texts[40:]), pool_of(texts[:40][::-1], texts[:39:-1])]
    one, other = (compared(pool, module.prepare(pool), rules=6).values for pool in pools)
    assert one == other


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
    texts = ["As an AI, I", "as an ai: no", "Hello there you", "as AN ai!", "hello there you two", "just this once"]
    found = openings.commonest(pool_of(texts, texts))
    assert [each.why for each in found] == [
        "begins with 'as an ai', as 50.0% of the compared rows do",
        "begins with 'hello there you', as 33.3% of the compared rows do",
    ]
    assert [int(each.sample_id, 16) in rows for each, rows in zip(found, ((0, 1, 3), (2, 4)), strict=True)] == [
        True,
        True,
    ]


@pytest.mark.parametrize("measure", [distinct_n, self_repetition, openings])
def test_rows_that_are_mostly_too_short_are_compared_all_the_same(measure: Any) -> None:
    rows = pool_of([f"word{row}" for row in range(39)] + ["two words of one row"], [f"other{row}" for row in range(80)])
    found = compared(rows, measure.prepare(rows), rules=6)
    assert found.values["significant_difference"] == 0
