"""Clients of the `openai` package, sync and async: OpenAI's own service and all that speak its protocol.

The client's class is replaced by a subclass of its own whose ``request``, through which all its calls go, also reports
what came of them. So the client that the script has, its copies (``with_options``) and its resources stay what they
were. A stream is treated alike; it counts once it is exhausted.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import openai

from provenance.capture.prompt_text import host_name
from provenance.capture.recording.observers.calls import CALLS
from provenance.capture.recording.observers.responses import Answer

_NAME = "openai"
_ENDPOINTS = frozenset({"/chat/completions", "/completions", "/responses"})


def observes(target: object) -> bool:
    """Whether ``target`` is a client of this package."""
    return isinstance(target, (openai.OpenAI, openai.AsyncOpenAI))


def attach(client: Any) -> None:
    """Report the calls of ``client`` from now on; once is enough."""
    if not hasattr(type(client), "_provenance_observed"):
        client.__class__ = _observed_client(client.__class__)


@cache
def _observed_client(original: type) -> Any:
    """A subclass of a client's class which reports its calls."""

    def request(self: Any, cast_to: Any, options: Any, **delivery: Any) -> Any:
        return _report(self, options, super(observed, self).request(cast_to, options, **delivery))

    async def request_async(self: Any, cast_to: Any, options: Any, **delivery: Any) -> Any:
        return _report(self, options, await super(observed, self).request(cast_to, options, **delivery))

    chosen = request_async if issubclass(original, openai.AsyncOpenAI) else request
    observed = _subclass(original, {"request": chosen, "_provenance_observed": True})
    return observed


def _report(client: Any, options: Any, result: Any) -> Any:
    """Take in the call that gave ``result``; ``result`` itself, or the stream that does so when it is exhausted."""
    asked = options.json_data
    if options.method.lower() != "post" or options.url not in _ENDPOINTS or not isinstance(asked, dict):
        return result
    # What `extra_body` adds to a request is sent beside it.
    request = asked | (options.extra_json if isinstance(options.extra_json, dict) else {})
    response = _parsed(result)
    if response is None:
        return result
    server = host_name(client.base_url)

    def add(answer: Answer) -> None:
        if answer.is_whole:
            CALLS.add(answer.call(_NAME, request, server=server), response)

    if isinstance(response, (openai.Stream, openai.AsyncStream)):
        response.__class__ = _observed_stream(response.__class__)
        response._provenance_answer, response._provenance_add = Answer(), add
    else:
        answer = Answer()
        answer.take(response)
        add(answer)
    return result


def _parsed(result: Any) -> Any:
    """The response in ``result``; None where that is one whose body only the script may read."""
    http_response = getattr(result, "http_response", None)
    if http_response is None or not hasattr(result, "parse"):
        return result
    # `with_raw_response`: what it parses it keeps, so that the script gets this same object.
    return result.parse() if http_response.is_closed else None


@cache
def _observed_stream(original: type) -> Any:
    """A subclass of a stream's class which, once exhausted, reports the call it came from."""

    def next_piece(self: Any) -> Any:
        try:
            piece = super(observed, self).__next__()
        except StopIteration:
            _exhausted(self)
            raise
        self._provenance_answer.take(piece)
        return piece

    async def next_piece_async(self: Any) -> Any:
        try:
            piece = await super(observed, self).__anext__()
        except StopAsyncIteration:
            _exhausted(self)
            raise
        self._provenance_answer.take(piece)
        return piece

    def itself(self: Any) -> Any:
        return self

    if issubclass(original, openai.AsyncStream):
        observed = _subclass(original, {"__aiter__": itself, "__anext__": next_piece_async})
    else:
        observed = _subclass(original, {"__iter__": itself, "__next__": next_piece})
    return observed


def _exhausted(stream: Any) -> None:
    """Report the stream's call, the first time that it is exhausted."""
    add, stream._provenance_add = stream._provenance_add, None
    if add is not None:
        add(stream._provenance_answer)


def _subclass(original: type, members: dict[str, Any]) -> Any:
    """A subclass that looks like ``original`` in messages."""
    return type(original.__name__, (original,), {"__module__": original.__module__, **members})
