"""Answers about a revision that are kept for as long as it is open, the least recently used of each kind left out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_Answer = TypeVar("_Answer")


class Remembered(Generic[_Answer]):
    """At most ``most`` answers, by what was asked."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._answers: OrderedDict[Hashable, _Answer] = OrderedDict()

    def get(self, asked: Hashable, answer: Callable[[], _Answer]) -> _Answer:
        """What was answered to ``asked`` before, or else what ``answer`` gives; an error is not remembered."""
        if asked not in self._answers:
            self._answers[asked] = answer()
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
        self._answers.move_to_end(asked)
        return self._answers[asked]
