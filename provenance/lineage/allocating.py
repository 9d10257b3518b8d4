"""What allocators do with memory that is free for a while: kept for whoever asks next, or given back to the system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pyarrow as pa

_Item = TypeVar("_Item")
# To give memory back takes a millisecond or so, and as long again to get as much of it as is needed next.
_ITEMS_BETWEEN = 4


@contextmanager
def memory_used_again() -> Iterator[None]:
    """Have Arrow allocate by the system's library until the block ends.

    Its own allocator gives back memory that is free for a moment, and to get it again, page by page, costs a sixth of
    the time that recording takes; it also keeps more than it uses. What is allocated by one is freed by it, whichever
    is the default then.
    """
    usual, of_system = pa.default_memory_pool(), pa.system_memory_pool()
    if usual.backend_name == of_system.backend_name:
        # Also where another thread is within such a block, which restores what was there before.
        yield
        return
    pa.set_memory_pool(of_system)
    try:
        yield
    finally:
        pa.set_memory_pool(usual)


def give_back() -> None:
    """After a step: give the system memory that nobody uses.

    Allocators keep it for later, in pieces that the next step may have no use for.
    """
    pa.default_memory_pool().release_unused()
    pa.system_memory_pool().release_unused()


def giving_back(items: Iterable[_Item]) -> Iterator[_Item]:
    """``items`` as they are; memory is given back every so often on the way.

    Where several threads work on large arrays, what allocators keep would grow with the number of these.
    """
    for number, item in enumerate(items, start=1):
        yield item
        if number % _ITEMS_BETWEEN == 0:
            give_back()
