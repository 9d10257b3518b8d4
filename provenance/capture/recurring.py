"""Values of which some recur: what is worked out of them needs to be worked out of each only once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import count
from typing import TypeVar

_Value = TypeVar("_Value", bound=Hashable)


def placed(values: Sequence[_Value]) -> tuple[list[_Value], list[int]]:
    """The different ones of ``values``, and the place among them of each.

    Values are different where they are so to a dictionary, to which 1, 1.0 and True are one.
    """
    places = dict(zip(dict.fromkeys(values), count(), strict=False))
    return [*places], [*map(places.__getitem__, values)]
