"""The command of an activity."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from provenance.capture.environment import running_command, shown_command

SHOWS = "from provenance.capture.environment import running_command; print(running_command()[0])"
# A kernel's application that has begun, without a kernel's sockets.
IN_A_KERNEL = f"from ipykernel.kernelapp import IPKernelApp; IPKernelApp.instance(); {SHOWS}"


def shown(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("code", "named", "expected"),
    [
        (IN_A_KERNEL, "/here/notes.ipynb", "/here/notes.ipynb"),
        (IN_A_KERNEL, "console-1", "-c"),
        (f"__vsc_ipynb_file__ = '/there/own.ipynb'; {IN_A_KERNEL}", "/here/notes-jvsc-1.ipynb", "/there/own.ipynb"),
        # A script that a notebook started.
        (f"import ipykernel.kernelapp; {SHOWS}", "/here/notes.ipynb", "-c"),
    ],
)
def test_in_a_kernel_the_notebook_stands_where_the_script_does(
    code: str, named: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", named)
    assert shown(code) == expected


def test_outside_of_a_kernel_it_is_the_script() -> None:
    assert running_command() is sys.argv


def test_paths_are_shown_from_the_root_or_by_their_names(tmp_path: Path) -> None:
    arguments = [str(tmp_path / "notes" / "made.ipynb"), "/elsewhere/a.py", "b.py"]
    assert shown_command(arguments, tmp_path) == "notes/made.ipynb a.py b.py"
