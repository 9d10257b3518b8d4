"""Make a dataset with the OpenAI client under OpenTelemetry's own instrumentation, spans written as OTLP JSON.

Usage: python make_otel_spans.py FOLDER; writes FOLDER/answers.jsonl and FOLDER/spans.jsonl.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from stub_server import MODEL, stub_server


def make(folder: Path) -> None:
    from openai import OpenAI
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.json.file.trace_exporter import FileSpanExporter
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(FileSpanExporter(folder / "spans.jsonl")))
    trace.set_tracer_provider(provider)
    OpenAIInstrumentor().instrument()
    with stub_server() as url, open(folder / "answers.jsonl", "w", encoding="utf-8") as answers:
        client = OpenAI(base_url=url, api_key="none")
        for number in range(4):
            question = f"What is topic {number}?"
            messages = [{"role": "user", "content": question}]
            response = client.chat.completions.create(model=MODEL, messages=messages, temperature=0.2, max_tokens=32)
            row = {
                "question": question,
                "answer": response.choices[0].message.content,
                "response_id": response.id,
            }
            answers.write(json.dumps(row) + "\n")
    provider.shutdown()


if __name__ == "__main__":
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "SPAN_ONLY"
    make(Path(sys.argv[1]))
