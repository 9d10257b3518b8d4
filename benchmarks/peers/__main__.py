"""`python -m benchmarks.peers install`: a venv for each peer, from the package index that pip is set up for."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.peers.interface import PEERS, Tool


def install(tool: Tool, venvs: Path) -> str | None:
    """Make the tool's venv in ``venvs``; what went wrong, or None."""
    folder = venvs / tool.driver
    interpreter = next(filter(None, map(_working, tool.pythons)), None)
    if interpreter is None:
        return f"needs one of {', '.join(tool.pythons)} on PATH"
    shutil.rmtree(folder, ignore_errors=True)
    python = str(folder / "bin" / "python")
    for command in (
        [interpreter, "-m", "venv", str(folder)],
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *tool.requirements],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            # A venv that is half there would look installed.
            shutil.rmtree(folder, ignore_errors=True)
            return (done.stderr or done.stdout).strip().splitlines()[-1]
    return None


def _working(name: str) -> str | None:
    """The interpreter of this name, if it is there and runs (a version manager's shim may not)."""
    if name == f"python{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    found = shutil.which(name)
    return (
        found if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0 else None
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("action", choices=["install"])
    parser.add_argument("--venvs", type=Path, default=Path(".venv/peers"), help="where the venvs go")
    options = parser.parse_args()
    failed = False
    for tool in PEERS:
        problem = install(tool, options.venvs.absolute())
        print(f"{tool.name}: {problem or 'installed'}", flush=True)
        failed |= problem is not None
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
