from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from provenance.capture.recording.observers.calls import Call
from provenance.capture.recording.observers.responses import Answer


def call_of(*pieces: dict[str, Any]) -> Call | None:
    answer = Answer()
    for piece in pieces:
        answer.take(SimpleNamespace(**piece))
    return answer.call("test", {"model": "asked", "seed": 1, "prompt": "x"}) if answer.is_whole else None


def choice(reason: str | None) -> SimpleNamespace:
    return SimpleNamespace(finish_reason=reason)


def test_a_stream_is_the_sum_of_its_pieces() -> None:
    call = call_of(
        {"id": "r", "model": "m", "choices": [choice(None)], "usage": None},
        {"id": "r", "model": "m", "choices": [choice("stop")], "usage": None},
        {"id": "r", "model": "m", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "cost": 1}},
    )
    assert call is not None
    assert (call.response_id, call.model, call.finish_reasons) == ("r", "m", ("stop",))
    assert (call.usage, call.seed, call.prompt) == ({"input_tokens": 3, "output_tokens": 2}, 1, "x")


def test_events_of_the_responses_api_hold_the_response() -> None:
    begun = SimpleNamespace(object="response", id="r", model="m", status="in_progress")
    ended = SimpleNamespace(
        object="response",
        id="r",
        model="m",
        status="incomplete",
        incomplete_details=SimpleNamespace(reason="max_tokens"),
    )
    assert call_of({"type": "response.created", "response": begun}) is None
    call = call_of({"response": begun}, {"type": "response.output_text.delta", "delta": "x"}, {"response": ended})
    assert call is not None
    assert (call.response_id, call.finish_reasons) == ("r", ("max_tokens",))


@pytest.mark.parametrize("status", ["failed", "cancelled", "queued"])
def test_what_is_no_answer_is_no_call(status: str) -> None:
    assert call_of({"object": "response", "id": "r", "model": "m", "status": status}) is None
    assert call_of({"error": "overloaded"}) is None


def test_what_a_service_reports_wrongly_is_left_out() -> None:
    usage = SimpleNamespace(prompt_tokens=-1, completion_tokens="many", cost="free")
    call = call_of({"id": 5, "model": "m", "choices": None, "usage": usage})
    assert call is not None
    assert (call.response_id, call.usage, call.cost) == (None, {}, None)


def test_a_reported_cost_is_exact() -> None:
    call = call_of({"id": "r", "model": "m", "usage": SimpleNamespace(cost=1.5e-05)})
    assert call is not None
    assert call.cost == "0.0000150000"
