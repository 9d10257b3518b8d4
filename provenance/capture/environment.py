"""The circumstances of an activity: commit, stage, command, packages; no secrets, no paths outside the repository."""

from __future__ import annotations

import platform
import shlex
import sys
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import provenance
from provenance.capture.redaction import redact_arguments, redact_mapping, redact_text
from provenance.lineage.records import GitState, StageRun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provenance.repository import Repository, Stage


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
        command=shown_command(sys.argv, repository.root),
    )


def describe_stage(stage: Stage) -> StageRun:
    """The stage as it stands in an activity."""
    return StageRun(
        name=stage.name,
        command=redact_text(stage.command),
        dependencies=dict(stage.dependencies),
        parameters=redact_mapping(stage.parameters),
    )


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
    modules = {name.partition(".")[0] for name in list(sys.modules)}
    distributions = {
        distribution
        for module, provided_by in _distributions_of_modules().items()
        if module in modules
        for distribution in provided_by
        if distribution  # a broken installation has no name
    }
    packages = {name: _version_of(name) for name in distributions}
    packages |= {"dvc-provenance": provenance.__version__, "python": platform.python_version()}
    return dict(sorted(packages.items()))


@cache
def _distributions_of_modules() -> Mapping[str, Sequence[str]]:
    """The distributions that provide each top-level module. Finding out reads all that is installed: so only once."""
    return metadata.packages_distributions()


_version_of = cache(metadata.version)
