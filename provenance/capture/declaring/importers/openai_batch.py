"""OpenAI's batch files: requests (input) and responses (output), joined on ``custom_id``.

The output names model, response id and usage; only the input holds prompt and parameters. Batch services of other
providers and `vllm run-batch` write the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from provenance.capture.declaring.importers.interface import Request, Row, Statement
from provenance.capture.declaring.importers.json_files import json_lines, member
from provenance.capture.declaring.importers.keyed import KeyedImporter
from provenance.capture.declaring.importers.messages import response_statement, sampling_parameters
from provenance.capture.prompt_text import prompt_text
from provenance.errors import DataError

_OK = 200


class OpenAIBatch(KeyedImporter):
    """``part``: the column with each row's ``custom_id``, if that is not its name. ``using``: the batch files."""

    def __init__(self, request: Request) -> None:
        super().__init__(request, request.part or "custom_id")
        for path in request.using:
            self._take_in(path)

    def _take_in(self, path: Path) -> None:
        for number, line in json_lines(path):
            key, body, response = line.get("custom_id"), line.get("body"), line.get("response")
            if not isinstance(key, str) or not ("response" in line or isinstance(body, Mapping)):
                raise DataError(path, number, "neither a batch request nor a batch response: no custom_id with a body")
            if isinstance(body, Mapping):
                self.enter(key, {**sampling_parameters(body), "prompt": prompt_text(body)}, "request")
            elif isinstance(response, Mapping) and response.get("status_code") == _OK:
                self.enter(key, response_statement(member(response, "body") or {}), "response")

    def state(self, row: Row) -> Statement:
        response = self.found(row, "response")
        # A request alone says what was asked, not that this row is the answer.
        return self.found(row, "request") | response if response else {}


IMPORTER = OpenAIBatch
