from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.faces.numbers import figure, percent, share_in_words, size, spelled


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_part_is_never_none_or_all_that_is_not(part: int, whole: int) -> None:
    said = percent(min(part, whole), whole)
    assert (said == "0.0%") == (part == 0)
    assert (said == "100.0%") == (part >= whole)


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0, "none"),
        (0.004, "about 1 in 250"),
        (0.25, "a quarter"),
        (0.26, "about a quarter"),
        (0.5, "half"),
        (0.79, "about eight in ten"),
        (0.99, "almost all"),
        (1, "all"),
    ],
)
def test_shares_in_words(share: float, said: str) -> None:
    assert share_in_words(share) == said


def test_figures_as_people_read_them() -> None:
    assert [figure(value) for value in (None, True, 1234, 2.0, 0.12345, "x")] == [
        "not known",
        "yes",
        "1,234",
        "2",
        "0.123",
        "x",
    ]
    assert [spelled(3), spelled(11)] == ["three", "11"]
    assert [size(999), size(1_500), size(2_340_000), size(5 * 10**9)] == ["999 B", "1.5 kB", "2.3 MB", "5.0 GB"]
