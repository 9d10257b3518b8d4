from __future__ import annotations

import pytest

from provenance.auditing.measures.verdict_words import passed


@pytest.mark.parametrize(
    ("verdict", "means"),
    [
        ("pass", True),
        ("Correct", True),
        (" true ", True),
        ("REJECTED", False),
        ("0", False),
        ("incorrect", False),
        ("0.7", None),
        ("passable", None),
        ("", None),
    ],
)
def test_only_whole_words_for_pass_and_fail_count(verdict: str, means: bool | None) -> None:
    assert passed(verdict) is means
