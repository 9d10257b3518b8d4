"""Which packages the processes of a stage's command imported: of its own Python, not of the one that runs this.

`watched` gives the command an environment in which every Python that it starts leaves a note in a folder as it ends.
Nothing is noted by what is no Python, by ``python -I``, ``-E`` or ``-S``, by a process that a signal kills, in a
container, or where the command sets ``PYTHONPATH`` anew.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import provenance
from provenance.capture import stage_hook
from provenance.capture.environment import packages_of
from provenance.capture.stage_hook.sitecustomize import SUFFIX, VARIABLE


def watched(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """``environment`` for a command whose Python processes leave notes in ``folder``."""
    (hook,) = stage_hook.__path__
    paths = filter(None, [os.path.abspath(hook), environment.get("PYTHONPATH")])
    return {**environment, VARIABLE: str(folder.absolute()), "PYTHONPATH": os.pathsep.join(paths)}


def packages_noted(folder: Path) -> dict[str, str]:
    """Versions of the packages that the processes imported, and of Python; of several versions, all.

    Where no process left a note there is no ``python``: what the stage imported is not known.
    """
    found: dict[str, set[str]] = {"dvc-provenance": {provenance.__version__}}
    for note in {file.read_text("utf-8", "surrogateescape") for file in folder.glob(f"*{SUFFIX}")}:
        stated = [line.partition(" ")[::2] for line in note.splitlines()]
        paths, modules = ([value for name, value in stated if name == wanted] for wanted in ("path", "module"))
        for name, version in packages_of(modules, tuple(paths)).items():
            found.setdefault(name, set()).add(version)
        found.setdefault("python", set()).update(value for name, value in stated if name == "python")
    return {name: ", ".join(sorted(versions)) for name, versions in sorted(found.items())}
