from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from support.pools import pool_of, prose

from provenance.auditing.measures.drift import drift_of_words
from provenance.auditing.texts.words import spelled


def test_the_divergence_of_words_agrees_with_scipy_on_counted_words() -> None:
    pick = np.random.default_rng(1)
    texts = [*prose(pick, 40, vocabulary=300), *prose(pick, 70, vocabulary=200)]
    found, _ = drift_of_words(pool_of(texts[:40], texts[40:]), 0)
    counts = [Counter(word for text in some for word in spelled(text)) for some in (texts[:40], texts[40:])]
    vocabulary = sorted(counts[0] | counts[1])
    distance = jensenshannon(*([each[word] for word in vocabulary] for each in counts), base=2)
    assert found["divergence"] == pytest.approx(float(distance) ** 2)


def test_the_same_prose_is_no_drift_whatever_its_divergence() -> None:
    pick = np.random.default_rng(2)
    found, outstanding = drift_of_words(pool_of(prose(pick, 30), prose(pick, 60)), 0)
    assert isinstance(found["divergence"], float) and found["divergence"] > 0.2  # few rows differ much
    assert (found["beyond_null"], outstanding) == (False, ())


def test_words_that_moved_stand_out_with_a_row_that_has_them() -> None:
    pick = np.random.default_rng(3)
    compared = [f"{text} we Delve deeper" if number % 2 else text for number, text in enumerate(prose(pick, 60))]
    found, outstanding = drift_of_words(pool_of(compared, prose(pick, 120)), 0)
    assert found["beyond_null"] is True
    delve = next(each for each in outstanding if "'delve'" in each.why)
    assert int(delve.sample_id, 16) == 1
    words = 60 * 40 + 30 * 3
    assert delve.why == f"has 'delve', which is {30 / words:.2%} of compared words and 0.00% of reference words"
