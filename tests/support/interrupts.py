"""Commands that hear an interrupt, whoever started the tests."""

from __future__ import annotations

import sys

# What a shell starts in the background is deaf to interrupts, and so is all that it starts.
_LISTENING = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
_START = f"{_LISTENING}runpy.run_module('provenance', run_name='__main__')"


def interruptible(*arguments: str) -> list[str]:
    """The command that runs `provenance` with these arguments."""
    return [sys.executable, "-c", _START, *arguments]
