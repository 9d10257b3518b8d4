from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
from collections.abc import Iterator

import pytest

from provenance.capture.recording.observers import calls
from provenance.capture.recording.observers.calls import Call, CallLog


class Response:
    """What a client returns; ``id`` as the provider gave it."""

    def __init__(self, identifier: str | None = None) -> None:
        self.id = identifier


@pytest.fixture
def log() -> Iterator[CallLog]:
    """A log of its own, in a context that has made no calls."""
    token = calls._unlinked.set(None)
    yield CallLog()
    calls._unlinked.reset(token)


def call(response_id: str | None = None, observer: str = "a", prompt: str | None = None) -> Call:
    return Call(observer=observer, response_id=response_id, prompt=prompt)


def test_a_response_is_found_by_itself_then_by_its_id(log: CallLog) -> None:
    made = [call("one"), call("one"), call("two")]
    responses = [Response("one") for _ in made]
    for each, response in zip(made, responses, strict=True):
        log.add(each, response)
    assert [log.of_response(response) for response in responses] == made
    assert log.of_response(Response("two")) is log.of_response({"id": "two"}) is made[2]
    assert log.of_response(Response("one")) is None  # two calls bore this id
    assert log.of_response(Response()) is log.of_response(Response("three")) is log.of_response(None) is None


def test_a_response_that_is_gone_is_not_taken_for_a_new_one(log: CallLog) -> None:
    for _ in range(100):
        response = Response()
        assert log.of_response(response) is None
        log.add(call(), response)
        del response
        gc.collect(0)
    assert not log._by_object


def test_memory_is_bounded_in_calls_and_in_text(log: CallLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_REMEMBERED_CALLS", 3)
    monkeypatch.setattr(calls, "_REMEMBERED_CHARACTERS", 10)
    for number in range(5):
        log.add(call(str(number), prompt="xx"))
    assert [log.of_response_id(str(number)) is not None for number in range(5)] == [False, False, True, True, True]
    log.add(call("long", prompt="x" * 9))
    assert [log.of_response_id(name) is not None for name in ("3", "4", "long")] == [False, False, True]


def test_one_call_that_two_observers_saw_is_one(log: CallLog) -> None:
    first = call("one", "client")
    log.add(first)
    log.add(call("one", "spans"))
    assert log.of_response_id("one") is first
    assert log.take_unlinked(after=0) is first


def test_only_the_only_unlinked_call_is_taken_and_only_once(log: CallLog) -> None:
    assert log.take_unlinked(after=0) is None
    first, second, third = call(), call(), call()
    log.add(first)
    assert log.take_unlinked(after=0) is first
    assert log.take_unlinked(after=0) is None
    log.add(second)
    log.add(third)
    assert log.take_unlinked(after=0) is None
    log.add(fourth := call())
    log.add(fifth := call())
    assert log.take_unlinked(after=fourth.number) is fifth
    log.add(linked := call())
    linked.is_linked = True
    assert log.take_unlinked(after=0) is None


def test_a_call_before_the_recording_does_not_count(log: CallLog) -> None:
    log.add(call())
    assert log.take_unlinked(after=log.count) is None


def test_a_thread_or_task_does_not_take_what_another_made(log: CallLog) -> None:
    log.add(made := call())
    inherited = contextvars.copy_context()
    taken: list[Call | None] = []
    thread = threading.Thread(target=lambda: taken.append(inherited.run(log.take_unlinked, 0)))
    thread.start()
    thread.join()

    async def child() -> None:
        taken.append(log.take_unlinked(0))

    async def parent() -> None:
        log.add(call())
        await asyncio.create_task(child())

    asyncio.run(parent())
    assert taken == [None, None]
    assert log.take_unlinked(after=0) is made
