from __future__ import annotations

import pytest

from provenance.explorer.remembering import Remembered


def test_what_was_answered_is_not_worked_out_again() -> None:
    asked: list[str] = []

    def answer(word: str) -> str:
        asked.append(word)
        return word.upper()

    remembered = Remembered[str](2)
    for word in ("a", "b", "a", "c", "a", "b"):
        assert remembered.get(word, lambda word=word: answer(word)) == word.upper()  # type: ignore[misc]
    # `b` was used least recently when `c` came.
    assert asked == ["a", "b", "c", "b"]


def test_an_error_is_not_remembered() -> None:
    remembered = Remembered[int](2)

    def fails() -> int:
        raise ValueError("not known")

    with pytest.raises(ValueError, match="not known"):
        remembered.get("a", fails)
    assert remembered.get("a", lambda: 1) == 1
