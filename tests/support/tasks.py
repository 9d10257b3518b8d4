"""Tasks in this process: what goes to them and comes back is pickled, and they are done in any order, some twice."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from provenance.engines.interface import Found, Item, Result, Tasks

_Sent = TypeVar("_Sent")


def sent(what: _Sent) -> _Sent:
    """As it arrives elsewhere."""
    arrived: _Sent = pickle.loads(pickle.dumps(what))  # noqa: S301
    return arrived


class RepeatedTasks:
    """A `BetweenTasks` by ``seed``. ``numbers``: those that pieces came with."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.numbers: set[int] = set()

    def __call__(
        self,
        read: Callable[[Item], Generator[tuple[int, bytes], None, Found]],
        items: Sequence[Item],
        write: Callable[[Iterator[bytes]], Result],
        numbers: int,
    ) -> tuple[list[Found], list[Result]]:
        found: dict[int, Found] = {}
        pieces: list[list[bytes]] = [[] for _ in range(numbers)]
        for place in self._random.sample(range(len(items)), len(items)):
            if self._random.random() < 0.2:
                # An attempt that is lost on its way.
                next(sent(read)(sent(items[place])), None)
            reading = sent(read)(sent(items[place]))
            found[place] = sent(self._all_of(reading, pieces))
        results = []
        for some in self._random.sample(pieces, numbers):
            self._random.shuffle(some)
            if self._random.random() < 0.2:
                sent(write)(iter(some))
            results.append(sent(sent(write)(iter(some))))
        return [found[place] for place in range(len(items))], results

    def _all_of(self, reading: Generator[tuple[int, bytes], None, Any], pieces: list[list[bytes]]) -> Any:
        while True:
            try:
                number, piece = next(reading)
            except StopIteration as end:
                return end.value
            self.numbers.add(number)
            pieces[number].append(piece)


class RepeatedAlone:
    """An `InTasks` by ``seed``."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __call__(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        wanted = [*items]
        found: dict[int, Result] = {}
        for place in self._random.sample(range(len(wanted)), len(wanted)):
            if self._random.random() < 0.2:
                # Nobody hears of the first attempt.
                sent(work)(sent(wanted[place]))
            found[place] = sent(sent(work)(sent(wanted[place])))
        return [found[place] for place in range(len(wanted))]


def repeated_tasks(seed: int) -> Tasks:
    """`Tasks` of both kinds, in this process."""
    return Tasks(RepeatedAlone(seed), RepeatedTasks(seed))
