from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.lineage.license_terms import obligations


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", {"MIT"}),
        ("MIT AND CC-BY-4.0", {"MIT", "CC-BY-4.0"}),
        ("(MIT AND CC-BY-4.0) AND Apache-2.0", {"MIT", "CC-BY-4.0", "Apache-2.0"}),
        ("MIT OR Apache-2.0", {"MIT OR Apache-2.0"}),
        ("(MIT OR Apache-2.0) AND CC-BY-4.0", {"MIT OR Apache-2.0", "CC-BY-4.0"}),
        ("MIT OR Apache-2.0 AND CC-BY-4.0", {"MIT OR Apache-2.0 AND CC-BY-4.0"}),
        ("GPL-2.0-only WITH Classpath-exception-2.0 AND MIT", {"GPL-2.0-only WITH Classpath-exception-2.0", "MIT"}),
        ("llama3.3", {"llama3.3"}),
        ("see LICENSE file", {"see LICENSE file"}),
        ("((MIT))", {"MIT"}),
        ("(MIT", {"(MIT"}),
        ("MIT)", {"MIT)"}),
        ("AND", {"AND"}),
        ("()", {"()"}),
        ("(" * 5000 + "MIT" + ")" * 5000, {"(" * 5000 + "MIT" + ")" * 5000}),
    ],
)
def test_only_what_must_be_kept_together_is_taken_apart(expression: str, expected: set[str]) -> None:
    assert obligations(expression) == expected


NAMES = st.sampled_from(["MIT", "Apache-2.0", "CC-BY-4.0", "ISC"])


@given(st.lists(NAMES, min_size=1), st.data())
def test_brackets_between_ands_change_nothing(names: list[str], data: st.DataObject) -> None:
    parts = list(names)
    while len(parts) > 1:
        place = data.draw(st.integers(0, len(parts) - 2))
        joined = f"{parts[place]} AND {parts[place + 1]}"
        parts[place : place + 2] = [f"({joined})" if data.draw(st.booleans()) else joined]
    assert obligations(parts[0]) == set(names)


@given(st.text("() ANDORMIT", max_size=30))
def test_any_text_is_taken(text: str) -> None:
    assert all(isinstance(term, str) for term in obligations(text))
