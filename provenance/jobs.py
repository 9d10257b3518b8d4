"""How many threads may work at once, and work that they do: results come in order, whatever finished first."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


_BLAS_THREADS = "OPENBLAS_NUM_THREADS"
_ALLOWED: ContextVar[int | None] = ContextVar("jobs", default=None)


def allowed() -> int:
    """How many threads may work at once: as `at_most` says, else one for each core."""
    return _ALLOWED.get() or cores()


@contextmanager
def at_most(jobs: int | None) -> Iterator[None]:
    """Meanwhile, ``jobs`` threads may work at once; None: one for each core."""
    before = _ALLOWED.set(jobs)
    try:
        yield
    finally:
        _ALLOWED.reset(before)


@contextmanager
def without_blas_threads() -> Iterator[None]:
    """Where numpy is loaded meanwhile, OpenBLAS starts no threads for products of matrices, unless it was told to.

    It starts one for each further core, and each waits for work by keeping its core busy for a tenth of a second.
    """
    if _BLAS_THREADS in os.environ:
        yield
        return
    os.environ[_BLAS_THREADS] = "1"
    try:
        yield
    finally:
        os.environ.pop(_BLAS_THREADS, None)


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def at_once(work: Callable[[_Item], _Result], items: Iterable[_Item], jobs: int) -> Generator[_Result, None, None]:
    """``work`` on each of ``items``, by ``jobs`` threads; an error of one comes in its place, and ends the work."""
    if jobs == 1:
        yield from map(work, items)
        return
    from concurrent.futures import ThreadPoolExecutor

    waiting: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                # What waits for its turn is bounded.
                if len(waiting) > 2 * jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()
