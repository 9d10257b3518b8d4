from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from support.pools import pool_of, prose

from provenance.auditing.texts.profile import TOKENS, profile

PICK = np.random.default_rng(6)
OWN = [f"{text}, indeed!" for text in prose(PICK, 30, vocabulary=300)]
OTHERS = prose(PICK, 50, vocabulary=300)


def tokens_of(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", text.lower())


def test_columns_are_roots_of_the_parts_of_common_words_and_marks() -> None:
    pool = pool_of(OWN, OTHERS)
    found = profile(pool)
    rows = [tokens_of(text.as_py()) for text in pool.texts]
    df = Counter(token for row in rows for token in set(row))
    assert len(found.names) == len(set(found.names)) == min(TOKENS, sum(count >= 5 for count in df.values()))
    assert [df[name] for name in found.names] == sorted(df.values(), reverse=True)[: len(found.names)]
    assert {",", "!", "indeed"} <= set(found.names)
    for place, name in enumerate(found.names):
        expected = [np.sqrt(row.count(name) / len(row)) for row in rows]
        assert found.columns[:, place] / 65536 == pytest.approx(expected, abs=1 / 65536)
        has = np.array([name in row for row in rows])
        assert found.in_compared[place] == (has & pool.compared).sum()
        assert found.in_reference[place] == (has & ~pool.compared).sum()
        row = found.row_with[place]
        assert has[row] and (pool.compared[row] or not (has & pool.compared).any())
    assert (found.columns == np.rint(found.columns)).all()


def test_without_common_words_there_are_no_columns() -> None:
    found = profile(pool_of([f"own{row}" for row in range(20)], [f"other{row}" for row in range(20)]))
    assert found.names == () and found.columns.shape == (40, 0)
