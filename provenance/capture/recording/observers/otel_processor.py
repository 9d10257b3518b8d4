"""OpenTelemetry: any instrumentation that emits spans of generations, by today's or older conventions.

A span ends in the thread or task that made the call. The prompt is known where the instrumentation was told to put
messages into its spans.
"""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import StatusCode

from provenance.capture.generation import observed_parameters
from provenance.capture.generation_spans import SpanGeneration, read_generation
from provenance.capture.prompt_text import host_name
from provenance.capture.recording.observers.calls import CALLS, Call
from provenance.capture.recording.observers.responses import counts_or_none, seed_or_none, text_or_none

_NAME = "opentelemetry"


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
        failed = span.status.status_code is StatusCode.ERROR
        generation = read_generation(span.name, span.attributes or {}, failed=failed)
        if generation is not None:
            CALLS.add(_call(generation))


def _call(generation: SpanGeneration) -> Call:
    return Call(
        observer=_NAME,
        model=text_or_none(generation.model),
        requested_model=text_or_none(generation.requested_model),
        provider=text_or_none(generation.provider),
        server=host_name(f"//{generation.server}") if generation.server else None,
        parameters=observed_parameters(generation.parameters),
        prompt=generation.prompt,
        response_id=text_or_none(generation.response_id),
        seed=seed_or_none(generation.seed),
        usage=counts_or_none({"input_tokens": generation.input_tokens, "output_tokens": generation.output_tokens}),
        finish_reasons=generation.finish_reasons,
    )
