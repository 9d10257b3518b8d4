"""The calls to models that were observed in this process, and which of them made a row.

A row is linked to a call by the response it was made from: the object itself, else the provider's id of it. Where
neither is given, it is linked only to a call that cannot be another row's: the only one that was made in this thread or
task since something was last recorded in it.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provenance.lineage.schema import Birth

# What is remembered of calls whose response object is gone: the last so many, with this much text of prompts in all.
_REMEMBERED_CALLS = 1024
_REMEMBERED_CHARACTERS = 64 * 2**20


def _no_usage() -> Birth:
    return {}


@dataclass(eq=False, kw_only=True)
class Call:
    """One call to a model that succeeded. What is not known is None.

    ``observer`` distinguishes the ways in which one call may be seen twice. ``model`` is named by the response,
    ``requested_model`` by the request. ``server``: host name of the service. ``parameters`` have ``gen_ai.*`` names.
    ``prompt``: the canonical text of what was asked. ``cost``: decimal text.
    """

    observer: str
    model: str | None = None
    requested_model: str | None = None
    provider: str | None = None
    server: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    prompt: str | None = None
    response_id: str | None = None
    seed: int | None = None
    usage: Birth = field(default_factory=_no_usage)
    cost: str | None = None
    finish_reasons: tuple[str, ...] = ()
    number: int = 0
    is_linked: bool = False


@dataclass(frozen=True)
class _Unlinked:
    """The last call that ``owner`` (a thread or a task) has made since it last recorded something.

    ``before``: number of the call that it made before that, 0 if none.
    """

    owner: weakref.ref[Any]
    last: Call
    before: int


_unlinked: ContextVar[_Unlinked | None] = ContextVar("unlinked calls", default=None)


class CallLog:
    """The calls of a process. Threads and tasks may use it at the same time; memory is bounded."""

    def __init__(self) -> None:
        self.is_observing = False
        self._count = 0
        # Lives as long as the response that the user holds.
        self._by_object: dict[int, tuple[weakref.ref[Any], Call]] = {}
        # None: several calls bore this id, which says nothing then.
        self._by_response_id: OrderedDict[str, Call | None] = OrderedDict()
        self._characters = 0
        self._readers: list[Callable[[object], Call | None]] = []
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """How many calls were observed; a call's ``number`` counts from 1."""
        return self._count

    def add(self, call: Call, response: object = None) -> None:
        """Take in a call that has just succeeded in this thread or task, and the object that its caller gets."""
        with self._lock:
            if not self._remember(call):
                return
            self._count += 1
            call.number = self._count
        if response is not None:
            self.bind(call, response)
        made, owner = _unlinked.get(), _owner()
        before = made.last.number if made is not None and made.owner() is owner else 0
        _unlinked.set(_Unlinked(weakref.ref(owner), call, before))

    def bind(self, call: Call, response: object) -> None:
        """Have ``response`` stand for ``call``."""
        key = id(response)
        reference = weakref.ref(response, lambda _: self._by_object.pop(key, None))
        self._by_object[key] = (reference, call)

    def add_reader(self, reader: Callable[[object], Call | None]) -> None:
        """Ask ``reader`` for the call behind a response that is not known: some wrappers learn of calls only later."""
        self._readers.append(reader)

    def of_response(self, response: object) -> Call | None:
        """The call that ``response``, an object or a mapping with its ``id``, came from."""
        found = self._by_object.get(id(response))
        if found is not None and found[0]() is response:
            return found[1]
        for reader in self._readers:
            call = reader(response)
            if call is not None:
                return call
        named = response.get("id") if isinstance(response, Mapping) else getattr(response, "id", None)
        return self.of_response_id(named) if isinstance(named, str) else None

    def of_response_id(self, response_id: str) -> Call | None:
        """The only remembered call whose response bore this id."""
        with self._lock:
            return self._by_response_id.get(response_id)

    def take_unlinked(self, after: int) -> Call | None:
        """The only call later than number ``after`` that was made in this thread or task since this was last asked in
        it, if no row was linked to it."""
        made = _unlinked.get()
        if made is None:
            return None
        _unlinked.set(None)
        is_only = made.before <= after < made.last.number
        return made.last if is_only and made.owner() is _owner() and not made.last.is_linked else None

    def _remember(self, call: Call) -> bool:
        """Remember ``call`` by its response id; False if another observer has reported the same call."""
        identifier = call.response_id
        if not identifier:
            return True
        if identifier in self._by_response_id:
            earlier = self._by_response_id[identifier]
            if earlier is not None and earlier.observer != call.observer:
                return False
            self._characters -= _characters(earlier)
            self._by_response_id[identifier] = None
        else:
            self._by_response_id[identifier] = call
            self._characters += _characters(call)
        while len(self._by_response_id) > _REMEMBERED_CALLS or self._characters > _REMEMBERED_CHARACTERS:
            _, forgotten = self._by_response_id.popitem(last=False)
            self._characters -= _characters(forgotten)
        return True


def _characters(call: Call | None) -> int:
    return len(call.prompt) if call is not None and call.prompt is not None else 0


def _owner() -> object:
    """The running task, else the thread: contexts are inherited, but a call was made by one task."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        return trio.lowlevel.current_task()
    asyncio = sys.modules.get("asyncio")
    try:
        task = None if asyncio is None else asyncio.current_task()
    except RuntimeError:  # no event loop runs in this thread
        task = None
    return threading.current_thread() if task is None else task


CALLS = CallLog()
