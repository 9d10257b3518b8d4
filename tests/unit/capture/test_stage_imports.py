"""What real processes note of themselves: each test starts them as `provenance run` does."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

import provenance
from provenance.capture.stage_imports import packages_noted, watched

OURS = {"dvc-provenance": provenance.__version__}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder with two installed packages, one of them beside an older installation of it further down the path."""
    for folder, version in (("first", "2.0"), ("second", "1.0")):
        info = tmp_path / folder / f"openai-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: openai\nVersion: {version}\n")
        (info / "RECORD").write_text("openai/__init__.py,,\n")
        (tmp_path / folder / "openai").mkdir()
        (tmp_path / folder / "openai" / "__init__.py").touch()
    for name, part in (("google-genai", "genai"), ("googleapis-common-protos", "rpc")):
        info = tmp_path / "first" / f"{name.replace('-', '_')}-3.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 3.0\n")
        (info / "RECORD").write_text(f"google/{part}/__init__.py,,\n")
        (tmp_path / "first" / "google" / part).mkdir(parents=True)
        (tmp_path / "first" / "google" / part / "__init__.py").touch()
    return tmp_path


def noted(library: Path, *command: str) -> dict[str, str]:
    """The packages of a command that finds those of ``library`` on ``PYTHONPATH``."""
    notes = library / "notes"
    notes.mkdir(exist_ok=True)
    path = os.pathsep.join(str(library / name) for name in ("first", "second"))
    subprocess.run(command, env=watched({**os.environ, "PYTHONPATH": path}, notes), check=True, cwd=library)
    return packages_noted(notes)


def test_what_the_process_imported_is_known_and_not_what_this_one_did(library: Path) -> None:
    (library / "script.py").write_text("import openai\n")
    found = noted(library, sys.executable, "script.py")
    assert found == {**OURS, "openai": "2.0", "python": platform.python_version()}


def test_what_is_installed_but_not_imported_is_left_out(library: Path) -> None:
    program = "from importlib.util import find_spec; assert find_spec('openai'); import google.rpc"
    assert "openai" not in (found := noted(library, sys.executable, "-c", program))
    assert found["googleapis-common-protos"] == "3.0" and "google-genai" not in found
    assert noted(library, sys.executable, "-c", "import google.genai")["google-genai"] == "3.0"


def test_through_a_shell_and_a_child_and_a_failure(library: Path) -> None:
    assert "openai" in noted(library, "sh", "-c", f"{sys.executable} -c 'import openai; 1 / 0' 2>/dev/null || true")
    assert len(list((library / "notes").iterdir())) == 1


def test_a_forked_worker_says_what_only_it_imported(library: Path) -> None:
    (library / "script.py").write_text(
        "import multiprocessing\ndef work(): import openai\n"
        "process = multiprocessing.get_context('fork').Process(target=work); process.start(); process.join()\n"
    )
    assert "openai" in noted(library, sys.executable, "script.py")


def test_a_python_of_another_virtual_environment(library: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", library / "other"], check=True)
    assert noted(library, str(library / "other" / "bin" / "python"), "-c", "import openai")["openai"] == "2.0"


def test_a_generating_module_that_nothing_installed_provides_has_no_known_version(library: Path) -> None:
    (library / "first" / "vllm.py").touch()
    assert noted(library, sys.executable, "-c", "import vllm")["vllm"] == "unknown"


@pytest.mark.parametrize("command", [("true",), (sys.executable, "-I", "-c", "import json")])
def test_what_leaves_no_note_is_not_known(library: Path, command: tuple[str, ...]) -> None:
    assert noted(library, *command) == OURS


def test_the_users_own_sitecustomize_and_path_are_as_without_us(library: Path) -> None:
    (library / "first" / "sitecustomize.py").write_text("import builtins; builtins.of_the_user = True\n")
    (library / "script.py").write_text(
        "import sys, sitecustomize\nassert of_the_user and 'first' in sitecustomize.__file__\n"
        "assert not any('stage_hook' in path for path in sys.path)\nimport openai\n"
    )
    assert "openai" in noted(library, sys.executable, "script.py")


def test_a_folder_that_is_gone_is_no_failure_of_the_command(tmp_path: Path) -> None:
    environment = watched(os.environ, tmp_path / "gone")
    done = subprocess.run([sys.executable, "-c", "print(1)"], env=environment, capture_output=True, check=True)
    assert (done.stdout.strip(), done.stderr) == (b"1", b"")
