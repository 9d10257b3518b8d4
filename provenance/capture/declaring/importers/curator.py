"""bespokelabs-curator's response cache: ``responses_*.jsonl``, with request, usage and cost of each response.

A response lists the rows that were parsed from it. A row of the dataset is one of these if it has the same values in
all their columns; columns that were added later do not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from provenance.capture.column_values import column_value
from provenance.capture.declaring.importers.interface import Importer, Request, Row, Statement
from provenance.capture.declaring.importers.json_files import json_lines, member
from provenance.capture.declaring.importers.messages import sampling_parameters
from provenance.capture.lookup import Lookup
from provenance.capture.prompt_text import prompt_text
from provenance.errors import DataError, ProvenanceError
from provenance.identity.canonical import ContentError, encode_row
from provenance.identity.digests import digest_function

# Each set of columns costs a look-up per row.
_MOST_COLUMN_SETS = 16
# Where a line of a batch file has the response: OpenAI's and compatible services', Anthropic's, Gemini's.
_IN_A_BATCH = (("response", "body"), ("result", "message"), ("response",))
_digest = digest_function("sha256")


class Curator(Importer):
    """``using``: the run's folder in the cache (its ``working_dir``, or the folder in it named by the run's hash), or
    single response files. The row that the prompt was made from states the parent's key.
    """

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        if not request.using:
            raise ProvenanceError(f"{request.data.name}: name the run's folder in curator's cache with --using")
        self._column_sets: set[tuple[str, ...]] = set()
        self._entries = Lookup(request.workspace / "entries.sqlite")
        self._tells_rows, self._older = False, 0
        for path in _response_files(request.using):
            for number, response in json_lines(path):
                try:
                    self._take_in(response)
                except (ValueError, TypeError) as error:
                    raise DataError(path, number, f"cannot be used: {error}") from error
        if self._older and not self._tells_rows:
            raise ProvenanceError(
                f"{request.using[0]}: its responses do not tell which rows were made from them: versions of curator "
                "before 0.1.20 wrote no parsed_response_message; declare with `--from columns`"
            )

    def _take_in(self, response: Mapping[str, Any]) -> None:
        rows = response.get("parsed_response_message")
        self._tells_rows |= rows is not None
        self._older += "response_message" in response and "parsed_response_message" not in response
        if not isinstance(rows, list) or response.get("response_errors"):
            return
        entry = orjson.dumps(_statement(response, self.request.key_column), option=orjson.OPT_SORT_KEYS)
        for row in rows:
            if isinstance(row, Mapping):
                columns = tuple(sorted(map(str, row)))
                self._column_sets.add(columns)
                self._entries.add(_key(row, columns), entry)
        if len(self._column_sets) > _MOST_COLUMN_SETS:
            raise ProvenanceError(
                f"{self.request.data.name}: the cache holds more than {_MOST_COLUMN_SETS} sets of columns; "
                "name the folder of one run with --using"
            )

    def state(self, row: Row) -> Statement:
        for columns in self._column_sets:
            if all(name in row for name in columns):
                try:
                    entry = self._entries.get(_key(row, columns))
                except ValueError:
                    return {}  # two responses gave this very row: nothing tells which of them it is
                if entry is not None:
                    stated: Statement = orjson.loads(entry)
                    return stated
        return {}

    def close(self) -> None:
        self._entries.close()


IMPORTER = Curator


def _response_files(given: tuple[Path, ...]) -> Iterator[Path]:
    for place in given:
        if not place.is_dir():
            yield place
            continue
        found = sorted([*place.glob("responses_*.jsonl"), *place.glob("*/responses_*.jsonl")])
        if not found:
            raise ProvenanceError(f"{place}: no responses_*.jsonl in it; name the run's folder in curator's cache")
        yield from found


def _key(row: Mapping[str, Any], columns: tuple[str, ...]) -> bytes:
    try:
        return _digest(encode_row(row, columns))
    except ContentError as error:
        raise ValueError(str(error)) from error


def _statement(response: Mapping[str, Any], key_column: str | None) -> Statement:
    request = response.get("generic_request")
    answer = _answer(response.get("raw_response"))
    parameters = member(request, "generation_params")
    original = member(request, "original_row")
    return {
        **sampling_parameters(parameters if isinstance(parameters, Mapping) else {}),
        "model": _first(answer, "model", "modelVersion") or member(request, "model"),
        "prompt": prompt_text({"messages": member(request, "messages")}),
        "response_id": _first(answer, "id", "responseId"),
        "input_tokens": _first(response.get("token_usage"), "input", "prompt_tokens"),
        "output_tokens": _first(response.get("token_usage"), "output", "completion_tokens"),
        # For a model that it has no price of, curator writes 0.
        "cost": response.get("response_cost") or None,
        "parent_key": column_value(original, key_column) if key_column and isinstance(original, Mapping) else None,
    }


def _answer(raw_response: Any) -> Any:
    """The provider's own response: in batch mode ``raw_response`` is the line of the batch file around it."""
    for place in _IN_A_BATCH:
        body = member(raw_response, *place)
        if isinstance(body, Mapping):
            return body
    # A line of a batch file has an id that is not a response's.
    return {} if isinstance(raw_response, Mapping) and "custom_id" in raw_response else raw_response


def _first(document: Any, *names: str) -> Any:
    """What ``document`` has under the first of ``names`` that it has."""
    return next((value for name in names if (value := member(document, name)) is not None), None)
