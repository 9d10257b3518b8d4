from __future__ import annotations

from typing import Any

import pytest

from provenance.capture.generation import observed_parameters
from provenance.capture.prompt_text import host_name, prompt_text, request_parameters

SYSTEM, USER = {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Grüße\n"}


class Message:
    """A message as a client returns it."""

    def model_dump(self, **_: Any) -> dict[str, Any]:
        return USER


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"prompt": "Grüße\n"}, "Grüße\n"),
        ({"input": "Grüße\n", "instructions": None}, "Grüße\n"),
        ({"messages": [USER]}, "Grüße\n"),
        ({"input": [{"type": "message", **USER}]}, "Grüße\n"),
        ({"messages": [USER], "temperature": 1, "model": "m"}, "Grüße\n"),
        (
            {"messages": [SYSTEM, {"name": None, "content": "Grüße\n", "role": "user"}]},
            '[{"content":"Be brief.","role":"system"},{"content":"Grüße\\n","role":"user"}]',
        ),
        ({"messages": [SYSTEM, Message()]}, prompt_text({"messages": [SYSTEM, USER]})),
        (
            {"messages": [USER], "tools": [{"type": "x"}]},
            '{"messages":[{"content":"Grüße\\n","role":"user"}],"tools":[{"type":"x"}]}',
        ),
        ({"instructions": "b", "input": "a"}, '{"input":"a","instructions":"b"}'),
        ({"prompt": ["a", "b"]}, '{"prompt":["a","b"]}'),
        ({}, None),
        ({"messages": None}, None),
        ({"messages": [b"x"]}, None),
        ({"messages": 5}, "5"),
    ],
)
def test_the_prompt_has_one_text(request_: dict[str, Any], text: str | None) -> None:
    assert prompt_text(request_) == text


def test_parameters_are_what_says_how_to_answer() -> None:
    request = {
        "model": "m",
        "messages": [USER],
        "seed": 1,
        "stream": True,
        "user": "someone",
        "temperature": 0.5,
        "max_completion_tokens": 5,
        "max_tokens": 6,
        "stop": None,
        "api_key": "abc",
        "logit_bias": {1: 2},
        "chat_template_kwargs": {"auth": "sk-abcdefghijklmnop"},
    }
    assert observed_parameters(request_parameters(request)) == {
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_completion_tokens": 5,
        "gen_ai.request.max_tokens": 6,
        "gen_ai.request.api_key": "REDACTED",
        "gen_ai.request.chat_template_kwargs": "REDACTED",
    }


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://user:password@API.example.org:8080/v1?key=x", "api.example.org"),
        ("//127.0.0.1", "127.0.0.1"),
        ("http://[::1]:8080/v1", "::1"),
        ("http://[::1/v1", None),
        ("", None),
        (None, None),
    ],
)
def test_of_a_url_only_the_host_is_kept(url: object, host: str | None) -> None:
    assert host_name(url) == host
