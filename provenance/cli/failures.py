"""How a command ends: 0 pass, 1 a finding or a policy failure, 2 an error; one line for an error, no traceback."""

from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import typer

from provenance.cli.output import write_error
from provenance.errors import ProvenanceError, ProvenanceWarning
from provenance.report.plain_text import safe
from provenance.room import what_failed

FINDING = 1
ERROR = 2
# What a shell reports for a process that SIGPIPE ended.
_BROKEN_PIPE = 141


def reported(command: Callable[..., None]) -> Callable[..., None]:
    """``command`` with its failures reported in one line on standard error and in the exit code."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning
                warnings.simplefilter("always", ProvenanceWarning)
                command(*args, **options)
            sys.stdout.flush()
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except BrokenPipeError:
            _drop_output()
            raise typer.Exit(_BROKEN_PIPE) from None
        except ProvenanceError as error:
            fail_with(error.problems or [str(error)])
        except OSError as error:
            # The disk is full, a folder cannot be written to: not of our making.
            fail_with([what_failed(error)])
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - nothing may leave as a traceback
            _report_internal(error, verbose=bool(options.get("verbose")))
            raise typer.Exit(ERROR) from None

    return run


def exit_code(command: Callable[..., None], **options: Any) -> int:
    """The exit code with which ``command`` ends; its failures are reported. For what is done in a child process."""
    try:
        reported(command)(**options)
    except typer.Exit as ended:
        return ended.exit_code
    return 0


def fail_with(errors: Sequence[str]) -> None:
    """Write each error in a line of its own, and end the command with the exit code of an error, if there are any."""
    for error in errors:
        write_error(f"error: {safe(error)}")
    if errors:
        raise typer.Exit(ERROR)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    # What libraries warn of is for those who develop with them.
    if isinstance(message, ProvenanceWarning):
        write_error(f"warning: {safe(str(message))}")


def _report_internal(error: Exception, *, verbose: bool) -> None:
    import traceback

    from provenance.report.plain_text import safe_lines

    if verbose:
        for line in safe_lines("".join(traceback.format_exception(error))):
            write_error(line)
    hint = "" if verbose else "; run it again with -v for the traceback, and report it"
    write_error(f"error: internal error: {type(error).__name__}: {safe(str(error), 300)}{hint}")


def _drop_output() -> None:
    # Whoever read us is gone: what is still buffered must not fail again when the interpreter flushes it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
