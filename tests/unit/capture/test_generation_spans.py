from __future__ import annotations

from typing import Any

import pytest

from provenance.capture.generation_spans import SpanGeneration, read_generation


def read(attributes: dict[str, Any], name: str = "span") -> SpanGeneration | None:
    return read_generation(name, attributes, failed=False)


ANSWERED = {"gen_ai.response.id": "r", "gen_ai.response.model": "m", "gen_ai.usage.output_tokens": 90}


@pytest.mark.parametrize("operation", ["invoke_agent", "execute_tool", "create_agent", "embeddings", "invoke_workflow"])
def test_only_generations_count(operation: str) -> None:
    assert read(ANSWERED | {"gen_ai.operation.name": operation}) is None
    assert read(ANSWERED, f"{operation} x") is None


@pytest.mark.parametrize(
    "attributes",
    [
        {"openinference.span.kind": "AGENT"},
        {"llm.request.type": "embedding"},
        {"traceloop.span.kind": "workflow"},
        {"gen_ai.agent.name": "a"},
        {"error.type": "timeout", "gen_ai.operation.name": "chat"},
    ],
)
def test_other_conventions_name_other_operations(attributes: dict[str, Any]) -> None:
    assert read(ANSWERED | attributes) is None


def test_a_failed_call_is_no_generation() -> None:
    assert read_generation("chat m", ANSWERED | {"gen_ai.operation.name": "chat"}, failed=True) is None


def test_older_names_mean_the_same() -> None:
    found = read(
        {
            "gen_ai.system": "openai",
            "gen_ai.response.id": "r",
            "gen_ai.request.model": "m",
            "gen_ai.usage.prompt_tokens": 8,
            "gen_ai.usage.completion_tokens": 9,
            "gen_ai.openai.request.seed": 42,
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "question",
        }
    )
    assert found is not None
    assert (found.provider, found.requested_model, found.seed, found.prompt) == ("openai", "m", 42, "question")
    assert (found.input_tokens, found.output_tokens, found.parameters) == (8, 9, {})


def test_a_prompt_that_is_not_all_there_is_not_stated() -> None:
    message = {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "q", "gen_ai.operation.name": "chat"}
    for more in ({"gen_ai.prompt.0.tool_calls.0.name": "f"}, {"llm.request.functions.0.name": "f"}):
        found = read(message | more)
        assert found is not None and found.prompt is None
    found = read({"gen_ai.prompt.1.role": "user", "gen_ai.prompt.1.content": "q", "gen_ai.operation.name": "chat"})
    assert found is not None and found.prompt is None
