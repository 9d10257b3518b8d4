from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.ledger.composition.families import model_family


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", "llama"),
        ("Meta-Llama-3-8B", "llama"),
        ("gpt-4o-mini-2024-07-18", "gpt"),
        ("gpt-3.5-turbo", "gpt"),
        ("openai/gpt-4o@2024-05", "gpt"),
        ("claude-3-5-sonnet-20241022", "claude"),
        ("claude-opus-4", "claude"),
        ("us.anthropic.claude-3-opus-v1:0", "claude"),
        ("SmolLM2-135M-Instruct", "smollm"),
        ("Qwen2.5-7B", "qwen"),
        ("google/gemma-3-27b-it", "gemma"),
        ("gemini-pro", "gemini"),
        ("text-davinci-003", "davinci"),
        ("mistralai/Mixtral-8x7B-v0.1", "mixtral"),
        ("o1-mini", "o"),
        ("6b_verification", "verification"),
        ("4", "4"),
        ("undisclosed", "undisclosed"),
    ],
)
def test_a_family_is_read_off_the_name(name: str, family: str) -> None:
    assert model_family(name) == family


@given(st.text(min_size=1))
def test_any_name_has_a_family_that_case_and_maker_do_not_change(name: str) -> None:
    family = model_family(name)
    assert family == family.lower() and family
    if "/" not in name and model_family("maker/" + name) != family:
        # Only a name that has nothing before its revision falls back to all of it.
        assert name.startswith("@")
