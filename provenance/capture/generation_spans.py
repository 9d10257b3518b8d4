"""Spans of generations, read by every convention that instrumentations have used: attributes in, facts out.

The names are those of OpenTelemetry's GenAI conventions; before them, and beside them, those of OpenLLMetry (Traceloop)
and of OpenInference. An agent's span sums up the calls below it and may bear the id of its last response: it is not a
generation, nor are calls of tools, embeddings, retrievals and re-ranking.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from provenance.capture.prompt_text import prompt_text, request_parameters

RESPONSE_ID = "gen_ai.response.id"
# What an attribute may say of the operation where a model wrote something; the later ones are older words.
_GENERATIONS = frozenset(
    {"chat", "text_completion", "generate_content", "completion", "acompletion", "chat_completion", "llm"}
)
# The first of these that a span has tells what it is of.
_OPERATIONS = ("gen_ai.operation.name", "openinference.span.kind", "llm.request.type", "traceloop.span.kind")
_OF_AGENTS_AND_TOOLS = ("gen_ai.agent.", "gen_ai.tool.name", "gen_ai.tool.call", "agent_name", "gen_ai.embeddings.")
# Words in the name of a span that says its operation nowhere else.
_OTHER_NAMES = frozenset(
    {"agent", "tool", "embedding", "embeddings", "rerank", "retrieval", "retriever", "workflow", "task", "chain", "raw"}
)
_MODEL = ("gen_ai.response.model", "llm.response.model")
_REQUESTED_MODEL = ("gen_ai.request.model", "llm.request.model", "llm.model_name")
_PROVIDER = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.vendor", "llm.system")
_SEED = ("gen_ai.request.seed", "gen_ai.openai.request.seed", "llm.request.seed", "llm.seed")
_INPUT_TOKENS = (
    *("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.input_tokens"),
    *("llm.usage.prompt_tokens", "llm.token_count.prompt"),
)
_OUTPUT_TOKENS = (
    *("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.output_tokens"),
    *("llm.usage.completion_tokens", "llm.token_count.completion"),
)
_REQUEST = "gen_ai.request."
_PARAMETER_PREFIXES = (_REQUEST, "gen_ai.openai.request.", "llm.request.")
_OLDER_PARAMETERS = {
    "llm.temperature": "temperature",
    "llm.top_p": "top_p",
    "llm.top_k": "top_k",
    "llm.frequency_penalty": "frequency_penalty",
    "llm.presence_penalty": "presence_penalty",
    "llm.chat.stop_sequences": "stop_sequences",
}
# Not parameters, or recorded in a place of their own.
_NOT_PARAMETERS = frozenset({"model", "seed", "stream", "type", "is_streaming"})
# Messages whose parts are attributes: gen_ai.prompt.0.content, llm.input_messages.0.message.content.
_INDEXED_MESSAGES = re.compile(
    r"(?:gen_ai\.prompt|llm\.prompts|llm\.input_messages)\.(?P<number>\d{1,6})\.(?:message\.)?(?P<part>.+)"
)
# What was asked beside messages; its text cannot be put together again.
_TOOLS = ("llm.request.functions.", "gen_ai.request.functions.", "llm.tools.")


@dataclass(frozen=True, kw_only=True)
class SpanGeneration:
    """What a span tells of one generation. Values are as the span has them: None is not told, the rest is unchecked."""

    model: Any = None
    requested_model: Any = None
    provider: Any = None
    server: Any = None
    response_id: Any = None
    seed: Any = None
    prompt: str | None = None
    prompt_name: Any = None
    input_tokens: Any = None
    output_tokens: Any = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    finish_reasons: tuple[str, ...] = ()


def read_generation(name: str, attributes: Mapping[str, Any], *, failed: bool) -> SpanGeneration | None:
    """The generation that the span called ``name`` is of; None where it is of something else, or of a call that failed.

    Args:
        failed: the span's status is an error.
    """
    if failed or "error.type" in attributes or not _is_generation(name, attributes):
        return None
    asked, answered = _json_value(attributes, "input"), _json_value(attributes, "output")
    invoked = _parsed(attributes.get("llm.invocation_parameters"))
    invoked = invoked if isinstance(invoked, Mapping) else {}
    return SpanGeneration(
        model=_first(attributes, _MODEL) or answered.get("model"),
        requested_model=_first(attributes, _REQUESTED_MODEL),
        provider=_first(attributes, _PROVIDER),
        server=attributes.get("server.address"),
        response_id=attributes.get(RESPONSE_ID) or answered.get("id"),
        seed=_first(attributes, _SEED) if _first(attributes, _SEED) is not None else invoked.get("seed"),
        prompt=_prompt(attributes, asked),
        prompt_name=attributes.get("gen_ai.prompt.name"),
        input_tokens=_first(attributes, _INPUT_TOKENS),
        output_tokens=_first(attributes, _OUTPUT_TOKENS),
        parameters=_parameters(attributes, invoked),
        finish_reasons=_finish_reasons(attributes),
    )


def _is_generation(name: str, attributes: Mapping[str, Any]) -> bool:
    operation = _first(attributes, _OPERATIONS)
    if operation is not None:
        return str(operation).lower() in _GENERATIONS
    if any(attribute.startswith(_OF_AGENTS_AND_TOOLS) for attribute in attributes):
        return False
    if not _OTHER_NAMES.isdisjoint(re.findall(r"[a-z]+", name.lower())):
        return False
    # Conventions before `gen_ai.operation.name`: only a model's answer has one of these.
    return RESPONSE_ID in attributes or any(
        attribute.startswith(("gen_ai.completion.", "llm.completions.")) for attribute in attributes
    )


def _first(attributes: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((attributes[name] for name in names if attributes.get(name) not in (None, "")), None)


def _parameters(attributes: Mapping[str, Any], invoked: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters under ``gen_ai.request.*`` names; what the conventions name today comes before older names."""
    found = {_REQUEST + name: value for name, value in request_parameters(invoked).items()}
    found |= {_REQUEST + name: attributes[older] for older, name in _OLDER_PARAMETERS.items() if older in attributes}
    for prefix in reversed(_PARAMETER_PREFIXES):
        for attribute, value in attributes.items():
            if attribute.startswith(prefix) and not attribute.startswith(_TOOLS):
                found[_REQUEST + attribute.removeprefix(prefix)] = list(value) if isinstance(value, tuple) else value
    return {name: value for name, value in found.items() if name.removeprefix(_REQUEST) not in _NOT_PARAMETERS}


def _finish_reasons(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    reasons = attributes.get("gen_ai.response.finish_reasons")
    listed = reasons if isinstance(reasons, (list, tuple)) else [attributes.get("llm.finish_reason")]
    return tuple(sorted({reason for reason in listed if isinstance(reason, str)}))


def _prompt(attributes: Mapping[str, Any], asked: Mapping[str, Any]) -> str | None:
    """What was sent, where the instrumentation was told to keep it and kept all of it."""
    if isinstance(asked.get("messages"), list):
        return prompt_text(asked)
    messages = _parsed(attributes.get("gen_ai.input.messages"))
    if isinstance(messages, list):
        instructions = _parsed(attributes.get("gen_ai.system_instructions"))
        system = [{"role": "system", "parts": instructions}] if instructions else []
        return prompt_text({"messages": [_plain(message) for message in [*system, *messages]]})
    # A span event of conventions before 1.37 holds the messages as they were sent.
    messages = _parsed(attributes.get("gen_ai.prompt"))
    if isinstance(messages, list):
        return prompt_text({"messages": messages})
    return _indexed_prompt(attributes)


def _indexed_prompt(attributes: Mapping[str, Any]) -> str | None:
    """Messages that are attributes each; only such as are a role and a text can be put together as they were sent."""
    messages: dict[int, dict[str, Any]] = {}
    for attribute, value in attributes.items():
        if attribute.startswith(_TOOLS):
            return None
        if match := _INDEXED_MESSAGES.fullmatch(attribute):
            messages.setdefault(int(match["number"]), {})[match["part"]] = value
    in_order = [messages[number] for number in sorted(messages)]
    is_whole = sorted(messages) == list(range(len(messages)))
    if not is_whole or any(message.keys() != {"role", "content"} for message in in_order):
        return None
    return prompt_text({"messages": in_order}) if in_order else None


def _json_value(attributes: Mapping[str, Any], direction: str) -> Mapping[str, Any]:
    """OpenInference's ``input.value`` or ``output.value``, where it is a JSON object."""
    if attributes.get(f"{direction}.mime_type") != "application/json":
        return {}
    value = _parsed(attributes.get(f"{direction}.value"))
    return value if isinstance(value, Mapping) else {}


def _parsed(value: Any) -> Any:
    """Structured attributes are JSON text where a span cannot hold structures."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None


def _plain(message: Any) -> Any:
    """A message whose only part is text, as role and content."""
    if not isinstance(message, Mapping):
        return message
    match message.get("parts"):
        case [{"type": "text", "content": text}]:
            return {"role": message.get("role"), "content": text}
    return dict(message)
