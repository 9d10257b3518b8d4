"""OpenTelemetry GenAI spans as OTLP JSON, as file exporters write them, joined on the response's id or an attribute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from provenance.capture.declaring.importers.interface import Request, Row, Statement
from provenance.capture.declaring.importers.json_files import json_document, json_lines, member
from provenance.capture.declaring.importers.keyed import KeyedImporter
from provenance.capture.prompt_text import prompt_text
from provenance.errors import DataError

_RESPONSE_ID = "gen_ai.response.id"
_REQUEST = "gen_ai.request."
# Not sampling parameters, or recorded in a place of their own.
_NOT_PARAMETERS = frozenset({f"{_REQUEST}model", f"{_REQUEST}seed"})
_SCALARS = ("stringValue", "boolValue", "doubleValue")


class OpenTelemetrySpans(KeyedImporter):
    """``part``: COLUMN, with each row's response id (default: ``response_id``), or COLUMN=ATTRIBUTE to join on another
    attribute of the spans. ``using``: files of one OTLP JSON document (``.json``) or of one on each line.
    """

    def __init__(self, request: Request) -> None:
        column, _, attribute = (request.part or "response_id").partition("=")
        super().__init__(request, column)
        for path in request.using:
            for number, span in _spans(path):
                try:
                    self._take_in(_attributes(span.get("attributes")), attribute or _RESPONSE_ID)
                except (ValueError, TypeError) as error:
                    raise DataError(path, number, f"a span cannot be used: {error}") from error

    def _take_in(self, attributes: Mapping[str, Any], key_attribute: str) -> None:
        key = attributes.get(key_attribute)
        if key is not None and any(name.startswith("gen_ai.") for name in attributes):
            self.enter(str(key), _statement(attributes))

    def state(self, row: Row) -> Statement:
        return self.found(row)


IMPORTER = OpenTelemetrySpans


def _spans(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The spans of a file, each with its line."""
    documents = [(1, json_document(path))] if path.suffix == ".json" else json_lines(path)
    for number, document in documents:
        for of_resource in _listed(document, "resourceSpans"):
            for of_scope in _listed(of_resource, "scopeSpans"):
                for span in _listed(of_scope, "spans"):
                    yield number, span


def _listed(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    items = document.get(name)
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _attributes(listed: Any) -> dict[str, Any]:
    """Attributes as plain values; OTLP JSON tells types by the member's name and writes integers as text."""
    pairs = listed if isinstance(listed, list) else []
    return {str(member(pair, "key")): _value(member(pair, "value")) for pair in pairs}


def _value(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return None
    for name in _SCALARS:
        if name in value:
            return value[name]
    if "intValue" in value:
        return int(value["intValue"])
    if "arrayValue" in value:
        return [_value(item) for item in member(value, "arrayValue", "values") or []]
    if "kvlistValue" in value:
        return _attributes(member(value, "kvlistValue", "values"))
    return None


def _statement(attributes: Mapping[str, Any]) -> Statement:
    parameters = {
        name: value for name, value in attributes.items() if name.startswith(_REQUEST) and name not in _NOT_PARAMETERS
    }
    return {
        **parameters,
        "model": attributes.get("gen_ai.response.model", attributes.get(f"{_REQUEST}model")),
        "provider": attributes.get("gen_ai.provider.name", attributes.get("gen_ai.system")),
        "response_id": attributes.get(_RESPONSE_ID),
        "seed": attributes.get(f"{_REQUEST}seed"),
        "prompt": _prompt(attributes),
        "prompt_name": attributes.get("gen_ai.prompt.name"),
        "input_tokens": attributes.get("gen_ai.usage.input_tokens"),
        "output_tokens": attributes.get("gen_ai.usage.output_tokens"),
    }


def _prompt(attributes: Mapping[str, Any]) -> str | None:
    """What was sent, where the instrumentation was told to keep it."""
    messages = _parsed(attributes.get("gen_ai.input.messages"))
    instructions = _parsed(attributes.get("gen_ai.system_instructions"))
    if not isinstance(messages, list):
        return None
    if instructions:
        messages = [{"role": "system", "parts": instructions}, *messages]
    return prompt_text({"messages": [_plain(message) for message in messages]})


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
    parts = member(message, "parts")
    if isinstance(parts, list) and len(parts) == 1 and member(parts[0], "type") == "text":
        return {"role": member(message, "role"), "content": member(parts[0], "content")}
    return message
