"""Work that takes longer than a page may: each piece in a process of its own, which is ended with the server.

A process can be ended at any time, and shares no ledger with the pages. Few run at a time, and what they found is kept
for as long as the server runs.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provenance.errors import ProvenanceError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

_MOST_RUNNING, _MOST_KEPT = 2, 32

# Called with what is being done, how much of it is, and of how much (None: not known).
Tell = Callable[[str, int, int | None], None]


@dataclass
class Job:
    """``words``: what it is; ``doing``, ``done`` and ``of``: how far, see `Tell`. ``failed``: why it has no result."""

    words: str
    doing: str = ""
    done: int = 0
    of: int | None = None
    result: Any = None
    failed: str = ""
    is_running: bool = True
    _process: SpawnProcess | None = field(default=None, repr=False)
    _said: Connection | None = field(default=None, repr=False)

    @property
    def share(self) -> float | None:
        """How much of it is done, from 0 to 1; None where that is not known."""
        return min(self.done / self.of, 1.0) if self.of else None

    def look(self) -> None:
        """Take note of what it has said since."""
        while self.is_running and self._said is not None:
            try:
                if not self._said.poll():
                    return
                kind, *said = self._said.recv()
            except (EOFError, OSError):
                kind, said = "failed", ["it ended without an answer; was there too little memory?"]
            if kind == "doing":
                self.doing, self.done, self.of = said
                continue
            if kind == "done":
                (self.result,) = said
            else:
                (self.failed,) = said
            self._end()

    def cancel(self) -> None:
        """End it, whatever it is at."""
        if self.is_running and self._process is not None:
            self._process.terminate()
            self.failed = "cancelled"
            self._end()

    def _end(self) -> None:
        self.is_running = False
        if self._process is not None:
            self._process.join()
        if self._said is not None:
            self._said.close()


class Jobs:
    """All that was begun, by what it is about. For one thread."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[Hashable, Job] = OrderedDict()

    def find(self, key: Hashable) -> Job | None:
        """What was begun of ``key``, as far as it is now."""
        found = self._jobs.get(key)
        if found is not None:
            found.look()
        return found

    def begin(self, key: Hashable, words: str, work: Callable[..., Any], *arguments: Any) -> Job:
        """``work``, a function of a module, done elsewhere with a `Tell` and ``arguments``; what failed begins again.

        Raises:
            ProvenanceError: enough is being done already.
        """
        found = self.find(key)
        if found is not None and not found.failed:
            return found
        for job in self._jobs.values():
            job.look()
        if sum(job.is_running for job in self._jobs.values()) >= _MOST_RUNNING:
            raise ProvenanceError(f"{_MOST_RUNNING} tasks are running already; wait until one of them is done")
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(theirs, work, arguments), daemon=True)
        process.start()
        theirs.close()
        self._jobs[key] = Job(words, _process=process, _said=ours)
        self._forget()
        return self._jobs[key]

    def close(self) -> None:
        """End all that is running."""
        for job in self._jobs.values():
            job.cancel()

    def _forget(self) -> None:
        ended = [key for key, job in self._jobs.items() if not job.is_running]
        for key in ended[: max(0, len(self._jobs) - _MOST_KEPT)]:
            del self._jobs[key]


def _work(said: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """In the process: do it, and say how it went."""
    # Ctrl-C ends the server, which then ends this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def tell(doing: str, done: int, of: int | None) -> None:
        said.send(("doing", doing, done, of))

    try:
        said.send(("done", work(tell, *arguments)))
    except BrokenPipeError:
        pass  # nobody listens any more
    except ProvenanceError as error:
        said.send(("failed", str(error)))
    except Exception as error:  # noqa: BLE001 - whatever a library raises, a page says it in one line
        first = str(error).splitlines()[0] if str(error) else "no reason given"
        said.send(("failed", f"{type(error).__name__}: {first}"))
