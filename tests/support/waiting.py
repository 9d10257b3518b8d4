"""Waiting for what other processes do."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

import pytest

_PAUSE = 0.005
# So many pauses, ten minutes of them, are given up on only where nothing will ever come.
_MOST_PAUSES = 120_000


def until(
    happens: Callable[[], object], otherwise: str = "it does not happen", command: subprocess.Popen[bytes] | None = None
) -> None:
    """Return once ``happens`` is true; ``command``: what should not end before."""
    for _ in range(_MOST_PAUSES):
        if happens():
            return
        assert command is None or command.poll() is None, "the command has ended before"
        time.sleep(_PAUSE)
    pytest.fail(otherwise)
