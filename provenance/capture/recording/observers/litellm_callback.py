"""LiteLLM (`completion` and `acompletion`, also through routers), by its own callbacks.

LiteLLM calls back before a request, but about its success only later and in another thread or task. So what a request
asked is remembered by LiteLLM's id of the call, which every response has, and put together with the response when a
row is written from it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import litellm
from litellm.integrations.custom_logger import CustomLogger

from provenance.capture.prompt_text import host_name
from provenance.capture.recording.observers.calls import CALLS, Call
from provenance.capture.recording.observers.responses import Answer

_NAME = "litellm"
_CALL_TYPES = frozenset({"completion", "acompletion"})
_REMEMBERED_REQUESTS = 1024


def observes(target: object) -> bool:
    """Whether ``target`` is the module itself: LiteLLM's callbacks are the module's."""
    return target is litellm


def attach(_target: object) -> None:
    """Report LiteLLM's calls from now on; once is enough."""
    if not any(isinstance(callback, _Callback) for callback in litellm.callbacks):
        callback = _Callback()
        litellm.callbacks.append(callback)
        CALLS.add_reader(callback.call_of)


@dataclass(frozen=True)
class _Request:
    """What was asked, in OpenAI's terms, and of whom."""

    asked: Mapping[str, Any]
    provider: str | None
    server: str | None


class _Callback(CustomLogger):
    def __init__(self) -> None:
        super().__init__()
        # By LiteLLM's id of the call; the last so many.
        self._requests: OrderedDict[str, _Request] = OrderedDict()
        self._lock = threading.Lock()

    def log_pre_api_call(self, model: Any, messages: Any, kwargs: Any) -> None:
        """LiteLLM is about to ask."""
        if kwargs.get("call_type") not in _CALL_TYPES:
            return
        parameters = kwargs.get("optional_params") or {}
        extra = parameters.get("extra_body") or {}
        request = _Request(
            {"model": model, "messages": messages, **parameters, **extra},
            kwargs.get("custom_llm_provider"),
            host_name((kwargs.get("litellm_params") or {}).get("api_base")),
        )
        with self._lock:
            self._requests[kwargs["litellm_call_id"]] = request
            while len(self._requests) > _REMEMBERED_REQUESTS:
                self._requests.popitem(last=False)

    def call_of(self, response: object) -> Call | None:
        """The call that gave ``response``; None where LiteLLM did not give it, or its stream is not exhausted."""
        hidden = getattr(response, "_hidden_params", None)
        identifier = hidden.get("litellm_call_id") if isinstance(hidden, dict) else None
        with self._lock:
            request = self._requests.get(identifier) if isinstance(identifier, str) else None
        if request is None or not isinstance(hidden, dict):
            return None
        answer, cost = Answer(), None
        if isinstance(response, litellm.CustomStreamWrapper):
            if not response.sent_last_chunk:
                return None
            # Not the response that LiteLLM puts together, nor its cost: they rest on LiteLLM's own count of tokens.
            for chunk in response.chunks:
                answer.take(chunk)
        else:
            answer.take(response)
            cost = hidden.get("response_cost")
        call = answer.call(_NAME, request.asked, cost=cost, provider=request.provider, server=request.server)
        CALLS.bind(call, response)
        return call
