"""Steps of a completion that tasks do, wherever these are: each for one range of ids.

What they need, leave and answer is in files that all see, since a range may have much to say.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from provenance.errors import SidecarError
from provenance.files import folder_of_process, scratch_folder, whole_file
from provenance.jobs import at_most
from provenance.lineage.database import database_on_demand
from provenance.lineage.merging.work import Work

if TYPE_CHECKING:
    from provenance.engines.interface import InTasks

_Result = TypeVar("_Result")


class Elsewhere:
    """`Hands` that are tasks; ``folder`` is for their files."""

    def __init__(self, in_tasks: InTasks, folder: Path, work: Work) -> None:
        self._in_tasks, self._folder, self._work = in_tasks, folder, work
        self._rounds = 0

    def each(
        self,
        step: Callable[..., _Result],
        numbers: Iterable[int],
        given: Callable[[int], object] | None = None,
    ) -> Iterator[_Result]:
        """See `Hands`.

        Raises:
            SidecarError: as the step raises it.
            ProvenanceError: tasks cannot do their work.
        """
        wanted, shelf = [*numbers], self._work.shelf
        if not wanted:
            return
        self._rounds += 1
        asked, answers = f"given-{self._rounds}", f"answers-{self._rounds}"
        if given is not None:
            for number in wanted:
                shelf.put(number, asked, given(number))
        # The work as it is now: words may have come since the last round.
        file = self._folder / f"round-{self._rounds}-{self._work.shelf.name}"
        with whole_file(file, lasting=False) as temporary:
            temporary.write_bytes(pickle.dumps((self._work, step, given and asked, answers)))
        for failure in self._in_tasks(partial(_do, file.absolute()), wanted):
            if failure is not None:
                raise failure
        for number in wanted:
            result: _Result = shelf.get(number, answers)
            yield result
            shelf.remove(number, answers)


def _do(file: Path, number: int) -> SidecarError | None:
    """In a task: do a step for a range; why it could not be done."""
    work, step, asked, answers = _round(file)
    with (
        at_most(1),
        scratch_folder(folder_of_process(), "step") as scratch,
        database_on_demand(scratch) as database,
    ):
        work.database = database
        try:
            given = () if asked is None else (work.shelf.get(number, asked),)
            work.shelf.put(number, answers, step(work, number, *given))
        except SidecarError as error:
            return error
        finally:
            work.shelf.give_back()
    return None


@lru_cache(maxsize=1)
def _round(file: Path) -> tuple[Work, Callable[..., Any], str | None, str]:
    # A file of the command that has the task do this, in a folder of its own that nobody else may write to.
    found: tuple[Work, Callable[..., Any], str | None, str] = pickle.loads(file.read_bytes())  # noqa: S301
    return found
