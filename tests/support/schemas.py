"""JSON Schemas of models, as docs/specification has them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue


class _WithoutPatterns(GenerateJsonSchema):
    """Of a decimal number that is written as text, pydantic states a pattern in some versions, and in others none."""

    def decimal_schema(self, schema: Any) -> JsonSchemaValue:
        stated = super().decimal_schema(schema)
        for each in stated.get("anyOf", []):
            each.pop("pattern", None)
        return stated


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of ``model``, the same with every pydantic that is allowed."""
    return model.model_json_schema(schema_generator=_WithoutPatterns)
