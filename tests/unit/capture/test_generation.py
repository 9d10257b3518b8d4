from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from provenance.capture.generation import cost_text, named_parameters, stated_token_counts, token_counts
from provenance.errors import ProvenanceError, ProvenanceWarning


def test_parameters_get_their_standard_names() -> None:
    given = {
        "temperature": 0.7,
        "stop": ["\n"],
        "max_new_tokens": 64,
        "grammar": "root",
        "gen_ai.operation.name": "chat",
    }
    assert named_parameters(given) == {
        "gen_ai.request.temperature": 0.7,
        "gen_ai.request.stop_sequences": ["\n"],
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.grammar": "root",
        "gen_ai.operation.name": "chat",
    }


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"api_key": "x"}, "'api_key'"),
        ({"extra": {"headers": [{"Authorization": "x"}]}}, r"'extra.headers\[0\].Authorization'"),
        ({"extra": "sk-abcdefghijklmnop"}, "'extra'"),
    ],
)
def test_secrets_are_refused(parameters: dict[str, Any], named: str) -> None:
    with pytest.raises(ProvenanceError, match=f"parameters: {named} looks like a secret"):
        named_parameters(parameters)


@pytest.mark.parametrize("value", [float("nan"), b"bytes", {1: 2}, object()])
def test_parameters_that_json_cannot_hold_are_refused(value: object) -> None:
    with pytest.raises(ProvenanceError, match="parameters: 'bias' cannot be recorded"):
        named_parameters({"bias": value})


def test_two_names_of_one_parameter_are_refused() -> None:
    with pytest.raises(ProvenanceError, match="both names mean gen_ai.request.max_tokens"):
        named_parameters({"max_tokens": 1, "max_new_tokens": 2})


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}, {"input_tokens": 3, "output_tokens": 4}),
        (SimpleNamespace(input_tokens=3, output_tokens=0), {"input_tokens": 3, "output_tokens": 0}),
        ({"gen_ai.usage.output_tokens": 4}, {"output_tokens": 4}),
        ({"prompt_tokens": None}, {}),
        ({}, {}),
    ],
)
def test_usage_is_read_in_either_vocabulary_and_never_guessed(usage: object, counts: dict[str, int]) -> None:
    assert token_counts(usage) == counts


@pytest.mark.parametrize("count", [-1, 2**32, 1.5, "3", True])
def test_a_count_that_is_none_is_refused(count: object) -> None:
    with pytest.raises(ProvenanceError, match="usage: prompt_tokens is"):
        token_counts({"prompt_tokens": count})


@pytest.mark.parametrize(
    ("usage", "problem"),
    [
        (7, "7 has no token count; expected one of input_tokens, prompt_tokens"),
        ("12 tokens", "'12 tokens' has no token count"),
        ({"prompt_toks": 3}, "{'prompt_toks': 3} has no token count"),
        (
            {"prompt_toks": 3, "completion_tokens": 4},
            "'prompt_toks' is not a token count that is known, and input_tokens",
        ),
        (
            {"prompt_tokens": 3, 7: 4},
            "7 is not a token count that is known, and output_tokens is missing; expected output",
        ),
        ({"prompt_tokens": [3], "input_tokens": 3}, "states input_tokens twice, and not alike"),
    ],
)
def test_usage_that_is_a_slip_is_refused(usage: object, problem: str) -> None:
    with pytest.raises(ProvenanceError, match="^usage: ") as raised:
        stated_token_counts(usage)
    assert problem in str(raised.value)


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, "completion_tokens_details": {}},
        {"input_tokens": 3, "output_tokens": 4, "cache_read_input_tokens": 2, "service_tier": "standard"},
        {"gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 4, "gen_ai.usage.cache_read.input_tokens": 2},
        {"prompt_tokens": 3, "input_tokens": 3, "output_tokens": 4},
    ],
)
def test_what_clients_report_beside_the_counts_is_known(usage: object, recwarn: pytest.WarningsRecorder) -> None:
    assert stated_token_counts(usage) == {"input_tokens": 3, "output_tokens": 4}
    assert not recwarn.list


def test_what_is_not_recorded_beside_the_counts_is_said() -> None:
    with pytest.warns(
        ProvenanceWarning, match="usage: 'queue_time' is not recorded; input_tokens and output_tokens are"
    ):
        counts = stated_token_counts({"prompt_tokens": 3, "completion_tokens": 4, "queue_time": 0.1})
    assert counts == {"input_tokens": 3, "output_tokens": 4}


def test_usage_may_leave_counts_out() -> None:
    assert stated_token_counts({}) == {}
    assert stated_token_counts({"prompt_tokens": 3, "total_tokens": 3}) == {"input_tokens": 3}
    assert stated_token_counts({"prompt_tokens": None, "completion_tokens": 4, "total_tokens": None}) == {
        "output_tokens": 4
    }


@pytest.mark.parametrize(
    ("cost", "amount"),
    [
        (0.1, "0.1"),
        ("1.25", "1.25"),
        (Decimal("2"), "2"),
        (0, "0"),
        (1e-12, "0"),
        (1.8449999999999998e-05, "0.00001845"),
    ],
)
def test_cost_is_exact_decimal(cost: Decimal | float | str, amount: str) -> None:
    assert Decimal(cost_text(cost)) == Decimal(amount)


@pytest.mark.parametrize("cost", ["ten", float("nan"), float("inf"), -1, 1e10, True])
def test_cost_that_is_no_amount_is_refused(cost: float | str) -> None:
    with pytest.raises(ProvenanceError, match="^cost: "):
        cost_text(cost)
