from __future__ import annotations

from typing import Any

import pytest

from provenance.auditing.contamination.sides import Side, sides_of
from provenance.auditing.contamination.words import FIELD

SYSTEM = {"role": "system", "content": "be"}
Q, P, A = Side.QUESTION, Side.PASSAGE, Side.ANSWER
ALL = Side.OPTIONS


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"question": "why?", "answer": "so"}, [(Q, "why?"), (A, "so"), (Side.WITH_ANSWER, f"why?{FIELD}so")]),
        ({"context": "once", "question": "who?"}, [(Q, "who?"), (P, "once")]),
        (
            {"question": "which?", "choices": ["one", "two"], "answer": 1},
            [
                (Q, "which?"),
                (A, "two"),
                (ALL, f"one{FIELD}two"),
                (Side.WITH_OPTIONS, f"which?{FIELD}one{FIELD}two"),
                (Side.WITH_ANSWER, f"which?{FIELD}two"),
            ],
        ),
        (
            {"question": "q", "choices": {"text": ["x", "y"], "label": ["A", "B"]}, "answer": "B"},
            [
                (Q, "q"),
                (A, "y"),
                (ALL, f"x{FIELD}y"),
                (Side.WITH_OPTIONS, f"q{FIELD}x{FIELD}y"),
                (Side.WITH_ANSWER, f"q{FIELD}y"),
            ],
        ),
        (
            {"messages": [SYSTEM, {"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]},
            [(Q, "hi"), (A, "ho"), (Side.WITH_ANSWER, f"hi{FIELD}ho")],
        ),
        ({"statement": "all of it", "proof": "and this"}, [(Q, "all of it"), (Q, "and this")]),
        ({"Question": "who?", "Context": "once"}, [(Q, "who?"), (P, "once")]),
        ({"question_text": "q", "answer_text": "a"}, [(Q, "q"), (A, "a"), (Side.WITH_ANSWER, f"q{FIELD}a")]),
        (
            {"text": "q", "code": "c", "system_prompt": "be"},
            [(Q, "q"), (A, "c"), (A, "be"), (Side.WITH_ANSWER, f"q{FIELD}c")],
        ),
        ({"prompt": [SYSTEM, {"role": "user", "content": "hi"}]}, [(Q, "hi")]),
        ({"output": "an answer alone"}, [(Q, "an answer alone")]),
        ({"question": "how?", "answer": 4.5}, [(Q, "how?"), (A, "4.5"), (Side.WITH_ANSWER, f"how?{FIELD}4.5")]),
        ({"question": " ", "answer": None, "passage": []}, []),
        ({"question": None, "solved": True}, []),
    ],
)  # fmt: skip
def test_fields_say_by_their_names_what_they_are(row: dict[str, Any], expected: list[tuple[Side, str]]) -> None:
    assert sides_of(row) == expected


def test_an_answer_that_names_no_option_stays() -> None:
    assert (A, "none of them") in sides_of({"question": "q", "options": ["x", "y"], "answer": "none of them"})
    assert (A, "7") in sides_of({"question": "q", "options": ["x", "y"], "answer": 7})


def test_long_questions_are_not_joined_with_more() -> None:
    assert {side for side, _ in sides_of({"question": "why " * 200, "answer": "so"})} == {Q, A}
