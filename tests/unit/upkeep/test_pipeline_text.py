"""Edits of dvc.yaml as text: only the lines concerned change, whatever the layout."""

from __future__ import annotations

import pytest
import yaml

from provenance.upkeep.pipeline_text import NotEditableError, PipelineText, scalar_text

RUN = "provenance run --"


def wrapped(text: str, *resolved: str) -> str:
    edits = PipelineText(text)
    edits.wrap("make", resolved)
    return edits.edited()


def stage(command: str) -> str:
    return f"stages:\n  make:   # by hand\n    cmd: {command}\n    outs: [a.jsonl]\n"


@pytest.mark.parametrize(
    ("written", "resolved", "expected"),
    [
        ("python a.py   # slow", "python a.py", f"{RUN} python a.py   # slow"),
        ('"python a.py"', "python a.py", f'"{RUN} python a.py"'),
        ("'python a.py'", "python a.py", f"'{RUN} python a.py'"),
        ("python a.py > x", "python a.py > x", f"{RUN} sh -c 'python a.py > x'"),
        ('"a \\"b\\" | c"', 'a "b" | c', f"""{RUN} sh -c 'a "b" | c'"""),
        ("source env.sh && a", "source env.sh && a", f"{RUN} bash -c 'source env.sh && a'"),
        ("wc <(cat x) > y", "wc <(cat x) > y", f"{RUN} bash -c 'wc <(cat x) > y'"),
        ("cat x{1..3} > y", "cat x{1..3} > y", f"{RUN} bash -c 'cat x{{1..3}} > y'"),
        ("set -o pipefail; a | b", "set -o pipefail; a | b", f"{RUN} bash -c 'set -o pipefail; a | b'"),
        ("a &> log", "a &> log", f"{RUN} bash -c 'a &> log'"),
        ('a "[[ {x,y} source " | b', 'a "[[ {x,y} source " | b', f"""{RUN} sh -c 'a "[[ {{x,y}} source " | b'"""),
        ("a > ${b} && c $((1 + 1))", "a > x && c $((1 + 1))", f"{RUN} sh -c 'a > ${{b}} && c $((1 + 1))'"),
        ("python a.py ${lang}", "python a.py en", f"{RUN} python a.py ${{lang}}"),
        ("X=1 python a.py", "X=1 python a.py", f"{RUN} env X=1 python a.py"),
        ("python\n      a.py", "python a.py", f"{RUN} python\n      a.py"),
        (">-\n      python\n      a.py", "python a.py", f">-\n      {RUN} python\n      a.py"),
        ("|\n      one\n      two\n", "two", f"|\n      one\n      {RUN} two\n"),
        ("|  # both\n      one\n      two | wc\n", "two | wc", f"|  # both\n      one\n      {RUN} sh -c 'two | wc'\n"),
        ("\n    - one\n    - two # last", "two", f"\n    - one\n    - {RUN} two # last"),
        ("[one, two]", "two", f"[one, {RUN} two]"),
        (f"{RUN} python a.py", f"{RUN} python a.py", f"{RUN} python a.py"),
    ],
)
def test_the_prefix(written: str, resolved: str, expected: str) -> None:
    assert wrapped(stage(written), resolved) == stage(expected)


def test_of_a_group_one_member_that_needs_a_shell_decides() -> None:
    text = wrapped(stage("python a.py ${item}"), "python a.py one", "python a.py one|two")
    assert text == stage(f"{RUN} sh -c 'python a.py ${{item}}'")


@pytest.mark.parametrize("written", [">\n      one\n\n      two\n", '"one\\ntwo"'])
def test_several_lines_that_are_not_written_as_such_are_left(written: str) -> None:
    with pytest.raises(NotEditableError, match="several lines"):
        wrapped(stage(written), "two")


def test_an_item_of_several_lines_is_left() -> None:
    """DVC gives it to one shell, so its last line may be the end of a loop."""
    loop = "for i in 1 2; do\n  echo $i\ndone"
    with pytest.raises(NotEditableError, match="the last of its commands has several lines"):
        wrapped(stage("\n    - one\n    - |\n      for i in 1 2; do\n        echo $i\n      done\n"), loop)
    in_order = wrapped(stage("\n    - |\n      for i in 1; do\n      done\n    - |\n      two\n"), "two")
    assert f"{RUN} two\n" in in_order and "\n      done\n" in in_order


@pytest.mark.parametrize("text", ["stages: {}\n", "stages:\n  make: {}\n", "a: [", ""])
def test_what_is_not_there_is_not_edited(text: str) -> None:
    with pytest.raises(NotEditableError):
        wrapped(text, "one")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("one   # slow", "\n      - one   # slow\n      - declare x"),
        ("'one'", "\n      - 'one'\n      - declare x"),
        ("|\n      one\n      two\n", "|\n      one\n      two\n      declare x\n"),
        (">-\n      one\n      more\n\n", "\n    - >-\n      one\n      more\n    - declare x\n\n"),
        ("\n    - one\n    - two # last", "\n    - one\n    - two # last\n    - declare x"),
        ("[one, two]", "[one, two, declare x]"),
    ],
)
def test_a_command_more(written: str, expected: str) -> None:
    edits = PipelineText(stage(written))
    edits.append("make", ["declare x"])
    assert edits.edited().replace("cmd: \n", "cmd:\n") == stage(expected).replace("cmd: \n", "cmd:\n")
    commands = yaml.safe_load(edits.edited())["stages"]["make"]["cmd"]
    assert (commands.splitlines() if isinstance(commands, str) else commands)[-1] == "declare x"


def inserted(outs: str, number: int, *added: str, group: str = "make", shares_flags: bool = True) -> str:
    edits = PipelineText(f"stages:\n  make:\n    cmd: one\n    outs:{outs}")
    edits.insert_after(group, "outs", number, added, shares_flags=shares_flags)
    return edits.edited().partition("    outs:")[2]


@pytest.mark.parametrize(
    ("outs", "expected"),
    [
        ("\n      - a # first\n\n  next: {}\n", "\n      - a # first\n      - a.x\n\n  next: {}\n"),
        ("\n    - a\n    # second\n    - b\n", "\n    - a\n    - a.x\n    # second\n    - b\n"),
        ("\n    - a", "\n    - a\n    - a.x"),
        ("\r\n    - a\r\n    - b\r\n", "\r\n    - a\r\n    - a.x\r\n    - b\r\n"),
        (" [a, b]\n", " [a, a.x, b]\n"),
        (' ["a", b]\n', ' ["a", "a.x", b]\n'),
        ("\n    - 'a'\n", "\n    - 'a'\n    - 'a.x'\n"),
        (
            "\n    - a:\n        cache: false # git\n        desc: text\n    - b\n",
            "\n    - a:\n        cache: false # git\n        desc: text\n    - a.x:\n        cache: false\n    - b\n",
        ),
        ("\n    - a: {persist: true, cache: false}\n", None),
        ("\n    - {a: {persist: true}}\n", "\n    - {a: {persist: true}}\n    - {a.x: {persist: true}}\n"),
        (" [a: {persist: true}]\n", " [a: {persist: true}, {a.x: {persist: true}}]\n"),
        ("\n    - a:\n        desc: text\n", "\n    - a:\n        desc: text\n    - a.x\n"),
    ],
)
def test_an_item_more(outs: str, expected: str | None) -> None:
    if expected is None:
        expected = f"{outs}    - a.x: {{persist: true, cache: false}}\n"
    assert inserted(outs, 0, "a.x") == expected


def test_two_items_behind_one() -> None:
    assert inserted("\n    - a\n", 0, "a.x", "y", shares_flags=False) == "\n    - a\n    - a.x\n    - y\n"


def test_stages_of_foreach_are_written_once() -> None:
    text = "stages:\n  make:\n    foreach: [1]\n    do:\n      cmd: one\n      outs:\n      - ${item}\n"
    edits = PipelineText(text)
    edits.insert_after("make", "outs", 0, ["${item}.x"], shares_flags=True)
    edits.wrap("make", ["one"])
    assert edits.edited().endswith(f"cmd: {RUN} one\n      outs:\n      - ${{item}}\n      - ${{item}}.x\n")


@pytest.mark.parametrize("value", ["a: b", "it's: x", "a # b", "- a", "{x}", "a\u0007: b", "plain", "'quoted'"])
def test_a_text_on_one_line(value: str) -> None:
    text = scalar_text(value)
    assert "\n" not in text
    assert yaml.safe_load(f"key: {text}\n") == {"key": value}
