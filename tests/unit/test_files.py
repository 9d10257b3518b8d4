"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from provenance.files import whole_file

DIES = """
import os, signal, sys
from provenance.files import whole_file
with whole_file(sys.argv[1]) as temporary:
    temporary.write_text("what was withdrawn")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def die_while_writing(file: Path) -> None:
    done = subprocess.run([sys.executable, "-c", DIES, str(file)], check=False)
    assert done.returncode == -signal.SIGKILL


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with whole_file(tmp_path / "a") as temporary:
            temporary.write_text("half")
            raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        fail()
    assert names(tmp_path) == []


def test_what_a_killed_process_left_is_removed_by_the_next_that_writes_the_file(tmp_path: Path) -> None:
    for name in ("data.jsonl", "data.jsonl.more"):
        die_while_writing(tmp_path / name)
    assert len(names(tmp_path)) == 2
    with whole_file(tmp_path / "data.jsonl") as temporary:
        temporary.write_text("what stays")
    (left,) = (name for name in names(tmp_path) if name != "data.jsonl")
    assert left.startswith(".data.jsonl.more.")
    assert (tmp_path / "data.jsonl").read_text() == "what stays"


def test_what_others_are_writing_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "data.jsonl"
    with whole_file(target) as outer:
        outer.write_text("outer")
        elsewhere = outer.with_name(
            outer.name.replace(f"-{os.getpid()}.", "-999999999.").replace("data.jsonl.", "data.jsonl.f", 1)
        )
        elsewhere.write_text("of another machine")
        with whole_file(target) as inner:
            inner.write_text("inner")
        assert outer.exists()
    assert elsewhere.exists()
    assert target.read_text() == "outer"
