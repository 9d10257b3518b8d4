"""What is said to the person who runs a script."""

from __future__ import annotations

import sys


def say(message: str) -> None:
    """Say it on standard error."""
    sys.stderr.write(f"provenance: {message}\n")
