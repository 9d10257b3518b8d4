"""Tables that are wider than the terminal."""

from __future__ import annotations

import re
import sys

import pytest

from provenance.cli import output

COLUMNS = ("sample_id", "rows", "text")
ROWS = [("a" * 32, "1", "short"), ("b" * 32, "20", "word " * 12)]


@pytest.mark.parametrize(("width", "as_table"), [(200, True), (102, True), (101, False), (70, False)])
def test_what_does_not_fit_is_shown_a_row_at_a_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int, as_table: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    output.write_table_or_records(COLUMNS, ROWS, ["rows"])
    said = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert all(len(line) <= width for line in said.splitlines())
    assert ("row 2" in said) is not as_table
    # Nothing is cut.
    assert "a" * 32 in said and said.count("word") == 12


def test_a_pipe_gets_a_table_whatever_its_width(capsys: pytest.CaptureFixture[str]) -> None:
    output.write_table_or_records(COLUMNS, [("a" * 32, "1", "x" * 5000)], ["rows"])
    said = capsys.readouterr().out
    assert not any(line.endswith(" ") for line in said.splitlines())
    title, _, row = said.splitlines()
    assert title.split() == [*COLUMNS] and row.endswith("x" * 5000)


def test_in_colour_too_no_line_of_a_table_ends_in_blanks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for name, value in {"COLUMNS": "80", "TERM": "xterm-256color", "FORCE_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    output.write_table(("row", "text"), [("1", "word " * 40)])
    said = capsys.readouterr().out
    assert "\x1b[" in said
    assert not any(re.sub(r"\x1b\[[0-9;]*m", "", line).endswith(" ") for line in said.splitlines())


def test_records_with_nothing_in_a_column_end_no_line_in_blanks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    output.write_table_or_records(COLUMNS, [("a" * 32, "", "short")], ["rows"])
    said = capsys.readouterr().out.splitlines()
    assert "  rows" in said and not any(line.endswith(" ") for line in said)
