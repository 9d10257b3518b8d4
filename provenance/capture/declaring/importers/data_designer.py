"""NVIDIA data-designer: ``builder_config.json``, and the ``COLUMN__trace`` columns.

The configuration names for each column its prompt template and model alias, and for each alias model, provider and
sampling parameters. A trace, where one was asked for, holds the messages of the call.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from provenance.capture.declaring.importers.interface import Importer, Request, Row, Statement
from provenance.capture.declaring.importers.json_files import json_document, member
from provenance.capture.declaring.importers.messages import sampling_parameters
from provenance.capture.prompt_text import prompt_text
from provenance.errors import ProvenanceError

CONFIGURATION = "builder_config.json"
_TRACE = "__trace"


class DataDesigner(Importer):
    """``part``: the column that the model wrote and that makes the sample; needed where models wrote several.

    ``using``: the configuration, or the folder that holds it; by default it is looked for in the dataset's folder and
    the one above, where the package puts it.
    """

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        path = _configuration(request)
        designer = member(json_document(path), "data_designer")
        written = {
            str(column["name"]): column
            for column in _objects(member(designer, "columns"))
            if "name" in column and column.get("model_alias") is not None
        }
        self._column = _chosen(request.part, written, path)
        self._stated = _of_column(written[self._column], _objects(member(designer, "model_configs")))

    def state(self, row: Row) -> Statement:
        if row.get(self._column) is None:
            return {}
        trace = row.get(self._column + _TRACE)
        sent: list[Any] = []
        if isinstance(trace, list):
            sent = [message for message in trace if member(message, "role") in ("system", "user")]
        # With tools, or after a correction, the last answer was to more than these.
        whole = isinstance(trace, list) and len(trace) == len(sent) + 1
        prompt = prompt_text({"messages": [_plain(message) for message in sent]}) if whole else None
        return self._stated | {"prompt": prompt}


IMPORTER = DataDesigner


def _configuration(request: Request) -> Path:
    given = request.using or (request.data.parent, request.data.parent.parent)
    for place in given:
        path = place / CONFIGURATION if place.is_dir() else place
        if path.is_file():
            return path
    raise ProvenanceError(
        f"{request.data.name}: no {CONFIGURATION} beside it; name it with --using, or the folder that holds it"
    )


def _chosen(part: str | None, written: Mapping[str, object], path: Path) -> str:
    names = ", ".join(sorted(written)) or "none"
    if part is not None and part not in written:
        raise ProvenanceError(f"{path.name}: no model writes a column {part!r}; columns that one writes: {names}")
    if part is None and len(written) != 1:
        raise ProvenanceError(
            f"{path.name}: columns that a model writes: {names}; name the one that makes the sample: "
            "--from data_designer:COLUMN"
        )
    return part or next(iter(written))


def _of_column(column: Mapping[str, Any], models: list[Mapping[str, Any]]) -> Statement:
    model = next((model for model in models if model.get("alias") == column["model_alias"]), {})
    parameters = model.get("inference_parameters")
    system = column.get("system_prompt")
    template = column.get("prompt")
    return {
        "model": model.get("model"),
        "provider": model.get("provider"),
        "prompt_name": column["name"],
        "template": f"{system}\n\n{template}" if system and template else template,
        # A distribution from which each call draws is not a parameter of any one of them.
        **{
            name: value
            for name, value in sampling_parameters(parameters if isinstance(parameters, Mapping) else {}).items()
            if not isinstance(value, Mapping)
        },
    }


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _plain(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message whose only part is text, with that text as its content."""
    content = message.get("content")
    if isinstance(content, list) and len(content) == 1 and member(content[0], "type") == "text":
        content = content[0].get("text")
    return {"role": message.get("role"), "content": content}
