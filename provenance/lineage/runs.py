"""Working on some things at a time, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Item = TypeVar("_Item")


def in_runs(items: Iterable[_Item], length: Callable[[_Item], int], at_least: int) -> Iterator[list[_Item]]:
    """``items`` in lists, in order; the items of each but the last are together ``at_least`` so long."""
    waiting: list[_Item] = []
    found = 0
    for item in items:
        waiting.append(item)
        found += length(item)
        if found >= at_least:
            yield waiting
            waiting, found = [], 0
    if waiting:
        yield waiting
