"""An environment in which neither DVC nor git sees this machine's settings, caches or network."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import provenance.errors

PROJECT = Path(provenance.errors.__file__).parents[1]

# What a DVC stage or a git hook, in which the tests may run, says of itself.
FOREIGN = ("DVC_ROOT", "DVC_STAGE", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")


def isolated_variables(folder: Path) -> dict[str, str]:
    """The environment variables to set; what DVC keeps outside of repositories goes under ``folder``.

    `dvc`, `provenance` and `python` are those of the environment that the tests run in.
    """
    return {
        "DVC_NO_ANALYTICS": "1",
        "DVC_GLOBAL_CONFIG_DIR": str(folder / "dvc-global"),
        "DVC_SYSTEM_CONFIG_DIR": str(folder / "dvc-system"),
        "DVC_SITE_CACHE_DIR": str(folder / "dvc-site-cache"),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Tester",
        "GIT_AUTHOR_EMAIL": "tester@example.org",
        "GIT_COMMITTER_NAME": "Tester",
        "GIT_COMMITTER_EMAIL": "tester@example.org",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(PROJECT),
    }
