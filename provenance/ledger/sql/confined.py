"""A question that somebody sent you is asked in a process of its own, which gets so much memory and no more.

DuckDB bounds what it sorts and joins, but not what a single value takes: a list of 400 million numbers is one. The
operating system bounds the process (``RLIMIT_DATA``, where it knows that, as Linux does).
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from provenance.errors import QueryError

# Beyond what the process has when the question is asked: DuckDB's 512 MB, and one value or answer on its way out.
QUESTION_BYTES = 1 << 30
# Of the stack of each thread that DuckDB and Arrow may still start.
_STACK_BYTES = 8 << 20
_TOO_MUCH = (
    "the query takes more memory than the 1 GB that a query may take; ask for fewer or smaller values (functions that "
    "make long lists or texts, say)"
)
# What the child ends with where memory was not there for Python itself.
_OUT_OF_MEMORY = 77


def confine() -> None:
    """From now on this process may take `QUESTION_BYTES` of memory more than it has."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return  # not Linux, and nothing else bounds what a process takes
    kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData:"))
    limit = kilobytes * 1024 + QUESTION_BYTES + 2 * _STACK_BYTES * (os.cpu_count() or 1)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


@contextmanager
def memory_refused() -> Iterator[None]:
    """What memory is missing for, in this process that is confined, is reported as a `QueryError`."""
    try:
        yield
    except MemoryError as error:
        raise QueryError(_TOO_MUCH) from error
    except RuntimeError as error:
        if "new thread" not in str(error):
            raise
        raise QueryError(_TOO_MUCH) from error


def in_child(work: Callable[[], int]) -> int:
    """What ``work`` gives, the exit code of a process, done in a child that ends when this process does.

    Ctrl-C reaches the child through this process, once.

    Raises:
        QueryError: the child took more memory than it may.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    lives, held = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(held)
        os.setpgid(0, 0)
        threading.Thread(target=_end_with_parent, args=(lives,), daemon=True).start()
        _work(work)
    os.close(lives)
    try:
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except KeyboardInterrupt:
        os.kill(child, signal.SIGINT)
        os.waitpid(child, 0)
        raise
    finally:
        os.close(held)
    if ended in (_OUT_OF_MEMORY, -signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS):
        raise QueryError(_TOO_MUCH)
    return 128 - ended if ended < 0 else ended


def _work(work: Callable[[], int]) -> None:
    code = _OUT_OF_MEMORY
    try:
        code = work()
    except MemoryError:
        pass
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    finally:
        os._exit(code)


def _end_with_parent(lives: int) -> None:
    os.read(lives, 1)  # until the other end is closed, which the kernel does however the parent ends
    os._exit(1)
