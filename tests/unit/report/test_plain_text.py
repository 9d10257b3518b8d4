from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.report.plain_text import counted, percent, safe, safe_lines, shell_word


@given(st.text(), st.none() | st.integers(2, 40))
def test_safe_text_is_one_line_that_only_prints(text: str, limit: int | None) -> None:
    line = safe(text, limit)
    assert line.isprintable()
    assert limit is None or len(line) <= limit


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain – Köln 漢字 ✓", "plain – Köln 漢字 ✓"),
        ("two\r\n\tlines ", "two lines"),
        ("\x1b]8;;http://x\x07link\x1b[31m", "\\x1b]8;;http://x\\x07link\\x1b[31m"),
        ("abc\u202edcba\u2066", "abc\\u202edcba\\u2066"),
        ("half \ud800", "half \\ud800"),
        ("\x9b31m", "\\x9b31m"),
    ],
)
def test_what_could_steer_a_terminal_is_escaped(text: str, line: str) -> None:
    assert safe(text) == line


def test_a_long_text_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    assert safe("abcdef", 6) == "abcdef"
    assert safe("abcdefg", 6) == "abcde…"
    assert safe(" " * 100 + "a", 6) == "…"


def test_lines_keep_their_indentation() -> None:
    assert safe_lines("def f():\n\treturn\x00 1\n\n") == ["def f():", "    return\\x00 1", "", ""]


def test_percent_never_rounds_to_none_or_all() -> None:
    assert [percent(part, 10_000) for part in (0, 1, 5000, 9999, 10_000)] == [
        "0.0%",
        "<0.1%",
        "50.0%",
        ">99.9%",
        "100.0%",
    ]
    assert percent(0, 0) == "-"


def test_what_is_counted_agrees_with_its_number() -> None:
    assert [counted(number, "row") for number in (0, 1, 2_000)] == ["0 rows", "1 row", "2,000 rows"]
    assert [counted(number, "birth of it", "births of it") for number in (1, 2)] == ["1 birth of it", "2 births of it"]


@pytest.mark.parametrize(
    "name", ["a.jsonl", "it's <b>&\u202emix.jsonl", "a  b\n\x1b[31m\\c", "\u200b\U000e0041ä $HOME `x`"]
)
def test_a_word_for_the_shell_prints_and_can_be_pasted(name: str) -> None:
    word = shell_word(name)
    assert word.isprintable()
    said = subprocess.run(
        ["bash", "-c", f"printf %s {word}"], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}
    )
    assert said.stdout.decode() == name
