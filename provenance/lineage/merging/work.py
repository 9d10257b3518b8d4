"""What the steps of a completion have at hand, and who does them: each step goes through the ranges of ids.

What ranges have to know of each other goes by way of who asks for the steps, or is left on the shelf.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from provenance.lineage.database import Database
from provenance.lineage.merging.closing import Closure, Links
from provenance.lineage.merging.gathered import Records
from provenance.lineage.merging.inputs import Inputs, Range
from provenance.lineage.merging.shelf import Shelf
from provenance.lineage.vocabulary import Vocabulary

if TYPE_CHECKING:
    from provenance.lineage.merging.beginning import Begun, Part
    from provenance.lineage.merging.exchange import Numbered
    from provenance.lineage.merging.written import Shares

NUMBERED, BEGUN, SETTLED, DIVIDED, LINKS = "numbered", "begun", "settled", "divided", "links"
_BY_TABLES = "divided-by-tables"
_Result = TypeVar("_Result")


class Work:
    """``inputs``, and on the ``shelf`` what earlier steps made of them; ``database`` is for a step's own questions.

    ``is_restated``: see `Tables`. ``vocabulary``: what numbers in records count in.
    """

    def __init__(
        self,
        inputs: Inputs,
        shelf: Shelf,
        database: Database,
        vocabulary: Vocabulary,
        digest_size: int,
        *,
        is_restated: bool,
    ) -> None:
        self.inputs, self.shelf, self.database, self.vocabulary = inputs, shelf, database, vocabulary
        self.digest_size = digest_size
        self.is_restated = is_restated
        self._by_tables = set[int]()
        self._closure: Closure | None = None

    def __getstate__(self) -> dict[str, Any]:
        # Whoever does steps elsewhere has a database of their own.
        return self.__dict__ | {"database": None, "_closure": None}

    @property
    def spans(self) -> range:
        """The numbers of the ranges."""
        return range(len(self.inputs.spans))

    def closure(self, number: int, found: Range | None = None) -> Closure:
        """What is known of the samples of a range, which was ``found`` if it was read; in memory, the same again."""
        if self._closure is not None:
            return self._closure
        found, numbered = found or self.inputs.read(number), self.numbered(number)
        records = Records(found.known.table, numbered.of_known, numbered.parents_of_known)
        closure = Closure.of(found.known, records, numbered.count)
        self._closure = closure if len(self.spans) == 1 else None
        return closure

    def forget(self) -> None:
        """Let go of what was read."""
        self._closure = None
        self.inputs.forget()

    def numbered(self, number: int) -> Numbered:
        """The samples of a range, all ids having numbers."""
        found: Numbered = self.shelf.get(number, NUMBERED)
        return found

    def begun(self, number: int) -> Begun:
        """A range's own rows before they are divided among births."""
        found: Begun = self.shelf.get(number, BEGUN)
        return found

    def settled(self, number: int) -> Begun:
        """The same without records, once these are divided."""
        found: Begun = self.shelf.get(number, SETTLED)
        return found

    def divided(self, number: int) -> tuple[Part, Shares]:
        """The records of a range's own rows, and how these divide among them."""
        found: tuple[Part, Shares] = self.shelf.get(number, self._divided(number))
        return found

    def take_divided(self, number: int) -> tuple[Part, Shares]:
        """The same, for the last time."""
        found: tuple[Part, Shares] = self.shelf.take(number, self._divided(number))
        return found

    def divide_by_tables(self, number: int, divided: tuple[Part, Shares]) -> None:
        """Let the tables have the last word on how a range's rows divide.

        It goes by another name: a task that is done late, and again, may still write what it was before.
        """
        self.shelf.put(number, _BY_TABLES, divided)
        self._by_tables.add(number)

    def _divided(self, number: int) -> str:
        return _BY_TABLES if number in self._by_tables else DIVIDED

    def links(self, number: int) -> Links:
        """Who comes from whom among the known records of a range."""
        found: Links = self.shelf.get(number, LINKS)
        return found


class Hands(Protocol):
    """Who does steps."""

    def each(
        self,
        step: Callable[..., _Result],
        numbers: Iterable[int],
        given: Callable[[int], object] | None = None,
    ) -> Iterator[_Result]:
        """What ``step`` gives for each of the ranges, in order, one in memory at a time; not done unless it is taken.

        ``step`` is a function of a module of this package, of the `Work`, the number of a range, and, where there is
        such a thing, what is ``given`` for this range.
        """
        ...


class Here:
    """Done in this process, one range after the other."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def each(
        self,
        step: Callable[..., _Result],
        numbers: Iterable[int],
        given: Callable[[int], object] | None = None,
    ) -> Iterator[_Result]:
        """See `Hands`."""
        for number in numbers:
            yield step(self._work, number) if given is None else step(self._work, number, given(number))
            self._work.shelf.give_back()


def done(results: Iterable[None]) -> None:
    """Have steps done that give nothing."""
    deque(results, 0)
