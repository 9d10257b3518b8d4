"""OpenTelemetry GenAI spans as OTLP JSON, as file exporters write them, joined on the response's id or an attribute.

Which spans are generations, and what the conventions call things, is in `capture.generation_spans`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from provenance.capture.declaring.importers.interface import Request, Row, Statement
from provenance.capture.declaring.importers.json_files import json_document, json_lines, member
from provenance.capture.declaring.importers.keyed import KeyedImporter
from provenance.capture.generation_spans import RESPONSE_ID, SpanGeneration, read_generation
from provenance.errors import DataError

_ERROR_CODES = (2, "STATUS_CODE_ERROR")
# Events that hold what their span is too small for.
_CONTENT_EVENTS = ("gen_ai.content.prompt", "gen_ai.client.inference.operation.details")
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
                    self._take_in(span, attribute or RESPONSE_ID)
                except (ValueError, TypeError) as error:
                    raise DataError(path, number, f"a span cannot be used: {error}") from error

    def _take_in(self, span: Mapping[str, Any], key_attribute: str) -> None:
        attributes = _all_attributes(span)
        failed = member(span, "status", "code") in _ERROR_CODES
        generation = read_generation(str(span.get("name", "")), attributes, failed=failed)
        if generation is None:
            return
        key = generation.response_id if key_attribute == RESPONSE_ID else attributes.get(key_attribute)
        if key is not None:
            self.enter(str(key), _statement(generation), joined=True)

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


def _all_attributes(span: Mapping[str, Any]) -> dict[str, Any]:
    """The span's attributes, and those of the events that hold its content."""
    found: dict[str, Any] = {}
    for event in _listed(span, "events"):
        if event.get("name") in _CONTENT_EVENTS:
            found |= _attributes(event.get("attributes"))
    return found | _attributes(span.get("attributes"))


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


def _statement(generation: SpanGeneration) -> Statement:
    return {
        **generation.parameters,
        "model": generation.model or generation.requested_model,
        "provider": generation.provider,
        "response_id": generation.response_id,
        "seed": generation.seed,
        "prompt": generation.prompt,
        "prompt_name": generation.prompt_name,
        "input_tokens": generation.input_tokens,
        "output_tokens": generation.output_tokens,
    }
