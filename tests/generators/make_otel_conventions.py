"""Make a dataset under third parties' instrumentations of the OpenAI client, whose spans have names of their own.

Usage: python make_otel_conventions.py FOLDER; writes FOLDER/answers.jsonl and FOLDER/spans.jsonl. It runs with
opentelemetry-instrumentation-openai (OpenLLMetry) and with openinference-instrumentation-openai, of any version.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from stub_server import MODEL, stub_server

INSTRUMENTATIONS = ("opentelemetry.instrumentation.openai", "openinference.instrumentation.openai")


def otlp_value(value: Any) -> dict[str, Any]:
    """A value as OTLP JSON writes it."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    return {"arrayValue": {"values": [otlp_value(item) for item in value]}}


def otlp_attributes(attributes: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return [{"key": key, "value": otlp_value(value)} for key, value in (attributes or {}).items()]


def otlp_document(spans: Sequence[Any]) -> dict[str, Any]:
    """One OTLP JSON document of spans as the SDK hands them to exporters."""
    listed = [
        {
            "traceId": f"{span.context.trace_id:032x}",
            "spanId": f"{span.context.span_id:016x}",
            **({"parentSpanId": f"{span.parent.span_id:016x}"} if span.parent else {}),
            "name": span.name,
            "attributes": otlp_attributes(span.attributes),
            "events": [{"name": event.name, "attributes": otlp_attributes(event.attributes)} for event in span.events],
            "status": {"code": span.status.status_code.value} if span.status.status_code.value else {},
        }
        for span in spans
    ]
    return {"resourceSpans": [{"scopeSpans": [{"spans": listed}]}]}


def instrumentor() -> Any:
    for name in INSTRUMENTATIONS:
        try:
            return import_module(name).OpenAIInstrumentor()
        except ModuleNotFoundError:
            continue
    raise SystemExit(f"none of {', '.join(INSTRUMENTATIONS)} is installed")


def make(folder: Path) -> None:
    from openai import OpenAI
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor().instrument(tracer_provider=provider)
    with stub_server() as url, open(folder / "answers.jsonl", "w", encoding="utf-8") as answers:
        client = OpenAI(base_url=url, api_key="none")
        for number in range(4):
            question = f"What is topic {number}?"
            response = client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": question}], temperature=0.2, max_tokens=32, seed=7
            )
            row = {"question": question, "answer": response.choices[0].message.content, "response_id": response.id}
            answers.write(json.dumps(row) + "\n")
    with open(folder / "spans.jsonl", "w", encoding="utf-8") as spans:
        for span in exporter.get_finished_spans():
            spans.write(json.dumps(otlp_document([span])) + "\n")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
