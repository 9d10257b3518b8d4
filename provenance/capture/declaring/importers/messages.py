"""Requests to chat models and their responses, as statements; shared by importers of what OpenAI-like clients leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provenance.capture.declaring.importers.columns import PARAMETERS
from provenance.capture.declaring.importers.interface import Statement
from provenance.capture.generation import observed_parameters
from provenance.capture.prompt_text import request_parameters


def sampling_parameters(request: Mapping[str, Any]) -> Statement:
    """The seed and the sampling parameters of a chat completion request."""
    named = observed_parameters(request_parameters(request))
    return {
        "seed": request.get("seed"),
        **{name: value for name, value in named.items() if name.removeprefix("gen_ai.request.") in PARAMETERS},
    }


def response_statement(body: Mapping[str, Any]) -> Statement:
    """Model, response id and usage of a chat completion, a completion or a response of the Responses API."""
    usage = body.get("usage")
    counts = usage if isinstance(usage, Mapping) else {}
    return {
        "model": body.get("model"),
        "response_id": body.get("id"),
        "input_tokens": counts.get("prompt_tokens", counts.get("input_tokens")),
        "output_tokens": counts.get("completion_tokens", counts.get("output_tokens")),
    }
