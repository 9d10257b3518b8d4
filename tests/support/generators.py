"""What real generators leave: made anew where their packages are at hand, else as it was captured.

PROVENANCE_GENERATOR_VENVS names a folder with one virtual environment per package (distilabel, data_designer, curator,
otel_spans, datatrove, hugging_face, openai_batch); tests/generators/README.md says how to make them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

_SCRIPTS = Path(__file__).resolve().parents[1] / "generators"
VENVS = "PROVENANCE_GENERATOR_VENVS"


def left_by(package: str, folder: Path) -> Path:
    """A new folder ``folder``/``package`` with what ``package`` leaves."""
    target = folder / package
    venvs = os.environ.get(VENVS)
    python = venvs and Path(venvs) / package / "bin" / "python"
    if not python or not python.exists():
        shutil.copytree(_SCRIPTS / "captured" / package, target)
        return target
    target.mkdir(parents=True)
    script = _SCRIPTS / f"make_{package}.py"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [python, script, target], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return target
