"""The circumstances of an activity: commit, stage, command, packages; no secrets, no paths outside the repository."""

from __future__ import annotations

import os
import platform
import re
import shlex
import sys
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from inspect import getmodulename
from pathlib import Path
from typing import TYPE_CHECKING

import provenance
from provenance.capture.redaction import redact_arguments, redact_mapping, redact_text
from provenance.capture.stage_hook.sitecustomize import imported_modules
from provenance.lineage.generating import GENERATING_LIBRARIES, normalised
from provenance.lineage.records import GitState, StageRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provenance.repository import Repository, Stage


# Each line of a RECORD begins with the path of an installed file, with a comma behind it.
_FIRST_PART = re.compile(r"^[^/,\n]+[/,]", re.MULTILINE)
_HEAD_LINE = re.compile(r"^(Name|Version): *(.*?) *$", re.MULTILINE)


@dataclass(frozen=True)
class Environment:
    """What an activity runs in, as of its start. ``stage`` is None outside of `dvc repro`."""

    git: GitState
    stage: StageRun | None
    command: str


def describe_environment(repository: Repository, stage: Stage | None) -> Environment:
    """The circumstances of this process, which runs in ``stage`` where that is not None."""
    return Environment(
        git=repository.git_state(),
        stage=None if stage is None else describe_stage(stage),
        command=shown_command(running_command(), repository.root),
    )


def describe_stage(stage: Stage) -> StageRun:
    """The stage as it stands in an activity."""
    return StageRun(
        name=stage.name,
        command=redact_text(stage.command),
        dependencies=dict(stage.dependencies),
        parameters=redact_mapping(stage.parameters),
    )


def running_command() -> Sequence[str]:
    """The script that runs and its arguments. In a kernel the notebook, where the editor or the server names it."""
    kernel = sys.modules.get("ipykernel.kernelapp")
    # What a notebook starts inherits its environment, and is not the notebook.
    if kernel is None or not kernel.IPKernelApp.initialized():
        return sys.argv
    # Visual Studio Code sets a variable of the notebook, Jupyter's server one of the environment.
    stated = (vars(sys.modules["__main__"]).get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME"))
    notebooks = [[str(path)] for path in stated if path and str(path).endswith(".ipynb")]
    return notebooks[0] if notebooks else sys.argv


def shown_command(arguments: Sequence[str], root: Path) -> str:
    """A command line fit to be shared: no secrets, absolute paths relative to ``root`` or cut to their last part."""
    return shlex.join(_shown_path(argument, root) for argument in redact_arguments(arguments))


def _shown_path(argument: str, root: Path) -> str:
    option, sign, value = argument.rpartition("=")
    path = Path(value)
    if not path.is_absolute():
        return argument
    inside = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    return f"{option}{sign}{inside}"


def loaded_packages() -> dict[str, str]:
    """Versions of the distributions of which this process has imported a module, of this package, and of Python."""
    packages = packages_of(imported_modules(), tuple(sys.path))
    packages |= {"dvc-provenance": provenance.__version__, "python": platform.python_version()}
    return dict(sorted(packages.items()))


def packages_of(modules: Iterable[str], path: tuple[str, ...]) -> dict[str, str]:
    """Versions of the distributions on ``path`` that provide ``modules``, which `imported_modules` names.

    A library that generates is there even if nothing installed is known to provide it (a checkout on the path): its
    version is "unknown" then.
    """
    modules, provided_by = set(modules), _distributions_of_modules(path)
    packages: dict[str, str] = {}
    for module in sorted(modules):
        top, _, part = module.partition(".")
        for distribution in provided_by.get(top, ()):
            name, version = _name_and_version(distribution)  # a broken installation has no name
            if name and (not part or _provides(distribution, f"{top}/{part}")):
                packages.setdefault(name, version)
    known = {normalised(name) for name in packages}
    for name, module in GENERATING_LIBRARIES.items():
        if module in modules and name not in known:
            packages[name] = "unknown"
    return packages


@cache
def _distributions_of_modules(path: tuple[str, ...]) -> Mapping[str, Sequence[metadata.Distribution]]:
    """The distributions that provide each top-level module. Finding out reads all that is installed: so only once.

    As `importlib.metadata.packages_distributions`, which takes ten times as long.
    """
    found: dict[str, list[metadata.Distribution]] = {}
    for distribution in metadata.distributions(path=list(path)):
        for module in _top_level_modules(distribution):
            found.setdefault(module, []).append(distribution)
    return found


def _provides(distribution: metadata.Distribution, module: str) -> bool:
    """Whether a file of the module, or of the package, at the path ``module`` belongs to the distribution."""
    lines = (distribution.read_text("RECORD") or "").splitlines()
    return any(line.startswith((f"{module}/", f"{module}.")) for line in lines)


def _top_level_modules(distribution: metadata.Distribution) -> set[str]:
    if stated := distribution.read_text("top_level.txt"):
        return set(stated.split())
    firsts = set(_FIRST_PART.findall(distribution.read_text("RECORD") or ""))
    modules = (first[:-1] if first.endswith("/") else getmodulename(first[:-1]) or "" for first in firsts)
    return set(filter(str.isidentifier, modules))


@cache
def _name_and_version(distribution: metadata.Distribution) -> tuple[str | None, str]:
    """What the head of its metadata says: parsing all of it, as `importlib.metadata` does, takes ten times as long."""
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    head = dict(_HEAD_LINE.findall(text.partition("\n\n")[0]))
    return head.get("Name"), head.get("Version", "")
