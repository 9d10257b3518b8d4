"""Files that appear whole or not at all."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from provenance.files import Cleaned, folder_of_process, is_in_use, remove_left, scratch_folder, whole_file

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


WRITES = """
import sys
from provenance.files import whole_file
with whole_file(sys.argv[1]) as temporary:
    temporary.write_text(sys.argv[2])
    print("written", flush=True)
    sys.stdin.read()
"""


def test_what_others_are_writing_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "data.jsonl"
    with whole_file(target) as outer:
        outer.write_text("outer")
        with whole_file(target) as inner:
            inner.write_text("inner")
        assert outer.exists()
    assert target.read_text() == "outer"


def in_name_space(*command: str) -> list[str]:
    """``command`` as it is run in another container: where it has a low number that somebody else has here."""
    around = ["unshare", "--pid", "--fork", "--mount-proc"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*around, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("name spaces cannot be made here")
    return [*around, *command]


def test_what_is_written_in_another_container_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "register.yaml"
    command = in_name_space(sys.executable, "-c", WRITES, str(target), "of another container")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"written\n"
        with whole_file(target) as temporary:
            temporary.write_text("of this one")
        other.communicate()
    assert other.returncode == 0
    assert target.read_text() == "of another container"


SCRATCH = """
import os, signal, sys
from pathlib import Path
from provenance.files import scratch_folder
with scratch_folder(sys.argv[1], "sort") as folder:
    (folder / "spilled").write_bytes(bytes(1000))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_scratch_folder_of_a_killed_process_goes_when_the_next_is_made(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", SCRATCH, str(tmp_path)], check=False)
    (left,) = names(tmp_path)
    with scratch_folder(tmp_path, "add") as mine:
        assert names(tmp_path) == [mine.name] != [left]
        with scratch_folder(tmp_path, "add") as other:
            assert names(tmp_path) == sorted([mine.name, other.name])
    assert names(tmp_path) == []


def test_all_that_was_left_is_removed_and_counted(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", SCRATCH, str(tmp_path)], check=False)
    (tmp_path / "notes").mkdir()
    die_while_writing(tmp_path / "notes" / "one.json")
    (tmp_path / "notes" / "two.json").write_text("kept")
    with scratch_folder(tmp_path / "notes", "mine") as mine, whole_file(mine / "three") as temporary:
        temporary.write_text("kept")
        assert remove_left(tmp_path) == Cleaned(2, 1000 + len("what was withdrawn"))
    assert names(tmp_path / "notes") == ["two.json"]


def test_a_folder_that_was_only_begun_is_removed(tmp_path: Path) -> None:
    (tmp_path / "sort-0123.provenance-scratch").mkdir()
    assert not is_in_use(tmp_path / "sort-0123.provenance-scratch")
    assert names(tmp_path) == []


def test_a_process_has_one_folder_for_temporary_files() -> None:
    folder = folder_of_process()
    assert folder.is_dir()
    assert folder_of_process() == folder
