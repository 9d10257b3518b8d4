"""OpenTelemetry: any instrumentation that emits spans of generations by the GenAI conventions (``gen_ai.*``).

A span ends in the thread or task that made the call. The prompt is known where the instrumentation was told to put
messages into its spans.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import StatusCode

from provenance.capture.generation import observed_parameters
from provenance.capture.prompt_text import host_name, prompt_text
from provenance.capture.recording.observers.calls import CALLS, Call
from provenance.capture.recording.observers.responses import counts_or_none, seed_or_none, text_or_none

_NAME = "opentelemetry"
_GENERATIONS = frozenset({"chat", "text_completion", "generate_content"})
_REQUEST = "gen_ai.request."
# Parameters that a record holds in columns of their own.
_APART = frozenset({"gen_ai.request.model", "gen_ai.request.seed", "gen_ai.request.stream"})


def observes(target: object) -> bool:
    """Whether ``target`` hands spans to processors."""
    return isinstance(target, TracerProvider)


def attach(provider: Any) -> None:
    """Report the generations among the spans of ``provider`` from now on; once is enough."""
    if not hasattr(provider, "_provenance_observed"):
        provider.add_span_processor(_Processor())
        provider._provenance_observed = True


class _Processor(SpanProcessor):
    def on_end(self, span: ReadableSpan) -> None:
        """A span has ended."""
        attributes = span.attributes or {}
        failed = span.status.status_code is StatusCode.ERROR or "error.type" in attributes
        if attributes.get("gen_ai.operation.name") in _GENERATIONS and not failed:
            CALLS.add(_call(attributes))


def _call(attributes: Mapping[str, Any]) -> Call:
    requested = text_or_none(attributes.get("gen_ai.request.model"))
    parameters = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in attributes.items()
        if name.startswith(_REQUEST) and name not in _APART
    }
    return Call(
        observer=_NAME,
        model=text_or_none(attributes.get("gen_ai.response.model")),
        requested_model=requested,
        # The name that the conventions had for it before.
        provider=text_or_none(attributes.get("gen_ai.provider.name", attributes.get("gen_ai.system"))),
        server=host_name(f"//{attributes['server.address']}") if "server.address" in attributes else None,
        parameters=observed_parameters(parameters),
        prompt=_prompt(attributes),
        response_id=text_or_none(attributes.get("gen_ai.response.id")),
        seed=seed_or_none(attributes.get("gen_ai.request.seed")),
        usage=counts_or_none(attributes),
        finish_reasons=tuple(sorted(set(attributes.get("gen_ai.response.finish_reasons", ())))),
    )


def _prompt(attributes: Mapping[str, Any]) -> str | None:
    """The prompt as the request had it, of which the conventions have a form of their own."""
    if "gen_ai.input.messages" not in attributes:
        return None
    try:
        messages = json.loads(attributes["gen_ai.input.messages"])
        instructions = json.loads(attributes.get("gen_ai.system_instructions", "[]"))
        system = [{"role": "system", "parts": instructions}] if instructions else []
        return prompt_text({"messages": [_message(message) for message in [*system, *messages]]})
    except (ValueError, TypeError, KeyError):
        return None


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    """``message`` with its only text as its content; one of other parts keeps them."""
    match message["parts"]:
        case [{"type": "text", "content": text}]:
            return {"role": message["role"], "content": text}
    return dict(message)
