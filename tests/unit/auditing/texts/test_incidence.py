from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from support.pools import prose

from provenance.auditing.texts.incidence import absent, incidence
from provenance.auditing.texts.words import spelled, words

PICK = np.random.default_rng(5)
TEXTS = [*prose(PICK, 30, vocabulary=40), "one", "", "a b a b a b", *prose(PICK, 10, vocabulary=40)]


def grams_of(text: str, size: int) -> list[tuple[str, ...]]:
    found = spelled(text)
    return [tuple(found[start : start + size]) for start in range(len(found) - size + 1)]


@pytest.mark.parametrize("size", [2, 4])
def test_counts_are_those_of_sets_of_words(size: int) -> None:
    found = incidence(words(pa.array(TEXTS, pa.large_string())), size)
    rows = [set(grams_of(text, size)) for text in TEXTS]
    df = Counter(gram for row in rows for gram in row)
    assert found.tokens.tolist() == [len(grams_of(text, size)) for text in TEXTS]
    assert found.of_row.tolist() == [len(row) for row in rows]
    assert found.single.tolist() == [sum(df[gram] == 1 for gram in row) for row in rows]
    assert sorted(found.df.tolist()) == sorted(count for count in df.values() if count > 1)
    labels = np.arange(len(TEXTS)) % 3 == 0
    chosen = Counter(gram for row, label in zip(rows, labels, strict=True) if label for gram in row)
    assert sorted(found.counts(labels).tolist()) == sorted(chosen[gram] for gram, count in df.items() if count > 1)


@pytest.mark.parametrize("rows", [40, 300])
def test_several_deals_are_counted_as_each_by_itself(rows: int) -> None:
    # A pair of words that all rows have takes more bits than those of few rows.
    found = incidence(words(pa.array([f"a b {row % 50} {row % 7}" for row in range(rows)], pa.large_string())), 2)
    labels = PICK.random((rows, 11)) < 0.5
    counted = list(found.counts_by_deal(labels))
    assert len(counted) == 11 and found.df.max() == rows
    for deal, counts in enumerate(counted):
        assert (counts == found.counts(np.ascontiguousarray(labels[:, deal]))).all()


def test_texts_without_shared_grams_have_none_listed() -> None:
    found = incidence(words(pa.array(["a b", "c d"], pa.large_string())), 2)
    assert len(found.counts(np.array([True, False]))) == 0 and found.single.tolist() == [1, 1]
    assert [len(counts) for counts in found.counts_by_deal(np.array([[True], [False]]))] == [0]
    assert len(incidence(words(pa.array(["", ""], pa.large_string())), 2).df) == 0


def test_that_none_of_some_rows_is_in_a_part() -> None:
    assert absent(5, 0.3) == pytest.approx([0.7**count for count in range(6)])
    assert absent(3, 1.0).tolist() == [1, 0, 0, 0]
    assert absent(3, 0.0).tolist() == [1, 1, 1, 1]
