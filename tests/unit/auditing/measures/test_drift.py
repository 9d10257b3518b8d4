from __future__ import annotations

import re

import numpy as np
import pytest
from support.pools import pool_of, prose

from provenance.auditing.measures.drift import drift


def effect_of(values: object) -> float:
    assert isinstance(values, float)
    return values


def test_the_same_prose_is_no_drift() -> None:
    pick = np.random.default_rng(2)
    found = drift(pool_of(prose(pick, 60), prose(pick, 120)), rules=6)
    assert found.values["significant_effect"] == 0 and found.values["words"] == {} and found.outstanding == ()
    assert effect_of(found.values["low"]) <= 0.1


def test_words_that_are_shown_are_words_that_moved() -> None:
    pick = np.random.default_rng(3)
    own = [f"{text} we Delve deeper" if number % 2 else text for number, text in enumerate(prose(pick, 60))]
    found = drift(pool_of(own, prose(pick, 120)), rules=6)
    assert effect_of(found.values["significant_effect"]) == pytest.approx(0.5, abs=0.15)
    words = found.values["words"]
    assert isinstance(words, dict) and set(words) == {"we", "delve", "deeper"}
    assert all(each["z"] > 0 and each["p"] <= 0.01 for each in words.values())
    delve = next(each for each in found.outstanding if "'delve'" in each.why)
    assert int(delve.sample_id, 16) % 2 == 1
    assert delve.why == "has 'delve', which is in 50.0% of compared rows and in 0.0% of reference rows"


def test_a_words_z_is_that_of_the_textbook() -> None:
    pick = np.random.default_rng(8)
    own = [f"{text}; so {text[:90]}" if number % 3 else text for number, text in enumerate(prose(pick, 60))]
    rows = pool_of(own, prose(pick, 120))
    words = drift(rows, rules=6).values["words"]
    assert isinstance(words, dict) and {";", "so"} <= set(words)
    split = [re.findall(r"\w+|;", text) for text in rows.texts.to_pylist()]
    for word, found in words.items():
        column = np.array([np.rint(65536 * np.sqrt(row.count(word) / len(row))) for row in split])
        # A sum over 60 of 180 rows that are drawn without replacement.
        variance = 60 * 120 / (180 * 179) * ((column - column.mean()) ** 2).sum()
        assert found["z"] == pytest.approx((column[rows.compared].sum() - 60 * column.mean()) / np.sqrt(variance))


def test_a_mark_that_is_gone_is_shown_in_a_row_that_has_it() -> None:
    pick = np.random.default_rng(4)
    found = drift(pool_of(prose(pick, 60), [f"{text}!" for text in prose(pick, 120)]), rules=6)
    (shown,) = found.outstanding
    assert re.match("has '!', which is in 0.0% of compared rows and in 100.0% of reference rows", shown.why)
    assert int(shown.sample_id, 16) >= 60


def test_a_tenth_of_rewrites_among_pairs_is_seen() -> None:
    pick = np.random.default_rng(5)
    parents = prose(pick, 300)
    children = [
        re.sub(r"\bw(\d+)\b", lambda word: "so" if int(word[1]) % 9 == 0 else word[0], text)
        if row < 30
        else f"{text} x{row}"
        for row, text in enumerate(parents)
    ]
    pairs = [*range(300), *range(300)]
    paired = drift(pool_of(children, parents, pairs), rules=6)
    assert effect_of(paired.values["significant_effect"]) > 0.05
    assert str(paired.values["deal"]).startswith("labels dealt within 300 families in both groups")


def test_too_few_families_are_not_judged() -> None:
    pick = np.random.default_rng(6)
    found = drift(pool_of(prose(pick, 30), prose(pick, 60), [row // 10 for row in range(90)]), rules=6)
    assert found.values["significant_effect"] is None and found.chance is None
    assert found.doubts["significant_effect"].why.startswith("not judged: 3 families of compared rows are too few")


def test_an_answer_does_not_depend_on_the_order_of_rows() -> None:
    pick = np.random.default_rng(7)
    own, others = [f"{text}!" for text in prose(pick, 40)], prose(pick, 60)
    assert drift(pool_of(own, others), 6).values == drift(pool_of(own[::-1], others[::-1]), 6).values
