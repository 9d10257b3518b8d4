"""Builds the native kernel for sample ids (provenance/identity/native) where a C compiler is; else does nothing.

It is optional: whatever goes wrong, the package is built without it, and nothing is said. Run by itself, this builds it
in place: `python hatch_build.py`.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("provenance") / "identity" / "native"
SOURCE, LIBRARY = "kernel.c", "kernel.so"
FLAGS = ("-std=c11", "-O3", "-fPIC", "-shared", "-fvisibility=hidden")
# xxhash.h is among the headers of pyarrow, from the version that the package itself asks for.
HEADER_PACKAGE = "pyarrow"


def compiler() -> list[str] | None:
    """The C compiler's command; None where no compiler is found or wanted."""
    if os.environ.get("PROVENANCE_NATIVE") == "0" or sys.platform == "win32":
        return None
    command = shlex.split(os.environ.get("CC") or "cc")
    return command if command and shutil.which(command[0]) else None


def header_folder() -> Path | None:
    """The folder of xxhash.h; None: it is not there."""
    found = find_spec(HEADER_PACKAGE)
    for place in (found.submodule_search_locations or ()) if found is not None else ():
        folder = Path(place) / "include" / "arrow" / "vendored" / "xxhash"
        if (folder / "xxhash.h").is_file():
            return folder
    return None


def build(source: Path, target: Path, more: Sequence[str] = ()) -> str | None:
    """Compile ``source`` to ``target``, with ``more`` flags; None, or in words why that was not possible."""
    command, headers = compiler(), header_folder()
    if command is None:
        return "no C compiler"
    if headers is None:
        return f"no xxhash.h among the headers of {HEADER_PACKAGE}"
    # Elsewhere first: another process may have the old one in use.
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / LIBRARY
        arguments = [*command, *FLAGS, *more, "-isystem", str(headers), str(source), "-o", str(built), "-lm"]
        outcome = subprocess.run(arguments, capture_output=True, text=True, check=False)
        if outcome.returncode:
            return outcome.stderr or f"{command[0]} failed"
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copyfile(built, beside)
        os.replace(beside, target)
    return None


class KernelHook(BuildHookInterface[Any]):
    """What hatchling calls."""

    def dependencies(self) -> list[str]:
        # Pure metadata: nothing of the package is imported.
        supported = self.metadata.core.python_constraint.contains(platform.python_version(), prereleases=True)
        if compiler() is None or not supported:
            return []  # pip then says itself which Python is needed, not that there is no pyarrow for this one
        return [one for one in self.metadata.core.dependencies if one.startswith(HEADER_PACKAGE)]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        folder = Path(self.root) / FOLDER
        try:
            problem = build(folder / SOURCE, folder / LIBRARY)
        except OSError as error:
            problem = str(error)
        if problem is None:
            build_data["artifacts"].append((FOLDER / LIBRARY).as_posix())
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{_platform()}"


def _platform() -> str:
    """The platform's tag in a wheel's name. Tools for Linux make of it the one that package indexes take."""
    from packaging.tags import platform_tags

    return next(tag for tag in platform_tags() if not tag.startswith(("manylinux", "musllinux")))


def main() -> int:
    """Build in place; says what is wrong."""
    folder = Path(__file__).parent / FOLDER
    problem = build(folder / SOURCE, folder / LIBRARY)
    if problem is not None:
        sys.stderr.write(f"{problem}\n")
    return problem is not None


if __name__ == "__main__":
    sys.exit(main())
